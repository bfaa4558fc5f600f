"""Functions of two tensors, gated ones and softmaxes, against PyTorch."""

# The same calls are made of gnomon and of torch, whose types have nothing in common.
# ruff: noqa: ANN401

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

import gnomon
from device import reference_only
from gnomon.backend import FusedKernels
from gnomon.composite import activations, softmax

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the oracle of this file is PyTorch")

INF, NAN = math.inf, math.nan
EDGES = (0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, 800.0, -800.0, 0.5, 3.0)
DTYPES = ("float64", "float32", "float16", "bfloat16", "int64", "uint8", "bool")

#: Name, and whether Python numbers may stand for either input.
BINARY = [
    ("atan2", False),
    ("arctan2", False),
    ("logaddexp", False),
    ("logaddexp2", False),
    ("special.xlog1py", True),
    ("special.xlogy", True),
    ("special.zeta", True),
]
every_binary = pytest.mark.parametrize("name", [name for name, _ in BINARY])


def find(module: Any, name: str) -> Any:
    for part in name.split("."):
        module = getattr(module, part)
    return module


def make(module: Any, values: Any, dtype: str = "float64", grad: bool = False) -> Any:
    tensor = module.tensor(values, dtype=getattr(module, dtype))
    return tensor.requires_grad_() if grad else tensor


def same(ours: Any, theirs: Any, tolerance: float = 1e-12) -> None:
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert str(ours.dtype) == str(theirs.dtype)
    found = torch.tensor(ours.tolist(), dtype=theirs.dtype).reshape(theirs.shape)
    torch.testing.assert_close(
        found, theirs.detach(), rtol=tolerance, atol=tolerance, equal_nan=True
    )


@every_binary
def test_special_values(name: str) -> None:
    pairs = list(product(EDGES, EDGES))
    left, right = [x for x, _ in pairs], [y for _, y in pairs]
    ours = find(gnomon, name)(make(gnomon, left), make(gnomon, right)).tolist()
    theirs = find(torch, name)(make(torch, left), make(torch, right)).tolist()
    for pair, a, b in zip(pairs, ours, theirs, strict=True):
        if name == "special.zeta" and not all(map(math.isfinite, pair)):
            continue  # judged by tests/special_functions, from the definition
        close = math.isclose(a, b, rel_tol=1e-13, abs_tol=1e-16)
        assert math.isnan(a) if math.isnan(b) else close, (pair, a, b)
        if a == b == 0:
            assert math.copysign(1, a) == math.copysign(1, b), (pair, a, b)


@every_binary
@pytest.mark.parametrize("dtypes", list(product(DTYPES, DTYPES)), ids="-".join)
def test_dtypes(name: str, dtypes: tuple[str, str]) -> None:
    left, right = dtypes

    def of(module: Any) -> Any:
        x = make(module, [[1, 2, 3]], left)
        return find(module, name)(x, make(module, [[1], [3]], right))

    try:
        theirs = of(torch)
    except NotImplementedError:
        if name == "special.zeta" and not {left, right}.isdisjoint({"float16", "bfloat16"}):
            return  # gnomon has it
        with pytest.raises(NotImplementedError):
            of(gnomon)
        return
    same(of(gnomon), theirs, 4 * torch.finfo(theirs.dtype).eps)


@pytest.mark.parametrize("name", [name for name, numbers in BINARY if numbers])
def test_numbers(name: str) -> None:
    ours, theirs = find(gnomon, name), find(torch, name)
    x, y = [1.5, 2.5], [3, 4]
    same(ours(make(gnomon, x), 2.0), theirs(make(torch, x), 2.0))
    same(ours(2.0, make(gnomon, x)), theirs(2.0, make(torch, x)))
    same(ours(2, make(gnomon, y, "int64")), theirs(2, make(torch, y, "int64")), 1e-6)


@every_binary
def test_two_derivatives(name: str) -> None:
    left, right = [[0.3, -1.25, 2.0]], [[1.5], [-0.4], [0.0]]
    if name.startswith("special"):
        right = [[1.5], [0.75], [2.25]]
    weights = [[0.5, -1.0, 2.0], [1.5, 0.25, -0.75], [3.0, 1.0, 0.125]]
    found = []
    for module in (gnomon, torch):
        x = make(module, left, grad=name != "special.zeta")
        if name == "special.zeta":
            x = make(module, [[1.5, 2.0, 4.0]])
        y = make(module, right, grad=True)
        cotangent = make(module, weights)
        result = find(module, name)(x, y)
        result.backward(cotangent, create_graph=True)
        slopes = [tensor.grad for tensor in (x, y) if tensor.requires_grad]
        seen = [slope.detach() for slope in slopes]
        for tensor in (x, y):
            tensor.grad = None
        for slope in slopes:
            slope.backward(module.ones_like(slope), retain_graph=True)
        seen += [tensor.grad.detach() for tensor in (x, y) if tensor.requires_grad]
        found.append((result.grad_fn.name(), seen))
    assert found[0][0] == found[1][0]
    for a, b in zip(found[0][1], found[1][1], strict=True):
        same(a, b, 1e-11)


