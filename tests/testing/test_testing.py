"""``gnomon.testing`` accepts and refuses what ``torch.testing`` does."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from types import ModuleType

import pytest

import gnomon
from gnomon.testing import assert_close, make_tensor

# What is compared, and the class of the error; None where it passes. In a call, close is
# assert_close; other names are those of torch.
CASES: dict[str, type[Exception] | None] = {
    "close(tensor([1., 2.]), tensor([1., 2.000001]))": None,
    "close(tensor([1., 2.]), tensor([1., 2.00002]))": AssertionError,
    "close(tensor([1, 2]), tensor([1, 3]))": AssertionError,
    "close(tensor([1, 2 ** 62]), tensor([1, 2 ** 62 + 1]))": AssertionError,
    "close(tensor([True]), tensor([False]))": AssertionError,
    "close(tensor([1], dtype=torch.uint8), tensor([255], dtype=torch.uint8))": (AssertionError),
    "close(tensor(1.), tensor(2.))": AssertionError,
    "close(tensor([]), tensor([]))": None,
    "close(tensor([1.]), tensor([1., 1.]))": AssertionError,
    "close(tensor([1.]), tensor([1.], dtype=torch.float64))": AssertionError,
    "close(tensor([1.]), tensor([1.0001], dtype=f16), check_dtype=False)": (None),
    "close(tensor([1]), tensor([1.]), check_dtype=False)": None,
    "close(tensor([1.]), tensor([1.5]), rtol=0., atol=0.5)": None,
    "close(tensor([1.]), tensor([1.5]), rtol=0.4, atol=0.)": None,
    "close(tensor([1.5]), tensor([1.]), rtol=0.4, atol=0.)": AssertionError,
    "close(tensor([1]), tensor([3]), rtol=0, atol=2)": None,
    "close(tensor([1.]), tensor([1.]), rtol=1.)": ValueError,
    "close(1, 1, atol=1.)": ValueError,
    "close(tensor([nan]), tensor([nan]))": AssertionError,
    "close(tensor([nan]), tensor([nan]), equal_nan=True)": None,
    "close(tensor([inf, 1.]), tensor([inf, 1.]))": None,
    "close(tensor([inf, 1.]), tensor([1., inf]))": AssertionError,
    "close(torch.ones(2, 2), torch.ones(2, 2).T)": None,
    "close(torch.ones(2, 3), torch.ones(3, 2).T)": None,
    "close(torch.ones(2, 3), torch.ones(3, 2).T, check_stride=True)": AssertionError,
    "close(torch.ones(2), Parameter(torch.ones(2)))": None,
    "close(torch.ones(2), Parameter(torch.ones(2)), allow_subclasses=False)": TypeError,
    "close(1.0, 1.0000001)": None,
    "close(1.0, 1.000001)": AssertionError,
    "close(1, 2)": AssertionError,
    "close(1, 1.0)": AssertionError,
    "close(1, 1.0, check_dtype=False)": None,
    "close(True, True)": None,
    "close(True, False)": AssertionError,
    "close(nan, nan)": AssertionError,
    "close(nan, nan, equal_nan=True)": None,
    "close(tensor(1.), 1.0)": TypeError,
    "close(1, tensor(1))": TypeError,
    "close('a', 'a')": TypeError,
    "close([1, 'a'], [2, 'a'])": TypeError,
    "close(object(), object())": TypeError,
    "close(None, None)": None,
    "close(None, 1)": AssertionError,
    "close([], [])": None,
    "close((1, 2), [1, 2])": None,
    "close([1], [1, 2])": AssertionError,
    "close([torch.ones(2)], [torch.zeros(2)])": AssertionError,
    "close({'a': 1, 'b': [2.]}, {'b': [2.], 'a': 1})": None,
    "close({'a': 1}, {'b': 1})": AssertionError,
    "close({'a': [1, {'b': 2.}]}, {'a': [1, {'b': 3.}]})": AssertionError,
    "close(tensor([1.], dtype=f16), tensor([1.001], dtype=f16))": (None),
    "close(tensor([1.], dtype=bf16), tensor([1.01], dtype=bf16))": (None),
    "close(torch.ones(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64) + 3e-7)": (
        AssertionError
    ),
}


def outcome(call: str, torch: ModuleType, close: Callable[..., None]) -> type[Exception] | None:
    names = {
        "torch": torch,
        "close": close,
        "tensor": torch.tensor,
        "Parameter": torch.nn.Parameter,
        "f16": torch.float16,
        "bf16": torch.bfloat16,
        "nan": math.nan,
        "inf": math.inf,
    }
    try:
        eval(call, names)
    except Exception as error:
        return type(error)
    return None


@pytest.mark.parametrize("call", CASES)
def test_what_passes_and_what_raises(call: str) -> None:
    assert outcome(call, gnomon, assert_close) is CASES[call]


@pytest.mark.parametrize("call", CASES)
def test_pytorch_judges_alike(call: str) -> None:
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    assert outcome(call, torch, torch.testing.assert_close) is CASES[call]


def message(*values: object, **rules: object) -> str:
    with pytest.raises(AssertionError) as caught:
        assert_close(*values, **rules)  # type: ignore[arg-type]  # each test gives what fits
    return str(caught.value)


def test_the_message_names_what_differs_and_where() -> None:
    expected = gnomon.tensor([[1.0, 2.0], [3.0, 4.0]])
    text = message(expected + gnomon.tensor([[0.0, 0.5], [0.0, 0.25]]), expected)
    assert text.splitlines() == [
        "assert_close: Tensor-likes are not close!",
        "Mismatched elements: 2 / 4 (50.0%)",
        "Given float32[2, 2] and float32[2, 2].",
        "Greatest absolute difference: 0.5 at index (0, 1) (up to 1e-05 allowed)",
        "Greatest relative difference: 0.25 at index (0, 1) (up to 1.3e-06 allowed)",
    ]


def test_the_message_of_exact_comparisons_says_equal() -> None:
    text = message(gnomon.tensor([1, 2]), gnomon.tensor([1, 4]))
    assert "Tensor-likes are not equal!" in text
    assert "allowed" not in text
    assert "Scalars are not equal!" in message(1, 2)


def test_nan_is_the_greatest_difference() -> None:
    text = message(gnomon.tensor([9.0, math.nan]), gnomon.tensor([1.0, 1.0]))
    assert "Greatest absolute difference: nan at index (1,)" in text


def test_the_message_says_which_item_failed() -> None:
    text = message({"a": [1, {"b": 2.0}]}, {"a": [1, {"b": 3.0}]})
    assert text.endswith("The failure occurred for item ['a'][1]['b']")
    with pytest.raises(TypeError, match=re.escape("The failure occurred for item [1]")):
        assert_close([1, "a"], [2, "a"])


def test_the_message_can_be_replaced_or_made_from_the_text() -> None:
    assert message(1, 2, msg="mine") == "mine"
    assert message(1, 2, msg=lambda text: f"mine: {text}").startswith("mine: assert_close: ")


def test_shapes_of_the_message_of_attributes() -> None:
    text = message(gnomon.ones(1), gnomon.ones(2))
    assert "'shape' do not match: torch.Size([1]) != torch.Size([2])" in text
    text = message(gnomon.ones(1), gnomon.ones(1, dtype=gnomon.float64))
    assert "'dtype' do not match: torch.float32 != torch.float64" in text


def test_gradients_are_no_obstacle() -> None:
    assert_close(gnomon.ones(2, requires_grad=True), gnomon.ones(2))


def test_numpy_arrays_are_compared_as_tensors() -> None:
    numpy = pytest.importorskip("numpy", reason="compares arrays of NumPy")
    assert_close(numpy.array([1.0]), numpy.array([1.0 + 1e-9]))
    assert "not close" in message(numpy.array([1.0]), numpy.array([1.5]))
    with pytest.raises(TypeError, match="No comparison pair"):
        assert_close(numpy.array([1.0]), [1.0])


# Calls of make_tensor: golden values of PyTorch 2.13 after manual_seed(0).
MADE = {
    "make(2, 3, dtype=torch.int64, device='cpu')": [[6, -5, -9], [-9, 2, -2]],
    "make((2, 3), dtype=torch.uint8, device='cpu')": [[4, 9, 3], [0, 3, 9]],
    "make([2, 3], dtype=torch.bool, device='cpu')": [[False, True, True], [False, True, True]],
    "make((2,), dtype=torch.int64, device='cpu', low=-1000, high=1000)": [-956, -761],
    "make(2, dtype=torch.int8, device='cpu', low=-1000, high=1000)": [44, -81],
    "make(2, dtype=torch.int64, device='cpu', low=0.5, high=2.5)": [1, 2],
    "make(2, dtype=torch.int8, device='cpu', high=5)": [-5, -6],
    "make(3, dtype=torch.int64, device='cpu', low=0, high=2, exclude_zero=True)": [1, 1, 1],
    "make(2, dtype=torch.float32, device='cpu', low=0.5, high=2.5)": [
        1.4925131797790527,
        2.0364437103271484,
    ],
    "make(2, dtype=torch.float32, device='cpu', low=-inf, high=inf)": [
        -2.547632747039154e36,
        1.8254227462274354e38,
    ],
    "make((2,), dtype=torch.bfloat16, device='cpu')": [-0.0673828125, 4.8125],
}


def made(call: str, torch: ModuleType, make: Callable[..., object]) -> object:
    torch.manual_seed(0)
    return eval(call, {"torch": torch, "make": make, "inf": math.inf})


@pytest.mark.parametrize("call", MADE)
def test_make_tensor_draws_pytorchs_numbers(call: str) -> None:
    result = made(call, gnomon, make_tensor)
    assert isinstance(result, gnomon.Tensor)
    assert result.tolist() == MADE[call]


@pytest.mark.parametrize("call", MADE)
def test_the_golden_numbers_are_pytorchs(call: str) -> None:
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    result = made(call, torch, torch.testing.make_tensor)
    assert isinstance(result, torch.Tensor)
    assert result.tolist() == MADE[call]


def test_layouts_that_make_tensor_makes() -> None:
    result = make_tensor(2, 3, dtype=gnomon.float32, device="cpu", noncontiguous=True)
    assert result.shape == (2, 3)
    assert result.stride() == (6, 2)
    image = make_tensor(
        2, 3, 4, 5, dtype=gnomon.float32, device="cpu", memory_format=gnomon.channels_last
    )
    assert image.stride() == (60, 1, 15, 3)
    learned = make_tensor(2, dtype=gnomon.float32, device="cpu", requires_grad=True)
    assert learned.is_leaf and learned.requires_grad
    assert make_tensor((), dtype=gnomon.float32, device="cpu", noncontiguous=True).shape == ()


@pytest.mark.parametrize(
    "call",
    [
        "make(2, dtype=torch.int64, device='cpu', low=1, high=1)",
        "make(2, dtype=torch.float32, device='cpu', low=2, high=1)",
        "make(2, dtype=torch.float32, device='cpu', low=float('nan'))",
        "make(2, dtype=torch.uint8, device='cpu', low=300, high=400)",
        "make(2, dtype=torch.uint8, device='cpu', low=20)",
        "make(2, dtype=torch.int64, device='cpu', requires_grad=True)",
        "make(2, dtype=torch.float32, device='cpu', noncontiguous=True, "
        "memory_format=torch.contiguous_format)",
    ],
)
def test_what_make_tensor_refuses(call: str) -> None:
    with pytest.raises(ValueError, match=r"^make_tensor: "):
        made(call, gnomon, make_tensor)
