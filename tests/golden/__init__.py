"""Golden values: what PyTorch 2.13 printed, kept so that the tests need no PyTorch.

``pytest --write-golden`` writes them anew where PyTorch is installed; read the diff then.
"""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parent

_NUMBER = re.compile(r"([-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?)")


def read(name: str) -> str:
    """Return the golden text called ``name``, such as ``examples/gradients.txt``."""
    return (FOLDER / name).read_text(encoding="utf-8")


def write(name: str, text: str) -> None:
    """Replace the golden text called ``name``."""
    file = FOLDER / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def assert_agrees(actual: str, expected: str, relative: float = 0.0) -> None:
    """Check that two texts agree, numbers to within ``relative`` and the rest exactly."""
    if relative == 0.0:
        assert actual == expected
        return
    found, wanted = _NUMBER.split(actual), _NUMBER.split(expected)
    assert found[::2] == wanted[::2]
    for number, reference in zip(found[1::2], wanted[1::2], strict=True):
        assert abs(float(number) - float(reference)) <= relative * abs(float(reference)), (
            f"{number} is farther than {relative} (relative) from {reference}, in\n{actual}"
        )
