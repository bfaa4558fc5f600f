"""One-hot vectors and rows of a table: shapes, gradients, and what is refused."""

from __future__ import annotations

import pytest

import gnomon as torch
from gnomon.composite.encoding import embedding, one_hot


def test_the_vectors_stand_in_a_new_last_dim() -> None:
    encoded = one_hot(torch.tensor([[0, 2], [1, 0]]))
    assert encoded.dtype is torch.int64
    assert encoded.tolist() == [[[1, 0, 0], [0, 0, 1]], [[0, 1, 0], [1, 0, 0]]]
    assert one_hot(torch.tensor(1), 4).tolist() == [0, 1, 0, 0]


def test_an_empty_input_needs_the_number_of_classes() -> None:
    empty = torch.tensor([], dtype=torch.int64)
    assert one_hot(empty, 4).shape == (0, 4)
    with pytest.raises(RuntimeError, match="Can not infer total number of classes"):
        one_hot(empty)


@pytest.mark.parametrize(
    ("classes", "count", "rule"),
    [
        ([-1], 2, "must be non-negative"),
        ([0, 2], 2, "must be smaller than num_classes"),
        ([0], 0, "must be smaller than num_classes"),
        ([0], -2, "must be smaller than num_classes"),
    ],
)
def test_classes_out_of_range_are_refused(classes: list[int], count: int, rule: str) -> None:
    with pytest.raises(RuntimeError, match=rule):
        one_hot(torch.tensor(classes), count)


def test_other_dtypes_are_refused() -> None:
    with pytest.raises(RuntimeError, match="int64"):
        one_hot(torch.tensor([1], dtype=torch.int32))


def test_the_row_of_the_padding_gets_no_gradient() -> None:
    weight = torch.ones(3, 2).requires_grad_()
    embedding(torch.tensor([[0, 2], [0, 1]]), weight, padding_idx=-1).sum().backward()
    assert weight.grad is not None
    assert weight.grad.tolist() == [[2.0, 2.0], [1.0, 1.0], [0.0, 0.0]]


def test_a_largest_norm_rescales_the_rows_that_are_read() -> None:
    weight = torch.tensor([[3.0, 4.0], [0.0, 1.0], [6.0, 8.0]], dtype=torch.float64)
    embedding(torch.tensor([0, 1, 0]), weight, max_norm=2.0)
    scale = 2.0 / (5.0 + 1e-7)  # PyTorch's formula
    assert weight.tolist() == [[3.0 * scale, 4.0 * scale], [0.0, 1.0], [6.0, 8.0]]


def test_a_padding_out_of_range_is_refused() -> None:
    with pytest.raises(AssertionError, match="within num_embeddings"):
        embedding(torch.tensor([0]), torch.ones(3, 2), padding_idx=3)
