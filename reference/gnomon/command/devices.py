"""``gnomon devices``: what can hold a tensor here, and what cannot and why."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from gnomon.devices import get_default_device
from gnomon.plugins import backends


def list_devices(arguments: Sequence[str]) -> int:
    """List the devices that tensors can be on, and why a backend does not load.

    One line for each device, then which one a program gets that names none.

    >>> list_devices([])  # doctest: +ELLIPSIS
    cpu... the reference, pure Python...
    ...
    0
    """
    argparse.ArgumentParser(
        prog="gnomon devices",
        description="List the devices that tensors can be on, and why a backend does not load.",
    ).parse_args(arguments)
    rows: list[tuple[str, str]] = []
    meanings = [f"Tensors are made on {get_default_device()} unless a program says otherwise"]
    for name, devices, lines, failure in backends():
        rows += zip(devices, lines, strict=True)
        if not devices:
            rows.append((name, f"broken: {failure}" if failure else "no device"))
        elif devices[0] != name:
            meanings.append(f'"{name}" means {devices[0]}')
    width = max(len(device) for device, _ in rows)
    for device, line in rows:
        print(f"{device:<{width}}  {line}")
    print("; ".join(meanings) + ".")
    return 0
