"""What the reference costs beside the plain Python that does the same work.

Prints four figures, each the median of several runs: elementwise addition and matrix product as
ratios to the bare loops, the dispatch of one operation on 0-d tensors, and the import. Run it
on a quiet machine:

    python -m benchmarks.reference
"""

from __future__ import annotations

import subprocess
import sys
import timeit
from array import array
from collections.abc import Callable
from math import fsum
from operator import add, mul
from statistics import median

import gnomon

ELEMENTS = 100_000
SIDE = 96
REPEATS = 7

Row = tuple[str, str, str]


def seconds(function: Callable[[], object], number: int) -> float:
    """Return the median time of one call."""
    runs = timeit.repeat(function, number=number, repeat=REPEATS)
    return median(runs) / number


def elementwise() -> Row:
    left, right = array("f", [1.5]) * ELEMENTS, array("f", [2.5]) * ELEMENTS
    x, y = gnomon.full((ELEMENTS,), 1.5), gnomon.full((ELEMENTS,), 2.5)
    bare = seconds(lambda: array("f", map(add, left, right)), 5)
    ours = seconds(lambda: gnomon.add(x, y), 5)
    return (
        "float32 add, 100k contiguous",
        f"{ours / bare:.2f} x array('f', map(add, a, b))",
        "<= 3",
    )


def matrix_product() -> Row:
    x = gnomon.full((SIDE, SIDE), 0.5)
    rows = [[0.5] * SIDE for _ in range(SIDE)]
    columns = [list(column) for column in zip(*rows, strict=True)]

    def bare() -> list[float]:
        return [fsum(map(mul, row, column)) for row in rows for column in columns]

    ratio = seconds(lambda: gnomon.mm(x, x), 1) / seconds(bare, 1)
    return f"float32 mm, {SIDE}x{SIDE}", f"{ratio:.2f} x fsum(map(mul, row, col))", "<= 2"


def dispatch() -> Row:
    x, y = gnomon.tensor(1.5), gnomon.tensor(2.5)
    cost = seconds(lambda: gnomon.add(x, y), 20_000)
    return "add of two 0-d tensors", f"{cost * 1e6:.1f} us", "< 12 us"


def start() -> Row:
    """Time ``import gnomon`` in fresh interpreters, less the interpreter's own start."""
    with_import = (
        "import time; t = time.perf_counter(); import gnomon; print(time.perf_counter() - t)"
    )
    times = []
    for _ in range(REPEATS):
        run = subprocess.run(
            [sys.executable, "-c", with_import], capture_output=True, text=True, check=True
        )
        times.append(float(run.stdout))
    return "import gnomon", f"{median(times) * 1e3:.0f} ms", "< 120 ms"


def main() -> None:
    for name, measured, goal in (elementwise(), matrix_product(), dispatch(), start()):
        print(f"{name:<32}{measured:<44}{goal}")


if __name__ == "__main__":
    main()
