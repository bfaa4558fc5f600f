"""QR, eigenvalues, singular values and exponentials are on the device what they are on the
reference.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import pytest

import gnomon
from gnomon import Tensor, linalg

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from .devices import default_backend, served_device, with_traits_of_a_gpu
from .matrices import Results, agree, bytes_read, drawn, not_dense, parts_of
from .test_without_float64 import without_float64

DTYPES = (gnomon.float32, gnomon.float64)

#: Shapes of matrices, some of which have a zero among their sizes.
SQUARES = ((1, 1), (2, 2), (7, 7), (3, 5, 5), (2, 1, 3, 4, 4), (0, 0), (2, 0, 0), (0, 3, 3))
OBLONGS = (*SQUARES, (5, 3), (3, 5), (2, 9, 4), (4, 0), (0, 4), (2, 6, 1), (2, 1, 6), (13, 11))
OF_SQUARES: dict[str, Callable[[Tensor], Results]] = {
    "eigh": lambda x: linalg.eigh(_spread(x)),
    "upper": lambda x: linalg.eigh(_spread(x), "U"),
    "eigvalsh": lambda x: linalg.eigvalsh(_spread(x)),
    "matrix_exp": lambda x: linalg.matrix_exp(x / 4),
    "exponential of large numbers": lambda x: linalg.matrix_exp(-_spread(x) @ x.mT),
    "hermitian pinv": lambda x: linalg.pinv(_spread(x), hermitian=True),
    "matrix_power": lambda x: linalg.matrix_power(x, 0),
}
OF_OBLONGS: dict[str, Callable[[Tensor], Results]] = {
    "qr": lambda x: linalg.qr(_spread(x)),
    "complete qr": lambda x: linalg.qr(_spread(x.detach()), "complete"),
    "only r": lambda x: linalg.qr(_spread(x.detach()), "r"),
    "svd": lambda x: linalg.svd(_spread(x)),
    "reduced svd": lambda x: linalg.svd(_spread(x), False),
    "svdvals": lambda x: linalg.svdvals(_spread(x)),
    "pinv": lambda x: linalg.pinv(_spread(x)),
    "matrix_rank": lambda x: linalg.matrix_rank(_spread(x)),
    "geqrf": lambda x: gnomon.geqrf(x.detach()),
    "ormqr": lambda x: gnomon.ormqr(*gnomon.geqrf(x.detach()), x, transpose=True),
}
#: Of matrices that have numbers.
OF_NUMBERS: dict[str, Callable[[Tensor], Results]] = {
    "cond": lambda x: linalg.cond(_spread(x)),
    "largest": lambda x: linalg.matrix_norm(_spread(x), 2),
    "smallest": lambda x: linalg.matrix_norm(_spread(x), -2, keepdim=True),
    "nuclear": lambda x: linalg.matrix_norm(_spread(x), "nuc"),
    "lstsq": lambda x: linalg.lstsq(_spread(x), x[..., :1]).solution,
    "all of lstsq": lambda x: linalg.lstsq(_spread(x.detach()), x.detach(), driver="gelsd"),
}


def _spread(x: Tensor) -> Tensor:
    """Return matrices with different numbers on the diagonal, so that none of their values are
    near each other.
    """
    least = min(x.shape[-2:])
    ramp = 5 * gnomon.arange(1, least + 1, dtype=x.dtype, device=x.device)
    one = gnomon.eye(*x.shape[-2:], dtype=x.dtype, device=x.device)
    if x.shape[-1] == least:
        return x + one * ramp
    return x + one * ramp.unsqueeze(-1)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", OF_SQUARES)
def test_squares(name: str, dtype: gnomon.dtype) -> None:
    for shape in SQUARES:
        agree(OF_SQUARES[name], drawn(shape, dtype, f"{name}{shape}"))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", OF_OBLONGS)
def test_oblongs(name: str, dtype: gnomon.dtype) -> None:
    for shape in OBLONGS:
        agree(OF_OBLONGS[name], drawn(shape, dtype, f"{name}{shape}"))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", OF_NUMBERS)
def test_matrices_with_numbers(name: str, dtype: gnomon.dtype) -> None:
    for shape in OBLONGS:
        if math.prod(shape):
            agree(OF_NUMBERS[name], drawn(shape, dtype, f"{name}{shape}"))


def test_reflectors_of_tall_matrices() -> None:
    x = drawn((2, 6, 4), gnomon.float64, "tall")
    agree(lambda x: linalg.householder_product(*gnomon.geqrf(x.detach())), x)


def test_matrices_that_are_not_dense() -> None:
    whole = drawn((4, 7, 9), gnomon.float32, "whole")

    def calls(x: Tensor) -> list[Tensor]:
        results: list[Tensor] = []
        for each in not_dense(x):
            square = _spread(each)
            results += [*linalg.qr(square), *linalg.eigh(square), *linalg.svd(square)]
            results += [linalg.matrix_exp(each / 8), *gnomon.geqrf(each.detach())]
        return results

    agree(calls, whole, factor=1024)


def test_more_matrices_than_items() -> None:
    x = drawn((1000, 3, 3), gnomon.float32, "many")
    agree(lambda x: [*linalg.qr(_spread(x)), *linalg.eigh(_spread(x))], x)
    agree(lambda x: [linalg.svdvals(x), linalg.matrix_exp(x / 2)], x)


@pytest.mark.parametrize("height", [20, 40])
def test_large_matrices_are_made_of_their_factors(height: int) -> None:
    device = str(default_backend().device)
    x = drawn((height, 30), gnomon.float64, "large").to(device)
    q, r = linalg.qr(x, "complete")
    left, values, right = linalg.svd(x)
    symmetric = x @ x.mT
    eigenvalues, vectors = linalg.eigh(symmetric)
    for basis in (q, left, right, vectors):
        one = gnomon.eye(basis.shape[-1], dtype=x.dtype, device=device)
        gnomon.testing.assert_close(basis.mT @ basis, one, rtol=0.0, atol=1e-13)
    least = min(x.shape)
    for product, whole in (
        (q @ r, x),
        ((left[:, :least] * values) @ right[:least], x),
        ((vectors * eigenvalues) @ vectors.mT, symmetric),
    ):
        gnomon.testing.assert_close(product, whole, rtol=0.0, atol=1e-12 * height)
    gnomon.testing.assert_close(values.cpu(), linalg.svdvals(x.cpu()), rtol=1e-13, atol=1e-13)


def test_values_that_are_equal_keep_their_order() -> None:
    """Where nothing is rotated, vectors are units, in the order that sorting leaves."""
    ones, zeros = gnomon.ones(3), gnomon.zeros(2)
    for diagonal in (ones, gnomon.cat([ones, zeros]), gnomon.cat([zeros, ones, -ones])):
        matrix = gnomon.diag(diagonal)
        for call in (linalg.eigh, linalg.svd, linalg.qr):
            on_device = call(matrix.to(str(default_backend().device)))
            for found, expected in zip(on_device, call(matrix), strict=True):
                assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_bases_are_completed(dtype: gnomon.dtype) -> None:
    """Of matrices whose ranks are not full, and of none."""
    for height, width, rank in ((5, 3, 2), (3, 5, 1), (4, 4, 2), (3, 3, 0)):
        left = drawn((2, height, rank), dtype, f"{rank}")
        x = left @ drawn((2, rank, width), dtype, f"{width}")
        found = linalg.svd(x.to(str(default_backend().device)))
        close = 16 * gnomon.finfo(dtype).eps
        for basis in (found.U.cpu(), found.Vh.cpu()):
            one = gnomon.eye(basis.shape[-1], dtype=dtype).expand(basis.shape)
            gnomon.testing.assert_close(basis.mT @ basis, one, rtol=close, atol=close)
        least = min(height, width)
        product = (found.U[..., :least] * found.S[:, None]) @ found.Vh[:, :least]
        gnomon.testing.assert_close(product.cpu(), x, rtol=4 * close, atol=4 * close)
        assert linalg.matrix_rank(x.to(found.U.device)).tolist() == [rank, rank]


SPECIAL = (0.0, -0.0, 1.0, -2.0, math.inf, -math.inf, math.nan)
CALLS: tuple[Callable[[Tensor], Results], ...] = (
    linalg.qr,
    gnomon.geqrf,
    linalg.eigh,
    lambda x: linalg.eigh(x, "U"),
    linalg.matrix_exp,
)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_special_values(dtype: gnomon.dtype) -> None:
    """What is NaN or infinite is so on both."""
    draw = random.Random(str(dtype))
    for values in (SPECIAL, SPECIAL[:4]):
        cells = [draw.choice(values) for _ in range(60 * 9)]
        x = gnomon.tensor(cells, dtype=dtype).reshape(60, 3, 3)
        for call in CALLS:
            on_device = parts_of(call(x.to(str(default_backend().device))))
            for found, expected in zip(on_device, parts_of(call(x)), strict=True):
                gnomon.testing.assert_close(found.cpu(), expected, equal_nan=True)


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e300])
def test_numbers_whose_squares_are_none(scale: float) -> None:
    x = _spread(drawn((4, 3), gnomon.float64, "scaled"))
    for device in ("cpu", str(default_backend().device)):
        given = x.to(device)
        q, r = linalg.qr(given * scale)
        left, values, right = linalg.svd(given * scale, False)
        for product in (q @ (r / scale), (left * (values / scale)) @ right):
            gnomon.testing.assert_close(product.cpu(), x)


def test_numbers_that_are_not_finite_are_errors() -> None:
    device = str(default_backend().device)
    batch = gnomon.stack([gnomon.eye(2), gnomon.full((2, 2), math.nan), gnomon.ones(2, 2)])
    calls: list[Callable[[Tensor], object]] = [
        linalg.svd,
        linalg.svdvals,
        gnomon.svd,
        linalg.pinv,
        lambda x: linalg.svd(x[1]),
        lambda x: linalg.cond(x[1] * math.inf),
    ]
    for call in calls:
        texts = []
        for x in (batch, batch.to(device)):
            with pytest.raises(linalg.LinAlgError) as caught:
                call(x)
            texts.append(str(caught.value).replace(f" on {device}", ""))
        assert texts[0] == texts[1]


def test_other_devices_leave_large_matrices_to_the_host() -> None:
    backend = with_traits_of_a_gpu()
    device = served_device(backend)
    small, large, wide = (
        _spread(drawn(shape, gnomon.float32, "gpu")) for shape in ((6, 6), (34, 34), (3, 34))
    )
    calls = (*CALLS[:4], lambda x: linalg.matrix_exp(-x / 64), linalg.svd)
    for x, is_read in ((small, False), (large, True), (wide, True)):
        for call in calls if x.shape[0] == x.shape[1] else (linalg.svd, linalg.qr):
            given = x.to(device)
            read = bytes_read(backend, lambda: call(given))  # noqa: B023
            assert (read >= 4 * x.numel()) == is_read
            for found, expected in zip(parts_of(call(given)), parts_of(call(x)), strict=True):
                gnomon.testing.assert_close(found.cpu(), expected, rtol=1e-4, atol=1e-4)


def test_a_device_without_doubles_leaves_it_to_the_host() -> None:
    backend = without_float64()
    device = served_device(backend)
    x = _spread(drawn((3, 3), gnomon.float32, "single"))
    for call in (linalg.qr, linalg.eigh, linalg.svd):
        for found, expected in zip(call(x.to(device)), call(x), strict=True):
            gnomon.testing.assert_close(found.cpu(), expected)


def test_calls_are_recorded_and_refuse_late() -> None:
    device = str(default_backend().device)

    def step(x: Tensor) -> tuple[Tensor, Tensor]:
        leaf = x.detach().requires_grad_()
        loss = _sum(linalg.qr(leaf)) + _sum(linalg.eigh(leaf)) + _sum(linalg.svd(leaf))
        loss = loss + linalg.pinv(leaf).sum() + linalg.matrix_exp(leaf / 32).sum()
        return loss.detach(), gnomon.autograd.grad(loss, leaf)[0]

    compiled = gnomon.compile(step)
    for seed in range(5):
        x = _spread(drawn((4, 4), gnomon.float32, str(seed))).to(device)
        for found, expected in zip(compiled(x), step(x), strict=True):
            gnomon.testing.assert_close(found, expected)
    assert "replayed" in str(compiled.explain())
    compiled(gnomon.full((4, 4), math.nan, device=device))
    with pytest.raises(RuntimeError, match="in a compiled call, a value was refused"):
        gnomon.synchronize()


def _sum(parts: Sequence[Tensor]) -> Tensor:
    return gnomon.stack([part.cumsum(-1).sum() for part in parts]).sum()
