"""Every form of the functions against PyTorch: layouts, out=, in place, methods, names."""

# The same calls are made of gnomon and of torch, whose types have nothing in common.
# ruff: noqa: ANN401

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

import gnomon
from elementwise_functions.cases import CASES, Case
from gnomon.composite import activations

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the oracle of this file is PyTorch")

every_case = pytest.mark.parametrize("case", CASES, ids=str)
functional = torch.nn.functional

VIEWS: dict[str, Callable[[Any], Any]] = {
    "transposed": lambda x: x.transpose(0, 1),
    "permuted": lambda x: x.permute(2, 0, 1),
    "narrowed": lambda x: x.narrow(2, 1, 2),
    "expanded": lambda x: x.narrow(1, 0, 1).expand(2, 3, 4),
    "0-d": lambda x: x.select(0, 1).select(0, 2).select(0, 3),
    "empty": lambda x: x.narrow(1, 2, 0),
}
GRID = [
    [[0.1 + 0.01 * (12 * i + 4 * j + k) for k in range(4)] for j in range(3)] for i in range(2)
]


@every_case
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_layouts(case: Case, view: Callable[[Any], Any]) -> None:
    ours = case.of(gnomon, view(gnomon.tensor(GRID, dtype=gnomon.float64)))
    theirs = case.of(torch, view(torch.tensor(GRID, dtype=torch.float64)))
    assert tuple(ours.shape) == tuple(theirs.shape)
    # PyTorch writes these two to fresh tensors; strides of an empty tensor reach no element.
    if ours.numel() and case.name not in ("mvlgamma", "nn.functional.logsigmoid"):
        assert ours.stride() == theirs.stride()
    found = torch.tensor(ours.tolist(), dtype=torch.float64).reshape(theirs.shape)
    torch.testing.assert_close(
        found,
        theirs.contiguous(),
        rtol=max(case.relative, 1e-12),
        atol=max(case.absolute, 1e-12),
        equal_nan=True,
    )


@every_case
def test_names_of_nodes(case: Case) -> None:
    if not case.derivatives:
        return
    ours = case.of(gnomon, gnomon.tensor(list(case.inputs)).requires_grad_())
    theirs = case.of(torch, torch.tensor(list(case.inputs)).requires_grad_())
    assert ours.grad_fn is not None and theirs.grad_fn is not None
    if case.name in (
        "special.ndtr",
        "nn.functional.tanhshrink",
    ):  # other steps, one of them here
        return
    assert ours.grad_fn.name() == theirs.grad_fn.name()


IN_PLACE = [
    case
    for case in CASES
    if not case.before
    and not case.approximate
    and not case.name.startswith("special.")
    and case.name not in ("asinh", "acosh", "atanh")  # PyTorch does not differentiate these
    and (
        hasattr(torch, f"{case.name}_")
        or hasattr(torch.Tensor, f"{case.name}_")
        or hasattr(functional, f"{case.name.rpartition('.')[2]}_")
    )
]


def in_place(case: Case, module: Any, target: Any) -> Any:
    """Run the in-place form of ``case``: a function of the module, or else a method."""
    name = f"{case.name.rpartition('.')[2]}_"
    if case.name.startswith("nn.functional"):
        home = activations if module is gnomon else functional
    else:
        home = module
    function = getattr(home, name, None)
    if function is None:
        return getattr(target, name)(*case.after)
    return function(target, *case.after)


@pytest.mark.parametrize("case", IN_PLACE, ids=str)
def test_in_place(case: Case) -> None:
    inputs = list(case.inputs)
    found = []
    for module in (gnomon, torch):
        leaf = module.tensor(inputs, dtype=module.float64).requires_grad_()
        target = module.mul(leaf, 1.0)
        result = in_place(case, module, target)
        assert result is target
        version = target._version
        weights = [1.0 + 0.5 * i for i in range(len(inputs))]
        target.backward(module.tensor(weights, dtype=module.float64))
        found.append((target.tolist(), leaf.grad.tolist(), version))
    (values, slopes, version), (their_values, their_slopes, their_version) = found
    assert version == their_version
    assert values == pytest.approx(
        their_values, rel=max(case.relative, 1e-12), abs=max(case.absolute, 1e-12), nan_ok=True
    )
    assert slopes == pytest.approx(their_slopes, rel=max(case.slope, 1e-11), abs=1e-11)


def error_of(function: Callable[[], object]) -> type[Exception] | None:
    try:
        function()
    except Exception as error:
        return type(error)
    return None


@pytest.mark.parametrize("case", IN_PLACE, ids=str)
def test_in_place_on_a_leaf_or_an_integer(case: Case) -> None:
    def on_leaf(module: Any) -> type[Exception] | None:
        leaf = module.tensor([0.5]).requires_grad_()
        return error_of(lambda: in_place(case, module, leaf))

    def on_integers(module: Any) -> type[Exception] | None:
        return error_of(lambda: in_place(case, module, module.tensor([1, 2])))

    assert on_leaf(gnomon) is on_leaf(torch) is RuntimeError
    assert on_integers(gnomon) is on_integers(torch)


METHODS = [
    case
    for case in CASES
    if "." not in case.name and not case.before and hasattr(torch.Tensor, case.name)
]


@pytest.mark.parametrize("case", METHODS, ids=str)
def test_methods_are_the_functions(case: Case) -> None:
    x = gnomon.tensor(list(case.inputs), dtype=gnomon.float64)
    method = getattr(x, case.name)(*case.after)
    assert str(method.tolist()) == str(case.of(gnomon, x).tolist())


