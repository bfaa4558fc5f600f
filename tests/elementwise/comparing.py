"""Asking gnomon and PyTorch the same question, and comparing what they answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

Element: TypeAlias = bool | int | float

#: Significand bits and least exponent of each format (IEEE 754-2019, table 3.5).
FORMATS = {
    "float16": (11, -14),
    "bfloat16": (8, -126),
    "float32": (24, -126),
    "float64": (53, -1022),
}


class Answer(NamedTuple):
    """What an operation returned, or what it raised."""

    dtype: str = ""
    shape: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    values: Sequence[Element] = ()
    error: type[BaseException] | None = None


def answer(question: Callable[[], Any]) -> Answer:
    """Return what ``question`` returns as an Answer."""
    try:
        result = question()
    except Exception as error:
        return Answer(error=type(error))
    result = result.detach()
    flat = result.reshape(-1).tolist() if result.numel() else []
    name = str(result.dtype).removeprefix("torch.")
    return Answer(name, tuple(result.shape), tuple(result.stride()), flat)


def ulp(value: float, dtype: str) -> float:
    """Return the distance of ``value`` to the next number of ``dtype``."""
    bits, least = FORMATS[dtype]
    exponent = max(math.frexp(value)[1] - 1, least) if value else least
    return math.ldexp(1.0, exponent - bits + 1)


def agree(
    ours: Element, theirs: Element, dtype: str, ulps: float, signed_zero: bool = True
) -> bool:
    """Return whether two elements of ``dtype`` are the same, up to ``ulps``."""
    if not isinstance(theirs, float) or not isinstance(ours, float):
        return type(ours) is type(theirs) and ours == theirs
    if math.isnan(theirs) or math.isinf(theirs) or math.isnan(ours):
        return (math.isnan(theirs) and math.isnan(ours)) or ours == theirs
    if theirs == 0.0 == ours:
        return not signed_zero or math.copysign(1.0, ours) == math.copysign(1.0, theirs)
    return abs(ours - theirs) <= ulps * ulp(theirs, dtype)


def assert_same(
    ours: Answer,
    theirs: Answer,
    ulps: float = 0,
    given: object = None,
    signed_zero: bool = True,
) -> None:
    """Assert that the answers agree in everything; the elements up to ``ulps``."""
    assert ours[:3] == theirs[:3], given
    if theirs.error is not None or ours.error is not None:
        assert ours.error is not None and theirs.error is not None, (ours, theirs, given)
        assert issubclass(ours.error, theirs.error), (ours, theirs, given)
        return
    assert len(ours.values) == len(theirs.values)
    for index, (mine, other) in enumerate(zip(ours.values, theirs.values, strict=True)):
        where = given[index] if isinstance(given, list) else given
        assert agree(mine, other, ours.dtype, ulps, signed_zero), (mine, other, where)
