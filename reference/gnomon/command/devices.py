"""``gnomon devices``: what can hold a tensor here, and what cannot and why."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from gnomon.plugins import backends


def list_devices(arguments: Sequence[str]) -> int:
    """List the backends and their devices, and why a backend does not load.

    One line for each backend: its name, its devices, and its status.

    >>> list_devices([])  # doctest: +ELLIPSIS
    cpu... cpu... the reference, pure Python...
    0
    """
    argparse.ArgumentParser(
        prog="gnomon devices",
        description="List the backends and their devices, and why a backend does not load.",
    ).parse_args(arguments)
    rows = [(found.name, " ".join(found.devices) or "-", found.status) for found in backends()]
    name_width, devices_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    for name, devices, status in rows:
        print(f"{name:<{name_width}}  {devices:<{devices_width}}  {status}")
    return 0
