"""Operations in place, the public functions whose names end in an underscore: beside numbers
and tensors, each does what its form that returns a new tensor does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, TypeAlias

import gnomon as torch
from gnomon import Tensor
from gnomon.backend import Device, DType, float32, int32
from gnomon.nn import functional as F
from gnomon_conformance.cases import Case, Level, Tier
from gnomon_conformance.correct import epsilon
from gnomon_conformance.functions import elements_of
from gnomon_conformance.judging import Evidence, Wrong
from gnomon_conformance.target import Target, oracle

LEVEL = Level.COMPOSITE
_SHAPE: Final = (3, 4)
#: By how much two forms may differ, relative to the element: each by the 16 ULP that OpenCL
#: allows a power.
_OFF: Final = 2 * 16 * epsilon(float32)
#: What a form raises that is not meant for the operands it is given.
_NOT_MEANT: Final = (TypeError, ValueError, RuntimeError, IndexError)
#: Those that draw other numbers each time.
_DRAWN: Final = ("bernoulli", "rrelu")

Form: TypeAlias = Callable[..., object]


def cases(seed: int) -> Iterator[Case]:
    """Yield a case of each dtype, and of each way the tensors lie."""
    for dtype in (float32, int32):
        for mode in ("contiguous", "turned"):
            yield Case(
                level=LEVEL,
                family="writing",
                subject="in-place-forms",
                dtype=dtype.name,
                mode=mode,
                tier=Tier.QUICK if mode == "contiguous" else Tier.DEFAULT,
                check=partial(_forms, dtype, mode == "turned"),
            )


def _pairs() -> Iterator[tuple[str, Form, Form]]:
    """Yield the name of each operation that has both forms, the new one's first."""
    for owner in (Tensor, F):
        for name in dir(owner):
            plain = getattr(owner, name.removesuffix("_"), None)
            if name.startswith("_") or not name.endswith("_") or name[:-1] in _DRAWN:
                continue
            if callable(plain):
                yield name, plain, getattr(owner, name)


def _made(device: Device, dtype: DType, turned: bool, step: int) -> Tensor:
    """Return a tensor whose elements are all different, of either sign and 0."""
    shape = _SHAPE[::-1] if turned else _SHAPE
    x = ((torch.arange(12) * step) % 13 - 4).to(dtype).reshape(shape).to(device)
    return x.t() if turned else x


def _operands(device: Device, dtype: DType, turned: bool) -> list[tuple[object, ...]]:
    """Return what stands beside the tensor, in each call: numbers and tensors."""
    y, z = (_made(device, dtype, turned, step) + 5 for step in (3, 7))
    part = 0.25 if dtype.is_floating_point else 2
    return [(3,), (part,), (2, 4), (y, part), (y, z)]


def _forms(dtype: DType, turned: bool, target: Target) -> Evidence:
    compared = 0
    given, tried = (_operands(each, dtype, turned) for each in (target.device, oracle()))
    for name, plain, in_place in _pairs():
        for operands, others in zip(given, tried, strict=True):
            x, other = (_made(each, dtype, turned, 5) for each in (target.device, oracle()))
            if _are_meant(plain, in_place, others, other):
                compared += _alike(name, plain, in_place, operands, x)
    return Evidence(compared)


def _are_meant(plain: Form, in_place: Form, operands: Sequence[object], x: Tensor) -> bool:
    """Whether both forms take the operands, by the oracle."""
    try:
        plain(x, *operands)
        in_place(x, *operands)
    except _NOT_MEANT:
        return False
    return True


def _alike(
    name: str, plain: Form, in_place: Form, operands: Sequence[object], x: Tensor
) -> int:
    """Raise Wrong if the forms do different things."""
    right = plain(x, *operands)
    got = in_place(x, *operands)
    assert isinstance(right, Tensor)
    assert isinstance(got, Tensor)
    beside = ", ".join(
        "a tensor" if isinstance(each, Tensor) else f"{each}" for each in operands
    )
    columns = elements_of(x), elements_of(got), elements_of(right.to(x.dtype))
    for element, (mine, returned, correct) in enumerate(zip(*columns, strict=True)):
        for each in (mine, returned):
            both_nan = each != each and correct != correct
            if not both_nan and not math.isclose(each, correct, rel_tol=_OFF):
                raise Wrong(
                    f"{name}({beside}) leaves {each!r} at element {element}; the form that is "
                    f"not in place returns {correct!r}"
                )
    return len(columns[0])
