"""``gnomon devices``: what can hold a tensor here, and what cannot and why."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from gnomon.plugins import backends


def list_devices(arguments: Sequence[str]) -> int:
    """List the backends and their devices, and why a backend does not load.

    The status is 0 when every installed backend loads, else 1.
    """
    argparse.ArgumentParser(
        prog="gnomon devices",
        description="List the backends and their devices, and why a backend does not load.",
    ).parse_args(arguments)
    found = backends()
    width = max(len(name) for name, _, _ in found)
    for name, status, devices in found:
        print(f"{name:<{width}}  {', '.join(map(str, devices)) or '(no device)'}  {status}")
    return 0
