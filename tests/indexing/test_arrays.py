"""NumPy's arrays and scalars as indices."""

from __future__ import annotations

import pytest

import gnomon as torch

np = pytest.importorskip("numpy", reason="indexes with NumPy's arrays")

X = torch.tensor([[0, 1, 2], [3, 4, 5]])


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint16", "int32", "uint32", "int64"])
def test_an_array_of_integers_looks_up(dtype: str) -> None:
    index = np.array([1, 0, 1], dtype=dtype)
    assert X[index].tolist() == [[3, 4, 5], [0, 1, 2], [3, 4, 5]]
    assert X[:, np.array([[2], [0]], dtype=dtype)].shape == (2, 2, 1)
    assert X[index[::2]].tolist() == [[3, 4, 5], [3, 4, 5]]


def test_an_array_of_bools_selects() -> None:
    assert X[np.array([[True, False, True], [False, True, False]])].tolist() == [0, 2, 4]


def test_an_array_of_bytes_is_a_mask() -> None:
    with pytest.warns(UserWarning, match="uint8"):
        assert X[np.array([0, 1], dtype="uint8")].tolist() == [[3, 4, 5]]


def test_scalars_and_0d_arrays_select() -> None:
    assert X[np.int64(1), np.int8(-1)].item() == 5
    assert X[np.array(1)].tolist() == [3, 4, 5]


def test_an_array_of_floats_is_refused() -> None:
    with pytest.raises(IndexError, match="integers"):
        X[np.array([1.0])]


def test_scalars_are_written() -> None:
    x = torch.zeros(2)
    x[np.int64(0)] = np.float32(2.5)
    x[1] = np.int64(3)
    assert x.tolist() == [2.5, 3.0]
    with pytest.raises(TypeError, match="can't assign a ndarray"):
        x[0] = np.ones(1)
