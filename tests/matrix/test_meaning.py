"""Products and linear algebra by what they mean: identities and small known values."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

import gnomon
from gnomon import Tensor, linalg

F64 = gnomon.float64
#: A well-conditioned matrix, and others of each shape.
SQUARE = [[4.0, 1.0, -2.0], [1.0, 3.0, 0.5], [0.0, -1.0, 5.0]]


def numbers(*shape: int) -> Tensor:
    count = 1
    for size in shape:
        count *= size
    values = [((7 * k * k + 3 * k) % 11 - 5) / 4 for k in range(count)]
    return gnomon.tensor(values, dtype=F64).reshape(shape)


def close(actual: Tensor, expected: Tensor, tolerance: float = 1e-12) -> bool:
    # n * eps of numbers of size 10 at most, with the condition numbers of the matrices here.
    return actual.shape == expected.shape and bool(
        ((actual - expected).abs() <= tolerance).all()
    )


def test_matmul_of_all_ranks_is_the_sum_of_products() -> None:
    left, right = numbers(2, 1, 3, 4), numbers(5, 4, 2)
    result = gnomon.matmul(left, right)
    for a, b, i, j in product(range(2), range(5), range(3), range(2)):
        expected = sum(left[a, 0, i, k].item() * right[b, k, j].item() for k in range(4))
        assert result[a, b, i, j].item() == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize(
    "equation, left, right",
    [
        ("ij,jk->ik", (2, 3), (3, 4)),
        ("ij,jk->ki", (2, 3), (3, 4)),
        ("bij,bkj->ibk", (2, 3, 4), (2, 5, 4)),
        ("iij,j->i", (3, 3, 2), (2,)),
        ("i,j->ji", (2,), (3,)),
    ],
)
def test_einsum_is_the_loop_it_describes(
    equation: str, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    a, b = numbers(*left), numbers(*right)
    terms, output = equation.split("->")
    first, second = terms.split(",")
    sizes = dict(zip(first + second, left + right, strict=True))
    expected = gnomon.zeros(tuple(sizes[label] for label in output), dtype=F64)
    for places in product(*(range(size) for size in sizes.values())):
        at = dict(zip(sizes, places, strict=True))
        place = tuple(at[label] for label in output)
        expected[place] += a[tuple(at[k] for k in first)] * b[tuple(at[k] for k in second)]
    assert close(gnomon.einsum(equation, a, b), expected)


def test_beta_zero_leaves_the_input_out() -> None:
    input = gnomon.full((2, 2), float("nan"))
    ones = gnomon.ones(2, 2)
    assert gnomon.addmm(input, ones, ones, beta=0).tolist() == [[2.0, 2.0], [2.0, 2.0]]


def test_solutions_solve() -> None:
    a, b = gnomon.tensor(SQUARE, dtype=F64), numbers(3, 2)
    assert close(a @ linalg.solve(a, b), b)
    assert close(linalg.solve(a, b.mT, left=False) @ a, b.mT)
    assert close(a @ linalg.inv(a), gnomon.eye(3, dtype=F64))
    factors, pivots = linalg.lu_factor(a)
    assert close(a @ linalg.lu_solve(factors, pivots, b), b)
    assert close(a.mT @ linalg.lu_solve(factors, pivots, b, adjoint=True), b)


@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (3, 4), (1, 3), (2, 4, 3)])
def test_factors_multiply_to_the_matrix(shape: tuple[int, ...]) -> None:
    a = numbers(*shape)
    permutation, lower, upper = linalg.lu(a)
    assert close(permutation @ lower @ upper, a)
    q, r = linalg.qr(a)
    assert close(q @ r, a)
    assert close(q.mT @ q, gnomon.eye(q.shape[-1], dtype=F64).expand((*shape[:-2], -1, -1)))
    left, values, right = linalg.svd(a, full_matrices=False)
    assert close(left * values.unsqueeze(-2) @ right, a)
    inverse = linalg.pinv(a)
    assert close(a @ inverse @ a, a)


def test_symmetric_factors() -> None:
    a = gnomon.tensor(SQUARE, dtype=F64)
    positive = a @ a.mT
    lower = linalg.cholesky(positive)
    assert close(lower @ lower.mT, positive)
    values, vectors = linalg.eigh(positive)
    assert close(positive @ vectors, vectors * values)
    assert values.tolist() == sorted(values.tolist())
    assert linalg.det(positive).item() == pytest.approx(linalg.det(a).item() ** 2)


@pytest.mark.parametrize(
    "function",
    [
        linalg.det,
        linalg.inv,
        linalg.matrix_exp,
        linalg.pinv,
        linalg.svdvals,
        lambda x: linalg.qr(x).R,
        lambda x: linalg.lu(x).U,
        lambda x: linalg.cholesky(x @ x.mT),
        lambda x: linalg.eigh(x + x.mT).eigenvectors ** 2,
    ],
)
def test_derivatives(function: Callable[[Tensor], Tensor]) -> None:
    x = gnomon.tensor(SQUARE, dtype=F64, requires_grad=True)
    assert gnomon.autograd.gradcheck(function, (x,))
    assert gnomon.autograd.gradgradcheck(function, (x,))


def test_the_determinant_of_a_singular_matrix_has_a_derivative() -> None:
    x = gnomon.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=F64, requires_grad=True)
    linalg.det(x).backward()
    assert x.grad is not None
    assert close(x.grad, gnomon.tensor([[4.0, -2.0], [-2.0, 1.0]], dtype=F64))


@pytest.mark.parametrize("function", [linalg.inv, lambda x: linalg.solve(x, x)])
def test_singular_matrices_are_errors(
    function: Callable[[Tensor], Tensor],
) -> None:
    with pytest.raises(linalg.LinAlgError, match="Batch element 1"):
        function(gnomon.stack([gnomon.eye(2), gnomon.ones(2, 2)]))


@pytest.mark.parametrize("dtype", [gnomon.bool, gnomon.uint16])
def test_products_of_bool_and_wide_unsigned_are_errors(dtype: gnomon.dtype) -> None:
    x = gnomon.ones(2, 2, dtype=dtype)
    with pytest.raises(NotImplementedError, match="not defined on"):
        gnomon.mm(x, x)
    with pytest.raises(RuntimeError, match="same dtype"):
        gnomon.mm(x, gnomon.ones(2, 2))
