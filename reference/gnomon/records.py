"""The records of all operations, found by walking the packages that hold them.

A record is found the moment it exists, so that the table of operations and the conformance
suite need no list of their own. The families are here too, so that a record can be asked which
it is of, and what it claims.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Final, NamedTuple, final

from gnomon.op.claims import Domain, ProductOfTerms, SumOfTerms, Tolerance, Ulps
from gnomon.op.composite import Composite
from gnomon.op.copy import COPY
from gnomon.op.elementwise import Binary, Elementwise, Quaternary, Ternary, Unary
from gnomon.op.in_place import InPlace
from gnomon.op.random_source import RandomSource
from gnomon.op.record import NumericRecord, Record
from gnomon.op.reduction import Reduction
from gnomon.op.scan import Scan
from gnomon.op.scatter_records import Combination
from gnomon.op.source import Source

__all__ = [
    "COPY",
    "Binary",
    "Combination",
    "Composite",
    "Domain",
    "Elementwise",
    "FoundRecord",
    "InPlace",
    "NumericRecord",
    "ProductOfTerms",
    "Quaternary",
    "RandomSource",
    "Record",
    "Reduction",
    "Scan",
    "Source",
    "SumOfTerms",
    "Ternary",
    "Tolerance",
    "Ulps",
    "Unary",
    "all_records",
]

_PACKAGES: Final = ("gnomon.op", "gnomon.ops", "gnomon.composite")


@final
class FoundRecord(NamedTuple):
    """A record, and under which name it stands in which module."""

    module: str
    name: str
    record: Record


def all_records() -> Iterator[FoundRecord]:
    """Yield every public record where it is defined, module by module.

    >>> [found.name for found in all_records() if found.module == "gnomon.ops.products"]
    ['PROD']
    """
    for package in _PACKAGES:
        for found in walk_packages(import_module(package).__path__, f"{package}."):
            module = import_module(found.name)
            # The annotated constants: what a module imports is not among them.
            for name in module.__annotations__:
                record = getattr(module, name)
                if not name.startswith("_") and isinstance(record, Record):
                    yield FoundRecord(found.name, name, record)
