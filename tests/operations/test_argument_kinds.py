"""An argument of the wrong kind is a TypeError that names it, however deep the call got."""

import re

import pytest

import gnomon as torch

X = torch.ones(2, 2)

CASES = {
    "matmul: argument 'other' (position 2) must be Tensor, not list": lambda: torch.matmul(
        X,
        [1.0],  # type: ignore[type-var]  # what is tested
    ),
    "abs_: argument 'input' (position 1) must be Tensor, not str": lambda: torch.abs_(
        "a"  # type: ignore[type-var]  # what is tested
    ),
    "matmul: argument 'other' (position 2) must be Tensor, not int": lambda: X.matmul(
        3  # type: ignore[arg-type]  # what is tested
    ),
    "cumsum: argument 'dim' (position 2) must be int, not float": lambda: torch.cumsum(
        X,
        1.5,  # type: ignore[arg-type]  # what is tested
    ),
    "cdist: argument 'x2' (position 2) must be Tensor, not NoneType": lambda: torch.cdist(
        X,
        None,  # type: ignore[type-var]  # what is tested
    ),
    "chain_matmul: argument 'matrices' (position 2) must be Tensor, not list": (
        lambda: torch.chain_matmul(X, [X])  # type: ignore[type-var]  # what is tested
    ),
    "std: argument 'unbiased' must be bool or None, not str": lambda: torch.std(
        X,
        unbiased="a",  # type: ignore[arg-type]  # what is tested
    ),
}


@pytest.mark.parametrize("message", CASES)
def test_the_message_names_the_argument(message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        CASES[message]()


def test_errors_of_another_reason_stay_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        torch.mm(X, torch.ones(3, 2))
    with pytest.raises(IndexError, match="Dimension out of range"):
        torch.cumsum(X, 5)
