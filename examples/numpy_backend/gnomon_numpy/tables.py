"""Tables of formulas: what a record's name means on arrays, whatever the number of inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from gnomon_numpy.cells import Array

Unary: TypeAlias = Callable[[Array], Array]
Binary: TypeAlias = Callable[[Array, Array], Array]
Ternary: TypeAlias = Callable[[Array, Array, Array], Array]
Quaternary: TypeAlias = Callable[[Array, Array, Array, Array], Array]
Formula: TypeAlias = Callable[[Sequence[Array]], Array]


def table(
    unary: Mapping[str, Unary] = {},
    binary: Mapping[str, Binary] = {},
    ternary: Mapping[str, Ternary] = {},
    quaternary: Mapping[str, Quaternary] = {},
) -> dict[str, Formula]:
    """Return all of these as functions of the list of their inputs."""
    return {
        **{name: _of_one(meaning) for name, meaning in unary.items()},
        **{name: _of_two(meaning) for name, meaning in binary.items()},
        **{name: _of_three(meaning) for name, meaning in ternary.items()},
        **{name: _of_four(meaning) for name, meaning in quaternary.items()},
    }


def _of_one(meaning: Unary) -> Formula:
    return lambda inputs: meaning(inputs[0])


def _of_two(meaning: Binary) -> Formula:
    return lambda inputs: meaning(inputs[0], inputs[1])


def _of_three(meaning: Ternary) -> Formula:
    return lambda inputs: meaning(inputs[0], inputs[1], inputs[2])


def _of_four(meaning: Quaternary) -> Formula:
    return lambda inputs: meaning(inputs[0], inputs[1], inputs[2], inputs[3])
