"""A tensor plus a product of matrices, ``beta * input + alpha * (left @ right)``.

``beta=0`` leaves ``input`` out of the sum, so that its NaNs and infinities do not count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar, final

from gnomon.backend import Operand
from gnomon.composite.arithmetic import add
from gnomon.composite.matmul import outer
from gnomon.composite.matrix import (
    bmm,
    check_dtypes,
    check_product,
    left_cotangent,
    matrix_sum,
    mm,
    mv,
    right_cotangent,
)
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import allocate, common_dtype, contiguous
from gnomon.dtypes import Scalar
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout
from gnomon.op.composite import record_composite
from gnomon.op.copying import to_dtype
from gnomon.op.derivative import node_label
from gnomon.op.in_place import replace, snapshot
from gnomon.op.numbers import number_as
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import deliver
from gnomon.ops.arithmetic import mul
from gnomon.ops.views import EXPAND, TRANSPOSE, reshape

__all__ = ["addbmm", "addmm", "addmv", "addr", "baddbmm"]

T = TypeVar("T", bound=TensorCore)

_Product: TypeAlias = Callable[[TensorCore, TensorCore], TensorCore]
#: ``(cotangent of the product, left, right)``
_FactorCotangent: TypeAlias = Callable[[TensorCore, TensorCore, TensorCore], TensorCore]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _SumWithProduct:
    """One operation of the family: which product it adds."""

    name: str
    #: The ranks of the factors; None where the product promotes, and checks them itself.
    ranks: tuple[int, int] | None
    product: _Product
    #: The cotangents of the factors.
    left: _FactorCotangent
    right: _FactorCotangent
    #: Whether the sum of one product and an input of its dtype is the composite ``matrix_sum``.
    is_matrix_sum: bool = False

    def __call__(
        self, input: T, left: T, right: T, beta: Scalar, alpha: Scalar, out: T | None
    ) -> T:
        if self.ranks is not None:
            check_product(self.name, left, right, *self.ranks)
            check_dtypes(self.name, input, left, right)
        result = self._value(input, left, right, beta, alpha)
        record_composite(
            node_label(self.name),
            (input, left, right),
            (result,),
            (left, right),
            partial(self._derivative, beta, alpha),
        )
        return result if out is None else deliver(self.name, result, out, (input, left, right))

    def in_place(self, target: T, left: T, right: T, beta: Scalar, alpha: Scalar) -> T:
        result = self(snapshot(target), left, right, beta, alpha, None)
        return replace(target, f"{self.name}_", result)

    def _value(self, input: T, left: T, right: T, beta: Scalar, alpha: Scalar) -> T:
        """Return the result outside the graph, contiguous if the factors have the dtype."""
        if self.is_matrix_sum and beta == 1 == alpha:
            whole = _in_one_kernel(input.operand, left.operand, right.operand)
            if whole is not None:
                return input.like(whole)
        with no_grad():
            product = self.product(left, right)
            shape = product.operand.layout.shape
            addend = EXPAND(input, shape)
            dtype = common_dtype((addend, left, right))
            beta, alpha = number_as(self.name, beta, dtype), number_as(self.name, alpha, dtype)
            if beta != 1:
                addend = mul(addend, beta)
            if beta:
                product = add(addend, product, alpha=alpha)
            elif alpha != 1:
                product = mul(product, alpha)
            if self.ranks is not None:
                return input.like(contiguous(product.operand))
            return input.like(to_dtype(product, dtype).operand)

    def _derivative(
        self,
        beta: Scalar,
        alpha: Scalar,
        cotangents: Cotangents,
        saved: Sequence[TensorCore | None],
        needs: Sequence[bool],
    ) -> Cotangents:
        g, left, right = cotangents[0], saved[0], saved[1]
        assert g is not None and left is not None and right is not None
        scaled = g if alpha == 1 else mul(g, alpha)
        # The right one first: after it nothing needs the left factor, often a large activation.
        of_right = self.right(scaled, left, right) if needs[2] else None
        return (
            (g if beta == 1 else mul(g, beta)) if needs[0] else None,
            self.left(scaled, left, right) if needs[1] else None,
            of_right,
        )


def _in_one_kernel(addend: Operand, left: Operand, right: Operand) -> Operand | None:
    """Return the sum by the kernel that the backend offers, if it does."""
    backend = left.storage.backend
    kernel = matrix_sum.kernel_on(backend)
    if kernel is None or addend.storage.backend is not backend:
        return None
    shape = (*left.layout.shape[:-1], right.layout.shape[-1])
    places = addend.layout.expand(shape)
    output = allocate(backend, Layout.contiguous(shape), left.dtype)
    operands = (addend.under(places), left, right, output)
    if len(shape) == 2:
        kernel(*[each.under(each.layout.unsqueeze(0)) for each in operands])
    else:
        kernel(*operands)
    return output


def _transposed(matrices: TensorCore) -> TensorCore:
    return TRANSPOSE(matrices, -2, -1)


def _summed_products(left: TensorCore, right: TensorCore) -> TensorCore:
    """The sum of a batch of products is one product, of all matrices side by side."""
    batch, rows, inner = left.operand.layout.shape
    side_by_side = reshape(TRANSPOSE(left, 0, 1), (rows, batch * inner))
    columns = right.operand.layout.shape[2]
    return mm(side_by_side, reshape(right, (batch * inner, columns)))


def _for_each(g: TensorCore, batches: TensorCore) -> TensorCore:
    shape = g.operand.layout.shape
    return EXPAND(g, (batches.operand.layout.shape[0], *shape))


_ADDMM = _SumWithProduct(
    name="addmm",
    ranks=(2, 2),
    product=mm,
    left=left_cotangent,
    right=right_cotangent,
    is_matrix_sum=True,
)
_ADDMV = _SumWithProduct(
    name="addmv",
    ranks=(2, 1),
    product=mv,
    left=lambda g, _, right: outer(g, right),
    right=lambda g, left, _: mv(_transposed(left), g),
)
_ADDR = _SumWithProduct(
    name="addr",
    ranks=None,
    product=outer,
    left=lambda g, _, right: mv(g, right),
    right=lambda g, left, _: mv(_transposed(g), left),
)
_ADDBMM = _SumWithProduct(
    name="addbmm",
    ranks=(3, 3),
    product=_summed_products,
    left=lambda g, _, right: bmm(_for_each(g, right), _transposed(right)),
    right=lambda g, left, _: bmm(_transposed(left), _for_each(g, left)),
)
_BADDBMM = _SumWithProduct(
    name="baddbmm",
    ranks=(3, 3),
    product=bmm,
    left=lambda g, _, right: bmm(g, _transposed(right)),
    right=lambda g, left, _: bmm(_transposed(left), g),
    is_matrix_sum=True,
)


@numpy_names
def addmm(
    input: T, mat1: T, mat2: T, *, beta: Scalar = 1, alpha: Scalar = 1, out: T | None = None
) -> T:
    """Return ``beta * input + alpha * (mat1 @ mat2)`` of matrices (n, k) and (k, m).

    ``input`` broadcasts to (n, m). Raises RuntimeError for other ranks, sizes that do not fit
    and differing dtypes.

    >>> import gnomon as torch
    >>> torch.addmm(torch.tensor([1, 2]), torch.ones(2, 2).long(), torch.ones(2, 2).long())
    tensor([[3, 4],
            [3, 4]])
    """
    return _ADDMM(input, mat1, mat2, beta, alpha, out)


def addmm_(input: T, mat1: T, mat2: T, *, beta: Scalar = 1, alpha: Scalar = 1) -> T:
    """Replace ``input`` by ``addmm`` of it, in place."""
    return _ADDMM.in_place(input, mat1, mat2, beta, alpha)


@numpy_names
def addmv(
    input: T, mat: T, vec: T, *, beta: Scalar = 1, alpha: Scalar = 1, out: T | None = None
) -> T:
    """Return ``beta * input + alpha * (mat @ vec)`` of a matrix (n, k) and a vector (k,).

    ``input`` broadcasts to (n,). Raises RuntimeError as ``addmm`` does.

    >>> import gnomon as torch
    >>> torch.addmv(torch.tensor([1, 2]), torch.tensor([[1, 0], [0, 1]]), torch.tensor([5, 6]))
    tensor([6, 8])
    """
    return _ADDMV(input, mat, vec, beta, alpha, out)


def addmv_(input: T, mat: T, vec: T, *, beta: Scalar = 1, alpha: Scalar = 1) -> T:
    """Replace ``input`` by ``addmv`` of it, in place."""
    return _ADDMV.in_place(input, mat, vec, beta, alpha)


@numpy_names
def addr(
    input: T, vec1: T, vec2: T, *, beta: Scalar = 1, alpha: Scalar = 1, out: T | None = None
) -> T:
    """Return ``beta * input + alpha * outer(vec1, vec2)`` of vectors (n,) and (m,).

    ``input`` broadcasts to (n, m), and dtypes are promoted. Raises RuntimeError for other ranks
    and for float factors of integers.

    >>> import gnomon as torch
    >>> torch.addr(torch.tensor(1), torch.tensor([1, 2]), torch.tensor([10, 20]))
    tensor([[11, 21],
            [21, 41]])
    """
    _check_factors(input, vec1, vec2, beta, alpha)
    return _ADDR(input, vec1, vec2, beta, alpha, out)


def addr_(input: T, vec1: T, vec2: T, *, beta: Scalar = 1, alpha: Scalar = 1) -> T:
    """Replace ``input`` by ``addr`` of it, in place."""
    _check_factors(input, vec1, vec2, beta, alpha)
    return _ADDR.in_place(input, vec1, vec2, beta, alpha)


def _check_factors(
    input: TensorCore, vec1: TensorCore, vec2: TensorCore, beta: Scalar, alpha: Scalar
) -> None:
    dtype = common_dtype((input, vec1, vec2))
    for name, factor in (("beta", beta), ("alpha", alpha)):
        if isinstance(factor, float) and not dtype.is_floating_point:
            raise RuntimeError(
                explain(
                    "addr",
                    f"For integral input tensors, argument {name} must not be a floating point "
                    "number",
                    input,
                    vec1,
                    vec2,
                    remedy="Give an int",
                )
            )


@numpy_names
def addbmm(
    input: T, batch1: T, batch2: T, *, beta: Scalar = 1, alpha: Scalar = 1, out: T | None = None
) -> T:
    """Return ``beta * input + alpha * sum(batch1[i] @ batch2[i])``, of (b, n, k) and (b, k, m).

    ``input`` broadcasts to (n, m). Raises RuntimeError as ``addmm`` does.

    >>> import gnomon as torch
    >>> torch.addbmm(torch.tensor(0.5), torch.ones(10, 1, 3), torch.ones(10, 3, 2))
    tensor([[30.5000, 30.5000]])
    """
    return _ADDBMM(input, batch1, batch2, beta, alpha, out)


def addbmm_(input: T, batch1: T, batch2: T, *, beta: Scalar = 1, alpha: Scalar = 1) -> T:
    """Replace ``input`` by ``addbmm`` of it, in place."""
    return _ADDBMM.in_place(input, batch1, batch2, beta, alpha)


@numpy_names
def baddbmm(
    input: T, batch1: T, batch2: T, *, beta: Scalar = 1, alpha: Scalar = 1, out: T | None = None
) -> T:
    """Return ``beta * input + alpha * (batch1 @ batch2)``, of batches (b, n, k) and (b, k, m).

    ``input`` broadcasts to (b, n, m). Raises RuntimeError as ``addmm`` does.

    >>> import gnomon as torch
    >>> torch.baddbmm(torch.tensor(1), torch.ones(2, 1, 3).long(), torch.ones(2, 3, 1).long())
    tensor([[[4]],
    <BLANKLINE>
            [[4]]])
    """
    return _BADDBMM(input, batch1, batch2, beta, alpha, out)


def baddbmm_(input: T, batch1: T, batch2: T, *, beta: Scalar = 1, alpha: Scalar = 1) -> T:
    """Replace ``input`` by ``baddbmm`` of it, in place."""
    return _BADDBMM.in_place(input, batch1, batch2, beta, alpha)
