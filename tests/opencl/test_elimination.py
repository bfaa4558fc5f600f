"""Decompositions by elimination give on the device what they give on the reference."""

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
OBLONGS = (*SQUARES, (5, 3), (3, 5), (2, 9, 4), (4, 0), (0, 4), (2, 6, 1))
OF_SQUARES: dict[str, Callable[[Tensor], Results]] = {
    "inv_ex": linalg.inv_ex,
    "det": linalg.det,
    "slogdet": linalg.slogdet,
    "logdet": gnomon.logdet,
    "cholesky_ex": lambda x: linalg.cholesky_ex(x @ x.mT),
    "upper": lambda x: linalg.cholesky_ex(x @ x.mT, upper=True),
    "cholesky_inverse": lambda x: gnomon.cholesky_inverse(_triangle(x)),
    "upper inverse": lambda x: gnomon.cholesky_inverse(_triangle(x).mT, upper=True),
}
OF_OBLONGS: dict[str, Callable[[Tensor], Results]] = {
    "lu_factor_ex": linalg.lu_factor_ex,
    "lu": linalg.lu,
    "lu_unpack": lambda x: gnomon.lu_unpack(*linalg.lu_factor_ex(x)[:2]),
}
#: Of matrices and right sides.
SYSTEMS: dict[str, Callable[[Tensor, Tensor], Results]] = {
    "solve_ex": linalg.solve_ex,
    "from the right": lambda a, b: linalg.solve_ex(a.mT, b.mT, left=False),
    "lower": lambda a, b: linalg.solve_triangular(a, b, upper=False),
    "upper": lambda a, b: linalg.solve_triangular(a, b, upper=True),
    "unit": lambda a, b: linalg.solve_triangular(a, b, upper=True, unitriangular=True),
    "upper from the right": lambda a, b: linalg.solve_triangular(
        a, b.mT, upper=True, left=False
    ),
    "lower from the right": lambda a, b: linalg.solve_triangular(
        a, b.mT, upper=False, left=False
    ),
    "lu_solve": lambda a, b: linalg.lu_solve(*linalg.lu_factor_ex(a)[:2], b),
    "adjoint": lambda a, b: linalg.lu_solve(*linalg.lu_factor_ex(a)[:2], b, adjoint=True),
    "lu_solve from the right": lambda a, b: linalg.lu_solve(
        *linalg.lu_factor_ex(a)[:2], b.mT, left=False
    ),
    "adjoint from the right": lambda a, b: linalg.lu_solve(
        *linalg.lu_factor_ex(a)[:2], b.mT, left=False, adjoint=True
    ),
}
#: Batches of matrices and of right sides, broadcast to each other, and columns of the latter.
BATCHES = (((), (), 1), ((), (), 9), ((3,), (3,), 2), ((2, 1), (3,), 2), ((), (2, 2), 1))
BATCHES_WITH_NONE = (*BATCHES, ((3,), (), 5), ((1,), (0,), 2), ((2,), (2,), 0))


def _triangle(x: Tensor) -> Tensor:
    return linalg.cholesky_ex(x @ x.mT)[0]


def _steep(x: Tensor) -> Tensor:
    """Return matrices with larger elements on the diagonal, whose rows change places."""
    ones = gnomon.eye(*x.shape[-2:], dtype=x.dtype, device=x.device)
    return (x + 4 * ones).flip(-2)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", OF_SQUARES)
def test_squares(name: str, dtype: gnomon.dtype) -> None:
    for shape in SQUARES:
        agree(lambda x: OF_SQUARES[name](_steep(x)), drawn(shape, dtype, f"{name}{shape}"))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", OF_OBLONGS)
def test_oblongs(name: str, dtype: gnomon.dtype) -> None:
    for shape in OBLONGS:
        agree(lambda x: OF_OBLONGS[name](_steep(x)), drawn(shape, dtype, f"{name}{shape}"))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", SYSTEMS)
def test_systems(name: str, dtype: gnomon.dtype) -> None:
    for size in (1, 4, 6):
        for of_a, of_b, columns in BATCHES_WITH_NONE:
            a = drawn((*of_a, size, size), dtype, f"{name}{size}{of_a}")
            b = drawn((*of_b, size, columns), dtype, f"{name}{of_b}{columns}")
            agree(lambda a, b: SYSTEMS[name](a + 4 * _one(a), b), a, b)


def _one(x: Tensor) -> Tensor:
    return gnomon.eye(x.shape[-1], dtype=x.dtype, device=x.device)


def test_vectors_on_the_right_side() -> None:
    for of_a, of_b in (((4, 4), (4,)), ((3, 4, 4), (3, 4)), ((2, 1, 4, 4), (2, 1, 4))):
        a, b = drawn(of_a, gnomon.float64, "a"), drawn(of_b, gnomon.float64, "b")
        agree(lambda a, b: linalg.solve(a + 4 * _one(a), b), a, b)


def test_matrices_that_are_not_dense() -> None:
    whole = drawn((4, 7, 9), gnomon.float32, "whole")

    def calls(x: Tensor) -> list[Tensor]:
        results: list[Tensor] = []
        for each in not_dense(x):
            square = each + 4 * _one(each)
            results += [linalg.inv(square), linalg.det(each), *linalg.lu(each)]
            results.append(linalg.solve(square, each))
        return results

    agree(calls, whole, factor=4096)


def test_more_matrices_than_items() -> None:
    x = drawn((1000, 3, 3), gnomon.float32, "many")
    agree(lambda x: [linalg.inv(x + 4 * _one(x)), linalg.det(x)], x)
    triangle = drawn((300, 300), gnomon.float64, "large")
    agree(lambda x: linalg.cholesky(x @ x.mT + 9 * _one(x)), triangle, factor=4096)


