"""The records of all operations, found by walking the packages that hold them.

A record is found the moment it exists, so that the table of operations and the conformance
suite need no list of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Final, NamedTuple, final

from gnomon.op.record import Record

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