def test_zeta_has_no_derivative_by_its_order() -> None:
    for module in (gnomon, torch):
        order = make(module, [2.0], grad=True)
        result = module.special.zeta(order, make(module, [1.0]))
        with pytest.raises(NotImplementedError):
            result.backward()


def test_the_angle_at_the_origin_has_no_slope() -> None:
    x, y = make(gnomon, [0.0], grad=True), make(gnomon, [0.0], grad=True)
    gnomon.atan2(x, y).backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([0.0], [0.0])


SHAPES: dict[str, tuple[Any, int]] = {
    "vector": ([0.5, -1.0, 2.0, 0.0], 0),
    "rows": ([[0.5, -1.0, 2.0], [3.0, 3.0, -700.0]], 1),
    "columns": ([[0.5, -1.0, 2.0], [3.0, 3.0, -700.0]], 0),
    "from the end": ([[[0.5, -1.0], [2.0, 0.0]], [[3.0, 3.0], [1.0, -4.0]]], -2),
    "0-d": (2.0, 0),
    "infinite": ([INF, 1.0, 2.0], 0),
    "one possible": ([-INF, 1.0, -INF], 0),
    "none possible": ([-INF, -INF], 0),
    "nan": ([NAN, 1.0], 0),
    "empty": ([[], []], 1),
    "huge": ([1e308, -1e308, 1e308], 0),
}


def functional(module: Any, name: str) -> Any:
    if module is torch:
        return getattr(torch.nn.functional, name)
    return getattr(softmax, name)


