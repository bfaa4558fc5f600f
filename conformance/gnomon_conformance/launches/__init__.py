"""The launches of the protocol as values: what each verb means, on the bytes of its operands.

A :class:`Launch` holds the bytes of every storage that takes part and says where in them its
operands lie. It can be performed on a backend, which gives the bytes afterwards, and it says
what is expected of every element it writes; all other bytes must be as they were. The meaning
is spelled out here by the shortest means, one element at a time, and shares no loop with any
backend, the reference's included; only the meaning of a record on Python numbers is the
reference's.
"""

from gnomon_conformance.launches.base import (
    Finder,
    Launch,
    Lookup,
    Place,
    Stores,
    bytes_of,
    stored,
    values_at,
)
from gnomon_conformance.launches.elementwise import (
    CopyLaunch,
    ElementwiseLaunch,
    domains_of,
    tolerance_of,
)
from gnomon_conformance.launches.folds import ReduceLaunch, ScanLaunch, SortLaunch
from gnomon_conformance.launches.indexing import GatherLaunch, ScatterLaunch
from gnomon_conformance.launches.sources import SourceLaunch

__all__ = [
    "CopyLaunch",
    "ElementwiseLaunch",
    "Finder",
    "GatherLaunch",
    "Launch",
    "Lookup",
    "Place",
    "ReduceLaunch",
    "ScanLaunch",
    "ScatterLaunch",
    "SortLaunch",
    "SourceLaunch",
    "Stores",
    "bytes_of",
    "domains_of",
    "stored",
    "tolerance_of",
    "values_at",
]