@pytest.mark.parametrize("module", [torch, torch.special], ids=["torch", "torch.special"])
def test_out(module: Any) -> None:
    home = gnomon if module is torch else gnomon.special
    path = "" if module is torch else "special."
    checked = 0
    for case in CASES:
        name = case.name.removeprefix(path)
        if "." in name or name == "threshold" or not case.name.startswith(path):
            continue
        try:
            wanted = getattr(module, name)(
                *case.before, torch.tensor(list(case.inputs)), *case.after, out=torch.empty(0)
            )
        except TypeError:
            continue  # PyTorch has no out= there
        out = gnomon.tensor([])
        x = gnomon.tensor(list(case.inputs))
        result = getattr(home, name)(*case.before, x, *case.after, out=out)
        assert result is out
        assert out.tolist() == pytest.approx(wanted.tolist(), rel=1e-4, abs=1e-4), str(case)
        checked += 1
    assert checked > (10 if path else 40)


ALIASES = ["arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh", "arctan2", "fix"]


@pytest.mark.parametrize("alias", ALIASES)
def test_aliases(alias: str) -> None:
    name = "trunc" if alias == "fix" else alias.replace("arc", "a")
    assert getattr(gnomon, alias) is getattr(gnomon, name)
    assert getattr(gnomon.Tensor, alias) is getattr(gnomon.Tensor, name)
    assert getattr(gnomon.Tensor, f"{alias}_") is getattr(gnomon.Tensor, f"{name}_")
    if alias != "arctan2":
        assert getattr(gnomon, f"{alias}_") is getattr(gnomon, f"{name}_")


CALLS: dict[str, Callable[[Any, Any], object]] = {
    "polygamma of negative order": lambda m, _: m.polygamma(-1, m.tensor([1.0])),
    "polygamma of a tensor": lambda m, _: m.polygamma(m.tensor([1.0]), m.tensor([1.0])),
    "mvlgamma of dimension 0": lambda m, _: m.mvlgamma(m.tensor([1.0]), 0),
    "celu with alpha 0": lambda m, _: m.celu(m.tensor([1.0]), 0.0),
    "softshrink of negative lambda": lambda m, f: f.softshrink(m.tensor([1.0]), -1.0),
    "hardtanh with limits swapped": lambda m, f: f.hardtanh(m.tensor([1.0]), 1.0, -1.0),
    "hardtanh below unsigned": lambda m, f: f.hardtanh(m.tensor([1], dtype=m.uint8), -1.0, 1.0),
    "gelu by another name": lambda m, f: f.gelu(m.tensor([1.0]), approximate="erf"),
    "glu of odd size": lambda m, f: f.glu(m.tensor([1.0, 2.0, 3.0])),
    "glu of 0-d": lambda m, f: f.glu(m.tensor(1.0)),
    "glu of no such dim": lambda m, f: f.glu(m.tensor([1.0, 2.0]), 1),
    "prelu with too many weights": lambda m, _: m.prelu(m.tensor([1.0]), m.tensor([1.0, 2.0])),
    "prelu with a matrix": lambda m, _: m.prelu(m.tensor([1.0]), m.tensor([[1.0]])),
    "prelu of two dtypes": lambda m, _: m.prelu(
        m.tensor([1.0]), m.tensor([1.0], dtype=m.float64)
    ),
    "softmax of no such dim": lambda m, _: m.softmax(m.tensor([1.0]), 1),
    "softmax of integers": lambda m, _: m.softmax(m.tensor([1, 2]), 0),
    "round integers to digits": lambda m, _: m.round(m.tensor([1, 2]), decimals=1),
    "sin into integers": lambda m, _: m.sin(m.tensor([1.0]), out=m.tensor([1])),
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_errors(call: Callable[[Any, Any], object]) -> None:
    with pytest.raises(Exception) as theirs:  # whichever PyTorch raises
        call(torch, functional)
    with pytest.raises(theirs.type) as ours:
        call(gnomon, activations)
    assert ours.type is theirs.type


def test_integers_keep_their_dtype_under_float_parameters() -> None:
    values = [-3, 1, 5]
    for name, numbers in (("threshold", (2.5, 9.5)), ("hardtanh", (-1.5, 2.5))):
        ours = getattr(activations, name)(gnomon.tensor(values), *numbers)
        theirs = getattr(functional, name)(torch.tensor(values), *numbers)
        assert (ours.tolist(), str(ours.dtype)) == (theirs.tolist(), str(theirs.dtype))


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("decimals", [-2, -1, 0, 1, 2, 3])
def test_rounding_to_digits(dtype: str, decimals: int) -> None:
    values = [0.15, 0.25, 0.35, 1.005, 2.675, -0.045, 12345.678, math.inf, math.nan, 450.0, 0.0]
    ours = gnomon.tensor(values, dtype=getattr(gnomon, dtype)).round(decimals=decimals)
    theirs = torch.tensor(values, dtype=getattr(torch, dtype)).round(decimals=decimals)
    assert str(ours.tolist()) == str(theirs.tolist())


def test_in_place_rounding_to_digits() -> None:
    x = gnomon.tensor([1.26, 2.34])
    assert gnomon.round_(x, decimals=1) is x
    assert x.tolist() == gnomon.tensor([1.3, 2.3]).tolist()


def test_special_holds_names_of_torch_special() -> None:
    assert set(gnomon.special.__all__) <= set(dir(torch.special))
    assert gnomon.special.psi is gnomon.digamma
    assert gnomon.special.gammaln is gnomon.lgamma
    assert gnomon.special.multigammaln is gnomon.mvlgamma
    assert gnomon.special.expit is gnomon.sigmoid