@pytest.fixture(params=["kernel", "decomposition"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test with the reference's own kernels, and once without them."""
    if request.param == "decomposition":
        monkeypatch.setattr(FusedKernels, "find", lambda self, composite: None)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
@pytest.mark.parametrize("values, dim", SHAPES.values(), ids=SHAPES)
def test_softmax(name: str, values: Any, dim: int) -> None:
    ours = functional(gnomon, name)(make(gnomon, values), dim)
    same(ours, functional(torch, name)(make(torch, values), dim), 1e-13)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_softmax_rounds_once(name: str, dtype: str) -> None:
    values = [[0.1 * i * j - 3.0 for i in range(17)] for j in range(5)]
    ours = getattr(gnomon, name)(make(gnomon, values, dtype), 1)
    wide = getattr(torch, name)(make(torch, values, dtype).double(), 1)
    eps = torch.finfo(getattr(torch, dtype)).eps
    same(ours, wide.to(getattr(torch, dtype)), 8 * eps if dtype == "float32" else eps)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_forms(name: str) -> None:
    values = [[1.0, 2.0, 4.0], [0.0, -1.0, 5.0]]
    for module in (gnomon, torch):
        x = make(module, values, "float32")
        function = getattr(module, name)
        wide = function(x, 1, module.float64)
        assert wide.dtype is module.float64
        assert function(make(module, [1, 2], "int64"), 0, dtype=module.float32).shape == (2,)
        out = module.tensor([])
        assert function(x, 1, out=out) is out
        assert str(getattr(x, name)(1).tolist()) == str(function(x, dim=1).tolist())
        assert str(getattr(module.special, name)(x, 1).tolist()) == str(out.tolist())
    turned = getattr(gnomon, name)(make(gnomon, values).transpose(0, 1), 0)
    expected = getattr(torch, name)(make(torch, values).transpose(0, 1), 0)
    assert turned.stride() == expected.stride()
    same(turned, expected)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_two_derivatives_of_softmax(name: str) -> None:
    values = [[0.5, -1.0, 2.0], [3.0, 2.5, -2.0]]
    first, second = [[1.0, -0.5, 2.0], [0.25, 3.0, -1.0]], [[-1.0, 0.5, 0.75], [2.0, 1.0, 0.5]]
    found = []
    for module in (gnomon, torch):
        x = make(module, values, grad=True)
        cotangent = make(module, first, grad=True)
        result = getattr(module, name)(x, 1)
        result.backward(cotangent, create_graph=True)
        slope = x.grad
        x.grad = cotangent.grad = None
        slope.backward(make(module, second))
        found.append((result.grad_fn.name(), slope.detach(), x.grad, cotangent.grad))
    assert found[0][0] == found[1][0]
    for a, b in zip(found[0][1:], found[1][1:], strict=True):
        same(a, b, 1e-12)


GATED: dict[str, tuple[Callable[[Any, Any, Any], Any], Any, Any]] = {
    "prelu of one weight": (lambda m, x, w: m.prelu(x, w), [[-1.0, 2.0, -0.5]], [0.25]),
    "prelu of a 0-d weight": (lambda m, x, w: m.prelu(x, w), [[-1.0, 2.0, -0.5]], 0.25),
    "prelu of a vector": (lambda m, x, w: m.prelu(x, w), [-1.0, 2.0, 0.75], [0.25]),
    "prelu of a 0-d input": (lambda m, x, w: m.prelu(x, w), -2.0, [0.25]),
    "prelu by channel": (
        lambda m, x, w: m.prelu(x, w),
        [[[-1.0, 2.0], [-3.0, 0.5]], [[0.75, -2.0], [1.5, -0.25]]],
        [0.25, -0.5],
    ),
    "glu": (
        lambda m, x, w: (torch.nn.functional if m is torch else activations).glu(m.mul(x, w)),
        [[-1.0, 2.0, 0.5, 3.0], [0.0, -2.0, 1.5, -0.25]],
        [1.5],
    ),
    "glu of rows": (
        lambda m, x, w: (torch.nn.functional if m is torch else activations).glu(
            m.mul(x, w), 0
        ),
        [[-1.0, 2.0, 0.5], [0.0, -2.0, 1.5]],
        [1.5],
    ),
}


@pytest.mark.parametrize("call, values, weight", GATED.values(), ids=GATED)
def test_gated(call: Callable[[Any, Any, Any], Any], values: Any, weight: Any) -> None:
    found = []
    for module in (gnomon, torch):
        x, w = make(module, values, grad=True), make(module, weight, grad=True)
        result = call(module, x, w)
        cotangent = make(module, [0.5 + i for i in range(result.numel())]).reshape(result.shape)
        result.backward(cotangent, create_graph=True)
        slopes = (x.grad, w.grad)
        x.grad = w.grad = None
        slopes[0].backward(module.ones_like(x), retain_graph=True)
        found.append((result.grad_fn.name(), result, *slopes, x.grad, w.grad))
    assert found[0][0] == found[1][0]
    for a, b in zip(found[0][1:], found[1][1:], strict=True):
        if b is None:
            assert a is None
        else:
            same(a.detach(), b, 1e-12)


def test_the_dim_that_functional_takes_when_none_is_given() -> None:
    for shape in ((), (2,), (2, 3), (2, 3, 4), (2, 3, 4, 5)):
        with pytest.warns(UserWarning, match="include dim=X"):
            dim = softmax.implicit_dim("softmax", len(shape), 2)
        x = torch.rand(shape)
        with pytest.warns(UserWarning):
            assert torch.equal(torch.nn.functional.softmax(x), torch.softmax(x, dim))


@reference_only("draws are those of the CPU's generator")
@pytest.mark.parametrize("inplace", [False, True])
def test_rrelu_draws_as_pytorch_does(inplace: bool) -> None:
    values = [[-1.0, 2.0, -3.0], [0.0, 4.0, -0.5]]
    found = []
    for module in (gnomon, torch):
        module.manual_seed(7)
        leaf = make(module, values, grad=True)
        function = activations.rrelu if module is gnomon else torch.nn.functional.rrelu
        result = function(module.mul(leaf, 1.0), 0.1, 0.4, True, inplace)
        result.backward(module.ones_like(result))
        name = result.grad_fn.name().rstrip("01")  # PyTorch counts its in-place form apart
        found.append((name, result.detach(), leaf.grad))
    assert found[0][0] == found[1][0]
    same(found[0][1], found[1][1])
    same(found[0][2], found[1][2])


def test_rrelu_outside_training() -> None:
    values = [-4.0, 2.0]
    same(gnomon.rrelu(make(gnomon, values)), torch.rrelu(make(torch, values)))
    same(gnomon.rrelu_(make(gnomon, values), 0.25), torch.rrelu_(make(torch, values), 0.25))
    for module in (gnomon, torch):
        with pytest.raises(RuntimeError):
            module.rrelu(make(module, values), 0.5, 0.25)