SPECIAL = (0.0, -0.0, 1.0, -2.0, math.inf, -math.inf, math.nan, 1e-300, 1e30)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(
    "values", [SPECIAL, SPECIAL[:4]], ids=("with infinities", "with zeros")
)
def test_special_values(dtype: gnomon.dtype, values: Sequence[float]) -> None:
    """Pivots and infos are the same, and what is NaN is so on both."""
    draw = random.Random(str(dtype))
    cells = [draw.choice(values) for _ in range(60 * 9)]
    x = gnomon.tensor(cells, dtype=dtype).reshape(60, 3, 3)
    device = str(default_backend().device)
    calls: list[Callable[[Tensor], Results]] = [
        linalg.inv_ex,
        linalg.lu_factor_ex,
        linalg.cholesky_ex,
        lambda x: linalg.solve_ex(x, x.flip(0)),
        lambda x: linalg.solve_ex(x, x.flip(0), left=False),
        lambda x: linalg.solve_triangular(x, x.flip(0), upper=True),
        linalg.det,
        lambda x: linalg.slogdet(x)[1],
    ]
    for call in calls:
        for found, expected in zip(
            parts_of(call(x.to(device))), parts_of(call(x)), strict=True
        ):
            gnomon.testing.assert_close(found.cpu(), expected, equal_nan=True)


def test_errors_name_the_first_matrix_that_has_one() -> None:
    device = str(default_backend().device)
    batch = gnomon.stack([gnomon.eye(2), gnomon.ones(2, 2), gnomon.zeros(2, 2)])
    calls: list[Callable[[Tensor], object]] = [
        linalg.inv,
        lambda x: linalg.inv(x[1]),
        lambda x: linalg.solve(x, x),
        lambda x: linalg.solve_ex(x, x, check_errors=True),
        linalg.lu_factor,
        linalg.cholesky,
        gnomon.cholesky,
        lambda x: linalg.cholesky(x[2]),
    ]
    for call in calls:
        texts = []
        for x in (batch, batch.to(device)):
            with pytest.raises(RuntimeError) as caught:
                call(x)
            texts.append((type(caught.value), str(caught.value).replace(f" on {device}", "")))
        assert texts[0][0] is texts[1][0]
        assert texts[0][1].split(".")[0] == texts[1][1].split(".")[0]


@pytest.mark.parametrize("function", [linalg.lu_solve, gnomon.lu_unpack])
@pytest.mark.parametrize("pivot", [0, 3])
def test_pivots_that_are_no_rows_are_errors(
    function: Callable[..., object], pivot: int
) -> None:
    for device in ("cpu", str(default_backend().device)):
        packed = gnomon.eye(2, device=device)
        pivots = gnomon.tensor([1, pivot], dtype=gnomon.int32, device=device)
        rest = [packed] if function is linalg.lu_solve else []
        with pytest.raises(RuntimeError, match="between 1 and 2"):
            function(packed, pivots, *rest)


def test_other_devices_leave_large_matrices_to_the_host() -> None:
    backend = with_traits_of_a_gpu()
    device = served_device(backend)
    small, large = (_steep(drawn((n, n), gnomon.float32, "gpu")) for n in (6, 40))
    for x, is_read in ((small, False), (large, True)):
        given = x.to(device)
        read = bytes_read(backend, lambda: linalg.inv_ex(given))  # noqa: B023
        assert (read >= 4 * x.numel()) == is_read
        calls = [
            linalg.inv,
            linalg.det,
            lambda x: linalg.solve(x, x),
            lambda x: linalg.lu(x)[2],
        ]
        calls += [lambda x: linalg.cholesky(x @ x.mT), lambda x: linalg.slogdet(x)[1]]
        for call in calls:
            gnomon.testing.assert_close(call(given).cpu(), call(x), rtol=1e-4, atol=1e-4)


def test_a_device_without_doubles_leaves_it_to_the_host() -> None:
    backend = without_float64()
    device = served_device(backend)
    x = _steep(drawn((3, 3), gnomon.float32, "single"))
    for call in (linalg.inv, linalg.det, lambda x: linalg.lu(x)[1]):
        gnomon.testing.assert_close(call(x.to(device)).cpu(), call(x))


def test_calls_are_recorded_and_refuse_late() -> None:
    device = str(default_backend().device)

    def step(x: Tensor) -> tuple[Tensor, Tensor]:
        leaf = x.detach().requires_grad_()
        loss = linalg.inv(leaf).sum() + linalg.solve(leaf, leaf[:, :1]).square().sum()
        loss = loss + linalg.cholesky(leaf @ leaf.mT).sum() + gnomon.logdet(leaf @ leaf.mT)
        loss = loss + linalg.lu(leaf).U.square().sum()
        return loss.detach(), gnomon.autograd.grad(loss, leaf)[0]

    compiled = gnomon.compile(step)
    for seed in range(5):
        x = _steep(drawn((4, 4), gnomon.float32, str(seed))).to(device)
        for found, expected in zip(compiled(x), step(x), strict=True):
            gnomon.testing.assert_close(found, expected)
    assert "replayed" in str(compiled.explain())
    compiled(gnomon.zeros(4, 4, device=device))
    with pytest.raises(RuntimeError, match="in a compiled call, a value was refused"):
        gnomon.synchronize()
    with pytest.raises(linalg.LinAlgError, match="singular"):
        step(gnomon.zeros(4, 4, device=device))
