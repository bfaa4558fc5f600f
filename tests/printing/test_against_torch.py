"""The text of random tensors is PyTorch's, character for character."""

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnomon import printing

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the oracle of this file is PyTorch")

DTYPES = [
    "float64", "float32", "float16", "bfloat16", "int64", "int32", "uint8", "bool",
    "complex64", "complex128",
]  # fmt: skip

# What one tensor is filled from: magnitudes that fall on both sides of every notation rule.
FAMILIES = [
    st.integers(-9, 9).map(float),
    st.integers(-(10**10), 10**10).map(float),
    st.floats(-2, 2),
    st.floats(-1e4, 1e4),
    st.floats(),
    st.sampled_from([0.0, -0.0, 1.0, float("nan"), float("inf"), -float("inf")]),
    st.sampled_from(
        [0.0, 0.5, 1e-4, 1e-5, 999.5, 1000.5, 1e8, 2e8, float("nan"), -float("inf")]
    ),
]

OPTIONS = st.builds(
    printing.PrintOptions,
    precision=st.integers(0, 8),
    threshold=st.sampled_from([0, 3, 10, 1000]),
    edgeitems=st.integers(0, 4),
    linewidth=st.sampled_from([1, 20, 40, 80, 120]),
    sci_mode=st.sampled_from([None, None, True, False]),
)


@st.composite
def tensors(draw: st.DrawFn) -> "torch.Tensor":
    shape = draw(
        st.lists(st.integers(0, 5), max_size=4) | st.lists(st.integers(1, 40), max_size=1)
    )
    dtype = getattr(torch, draw(st.sampled_from(DTYPES)))
    family = draw(st.sampled_from(FAMILIES))
    values = draw(st.lists(family, min_size=1, max_size=12))
    count = 1
    for size in shape:
        count *= size
    flat = torch.tensor([values[i % len(values)] for i in range(count)], dtype=torch.float64)
    if dtype.is_complex:
        return torch.complex(flat, flat.roll(1)).to(dtype).reshape(shape)
    if not dtype.is_floating_point:
        flat = flat.nan_to_num(0, 0, 0).clamp(-(2.0**60), 2.0**60)
    return flat.to(dtype).reshape(shape)


def written(
    tensor: "torch.Tensor",
    *,
    default_dtype: str = "float32",
    grad_fn: str | None = None,
    is_parameter: bool = False,
    options: printing.PrintOptions | None = None,
) -> str:
    return printing.tensor_repr(
        tuple(tensor.shape),
        lambda index: tensor.detach()[index].item(),
        dtype=str(tensor.dtype).removeprefix("torch."),
        default_dtype=default_dtype,
        requires_grad=tensor.requires_grad,
        grad_fn=grad_fn,
        is_parameter=is_parameter,
        options=options,
    )


@settings(max_examples=300, deadline=None)
@given(tensor=tensors(), options=OPTIONS)
def test_random_tensor(tensor: "torch.Tensor", options: printing.PrintOptions) -> None:
    with torch._tensor_str.printoptions(**options._asdict()):
        expected = repr(tensor)
    assert written(tensor, options=options) == expected


@settings(max_examples=60, deadline=None)
@given(tensor=tensors(), options=OPTIONS, kind=st.sampled_from(["leaf", "result", "parameter"]))
def test_random_gradient_suffix(
    tensor: "torch.Tensor", options: printing.PrintOptions, kind: str
) -> None:
    if not (tensor.is_floating_point() or tensor.is_complex()):
        tensor = tensor.double()
    leaf = torch.nn.Parameter(tensor) if kind == "parameter" else tensor.requires_grad_()
    shown = leaf.exp() if kind == "result" else leaf
    with torch._tensor_str.printoptions(**options._asdict()):
        expected = repr(shown)
    actual = written(
        shown,
        options=options,
        grad_fn="ExpBackward0" if kind == "result" else None,
        is_parameter=kind == "parameter",
    )
    assert actual == expected


@pytest.mark.parametrize("default", ["float32", "float64", "float16"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (2,), (0,), (0, 3)])
def test_dtype_suffix(default: str, dtype: str, shape: tuple[int, ...]) -> None:
    tensor = torch.ones(shape, dtype=getattr(torch, dtype))
    previous = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, default))
    try:
        expected = repr(tensor)
    finally:
        torch.set_default_dtype(previous)
    assert written(tensor, default_dtype=default) == expected


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool", "complex64"])
@pytest.mark.parametrize("shape", [(), (2,), (0,), (2, 3)])
def test_meta_device(dtype: str, shape: tuple[int, ...]) -> None:
    expected = repr(torch.empty(shape, dtype=getattr(torch, dtype), device="meta"))
    assert printing.tensor_repr(shape, None, dtype=dtype, device="meta") == expected


CALLS: list[dict[str, Any]] = [
    {"precision": 2},
    {"sci_mode": True},
    {"threshold": 7, "linewidth": 60},
    {"profile": "short"},
    {"profile": "full", "precision": 6},
    {"edgeitems": 1, "profile": "default"},
    {},
]


def test_set_printoptions_keeps_and_overrides_as_torch_does() -> None:
    saved, saved_torch = printing.get_printoptions(), torch._tensor_str.get_printoptions()
    try:
        for call in CALLS:
            printing.set_printoptions(**call)
            torch.set_printoptions(**call)
            assert printing.get_printoptions() == torch._tensor_str.get_printoptions(), call
    finally:
        printing.set_printoptions(**saved)
        torch.set_printoptions(**saved_torch)
