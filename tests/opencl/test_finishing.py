"""Products that end in the elementwise steps behind them, in compiled calls: the results are
those of separate kernels, bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

import gnomon
from gnomon import Tensor
from gnomon.compiler import Compiled
from gnomon.nn import functional

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from .devices import default_backend

Program = Callable[[Tensor, Tensor, Tensor], object]


@pytest.fixture(autouse=True)
def device() -> None:
    if not default_backend().runtime.traits.is_processor:
        pytest.skip("only the products of processors end in other steps")


def _operations(compiled: Compiled[..., object]) -> list[tuple[str, ...]]:
    """Return the operations of each kernel that makes a product."""
    (section,) = compiled.explain().sections
    assert section.plan is not None
    kernels = section.plan.kernels
    return [each.operations for each in kernels if each.name.startswith("multiply")]


def _equal(found: object, expected: object) -> bool:
    if isinstance(found, Tensor):
        assert isinstance(expected, Tensor)
        return gnomon.equal(found.cpu(), expected.cpu())
    assert isinstance(found, tuple) and isinstance(expected, tuple)
    return all(map(_equal, found, expected))


def _relu_in_place(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return (x @ weight).relu_()


def _with_what_it_was(x: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    made = x @ weight
    return made, made.sigmoid()


def _of_lines(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Few columns, which lie along the steps as the rows do."""
    return functional.linear(x, weight.view(150, 40)[:27], bias[:27])


def _lines_and_what_they_were(x: Tensor, w: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    made = _of_lines(x, w, b)
    return made, made.tanh() * b[:27]


#: Programs of (64, 40), (40, 150) and (150,), and what their product ends in.
PROGRAMS: dict[str, tuple[Program, tuple[str, ...]]] = {
    "gelu": (lambda x, w, b: functional.gelu(functional.linear(x, w.t(), b)), ("gelu",)),
    "row": (lambda x, w, b: x @ w * b + 1, ("mul", "add")),
    "column": (lambda x, w, b: x @ w - x[:, :1], ("sub",)),
    "lines": (lambda x, w, b: _of_lines(x, w, b).relu() + x[:, :1], ("relu", "add")),
    "lines kept": (_lines_and_what_they_were, ("tanh", "mul")),
    "in place": (_relu_in_place, ("relu",)),
    "kept": (_with_what_it_was, ("sigmoid",)),
    "batches": (lambda x, w, b: (x.view(4, 16, 40) @ w + b).tanh(), ("add", "tanh")),
    "matrices": (
        lambda x, w, b: x.view(4, 16, 40) @ w.view(4, 40, -1)[:, :, :30] * 2,
        ("mul",),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("dtype", (gnomon.float32, gnomon.float64), ids=str)
def test_a_product_ends_in_what_follows(name: str, dtype: gnomon.dtype) -> None:
    program, steps = PROGRAMS[name]
    device = default_backend().device
    shapes = (
        ((64, 40), (40, 240), (240,)) if name == "matrices" else ((64, 40), (40, 150), (150,))
    )
    given = [gnomon.randn(*shape, dtype=dtype).to(device) for shape in shapes]
    compiled = gnomon.compile(program)
    for _ in range(4):
        given[0].mul_(0.5)
        assert _equal(compiled(*given), program(*given))
    (operations,) = _operations(compiled)
    assert operations[1:] == steps
    assert ("multiply_lines" in str(compiled.explain())) is name.startswith("lines")


def _of_two(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return (x @ weight) * (x @ (weight + 1))


def _into_an_operand(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return x.add_(x @ weight[:, :40])


def _turned(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return (x @ weight).t().contiguous() + 1


def _of_a_part(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return (x @ weight)[:, 3:].relu()


@pytest.mark.parametrize(
    ("program", "steps"),
    (
        (_of_two, [(), ("mul",)]),
        (_into_an_operand, [()]),
        (_turned, [()]),
        (_of_a_part, [()]),
    ),
)
def test_what_cannot_end_a_product_is_right(program: Program, steps: list[object]) -> None:
    device = default_backend().device
    shapes = (64, 40), (40, 150), (150,)
    given = [gnomon.randn(*shape).to(device) for shape in shapes]
    other = [each.clone() for each in given]
    compiled = gnomon.compile(program)
    for _ in range(4):
        assert _equal(compiled(*given), program(*other))
    assert [operations[1:] for operations in _operations(compiled)] == steps
