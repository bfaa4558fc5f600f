"""On an accelerator the device finds the nonzero elements; only how many there are is read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import gnomon as torch
from backends.accelerator import ToyBackend
from gnomon import registry

SHAPES = [(7,), (3, 5), (2, 3, 4), (0, 3), (1, 1)]
DTYPES = [torch.bool, torch.int8, torch.float32, torch.float64]


@pytest.fixture
def toy() -> Iterator[ToyBackend]:
    before = dict(registry._backends)
    backend = ToyBackend(0, frozenset())
    registry.register_backend(backend)
    yield backend
    registry._backends.clear()
    registry._backends.update(before)


def sparse(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    count = torch.Size(shape).numel()
    values = [(3, 0, float("nan"), 0, -0.0)[(k * k) % 5] for k in range(count)]
    if not dtype.is_floating_point:
        values = [k % 3 for k in range(count)]
    return torch.tensor(values, device="cpu").to(dtype).reshape(shape)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_same_elements_are_found(
    toy: ToyBackend, shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    x = sparse(shape, dtype)
    if len(shape) > 1:
        x = x.transpose(0, 1)
    moved = x.to("toy:0")
    before = toy.reads
    found, columns = torch.nonzero(moved), torch.nonzero(moved, as_tuple=True)
    assert toy.reads - before == (2 if x.numel() else 0)
    expected = torch.nonzero(x)
    assert found.shape == expected.shape and found.stride() == expected.stride()
    assert found.tolist() == expected.tolist()
    assert [each.tolist() for each in columns] == [each.tolist() for each in expected.t()]


def test_masks_read_a_count_and_write_nothing(toy: ToyBackend) -> None:
    x = torch.arange(12.0, device="toy:0").reshape(3, 4)
    mask = x % 3 == 0
    before = toy.reads
    chosen = x[mask]
    assert toy.reads - before == 1
    assert chosen.tolist() == [0, 3, 6, 9]
    x[mask] = torch.full((4,), -1.0, device="toy:0")
    assert x.sum() == 1 + 2 + 4 + 5 + 7 + 8 + 10 + 11 - 4


def test_a_number_without_dims_is_found(toy: ToyBackend) -> None:
    for value in (0.0, 2.0):
        x = torch.tensor(value, device="toy:0")
        assert torch.nonzero(x).shape == torch.nonzero(x.cpu()).shape
        assert torch.nonzero(x, as_tuple=True)[0].tolist() == ([0] if value else [])
