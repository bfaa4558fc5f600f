"""Sizes and dims as callers give them: as ints, as one sequence, or as 0-d integer tensors."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import SupportsIndex, TypeAlias

#: One of several arguments that are a size or a dim each, or the only one, which has them all.
IntegerArgument: TypeAlias = SupportsIndex | Sequence[SupportsIndex]


def integers(operation: str, given: tuple[IntegerArgument, ...]) -> tuple[int, ...]:
    """Return the integers of ``f(2, 3)`` or of ``f((2, 3))`` as a tuple.

    Raises TypeError for anything that is not an integer.

    >>> integers("view", (2, 3)), integers("view", ([2, 3],)), integers("view", ())
    ((2, 3), (2, 3), ())
    """
    items: Sequence[IntegerArgument] = given
    if len(given) == 1:
        (first,) = given
        if isinstance(first, tuple | list):
            items = first
    numbers = []
    for position, item in enumerate(items):
        if type(item) is int:
            numbers.append(item)
        elif isinstance(item, tuple | list | bool) or not hasattr(item, "__index__"):
            raise TypeError(
                f"{operation}: expected integers, or one sequence of them, but argument "
                f"{position} is {type(item).__name__}. Convert it with int() first."
            )
        else:
            numbers.append(index(item))
    return tuple(numbers)


def integer(operation: str, given: SupportsIndex) -> int:
    """Return one integer as an int.

    >>> integer("select", 2)
    2
    """
    if isinstance(given, tuple | list):
        raise TypeError(f"{operation}: expected one integer, got {given!r}.")
    return integers(operation, (given,))[0]


def integer_sequence(operation: str, given: Sequence[SupportsIndex]) -> tuple[int, ...]:
    """Return a sequence of integers as a tuple; a single integer is no such sequence.

    >>> integer_sequence("reshape", [2, 3])
    (2, 3)
    """
    if not isinstance(given, tuple | list):
        raise TypeError(
            f"{operation}: expected a tuple or list of integers, got {type(given).__name__}. "
            "Wrap it in a tuple."
        )
    return integers(operation, (given,))


def integer_or_integers(operation: str, given: IntegerArgument) -> int | tuple[int, ...]:
    """Return one integer as an int, a sequence of them as a tuple.

    >>> integer_or_integers("squeeze", 1), integer_or_integers("squeeze", [1, 2])
    (1, (1, 2))
    """
    if isinstance(given, tuple | list):
        return integers(operation, (given,))
    return integers(operation, (given,))[0]
