"""Classes as vectors: one-hot vectors, and rows of a table."""

from __future__ import annotations

from typing import TypeVar

from gnomon.composite.powers import pow
from gnomon.core import TensorCore
from gnomon.dispatch import filled, item_of
from gnomon.dtypes import int64
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.op.foundation import add, sum_of
from gnomon.op.index_arguments import as_int64, check_index_dtype
from gnomon.op.numpy_names import numpy_names
from gnomon.op.scatter_records import REPLACE
from gnomon.op.view import reshaped
from gnomon.ops.arithmetic import abs, div, mul
from gnomon.ops.comparison import ge, gt, lt, where
from gnomon.ops.embedding import embedding as look_up
from gnomon.ops.indexing import index_select
from gnomon.ops.reduction import AMAX
from gnomon.ops.scattering import index_copy_write, scatter_write
from gnomon.ops.truth import holds

T = TypeVar("T", bound=TensorCore)


@numpy_names
def one_hot(input: T, num_classes: int = -1) -> T:
    """Return, for every class in the int64 ``input``, an int64 vector of 0s with a 1 at the
    class.

    The vectors stand in a new last dim of ``num_classes``, or by default of the largest class
    plus 1. Raises RuntimeError for another dtype, for classes below 0 or not below
    ``num_classes``, and when an empty input leaves the number of classes open.

    >>> import gnomon as torch
    >>> one_hot(torch.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    if input.operand.dtype is not int64:
        raise _refused("is only applicable to an index tensor of dtype int64", input)
    shape = input.operand.layout.shape
    if input.operand.layout.numel:
        if not holds(ge(input, 0)):
            raise _refused("Class values must be non-negative", input)
        if num_classes == -1:
            num_classes = int(item_of(AMAX(input).operand)) + 1
        elif not holds(lt(input, num_classes)):
            raise _refused(
                f"Class values must be smaller than num_classes ({num_classes})", input
            )
    elif num_classes <= 0:
        raise _refused("Can not infer total number of classes from an empty tensor", input)
    backend = input.operand.storage.backend
    zeros = input.like(filled(backend, (*shape, num_classes), int64, 0))
    index = reshaped(input, (*shape, 1))
    write = scatter_write("one_hot", zeros, -1, index, 1, REPLACE, "ScatterBackward1")
    return write.into(zeros)


def embedding(
    input: T,
    weight: T,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> T:
    """Return the rows of the matrix ``weight`` that ``input`` names (``nn.functional``).

    Row ``padding_idx``, negative from the end, gets no gradient. With ``max_norm``, rows are
    first scaled down in ``weight`` itself, if read, so that their ``norm_type`` norm is at most
    that. Raises AssertionError for a ``padding_idx`` out of range, and what
    ``torch.embedding`` does.

    >>> import gnomon as torch
    >>> embedding(torch.tensor([1, 0]), torch.tensor([[3.0, 4.0], [0.0, 1.0]]), max_norm=1.0)
    tensor([[0.0000, 1.0000],
            [0.6000, 0.8000]])
    """
    rows = weight.operand.layout.shape[0] if weight.operand.layout.shape else 0
    if padding_idx is not None:
        assert -rows <= padding_idx < rows, (
            f"embedding: padding_idx {padding_idx} must be within num_embeddings ({rows})."
        )
        padding_idx %= rows
    if max_norm is not None:
        with no_grad():
            embedding_renorm_(weight, input, max_norm, norm_type)
    row = -1 if padding_idx is None else padding_idx
    return look_up(weight, input, row, scale_grad_by_freq, sparse)


def embedding_renorm_(input: T, indices: T, max_norm: float, norm_type: float) -> T:
    """Scale the rows of ``input`` that ``indices`` name down to a norm of at most ``max_norm``.

    As PyTorch, by ``max_norm / (norm + 1e-7)``.
    """
    check_index_dtype("embedding", indices)
    named = reshaped(as_int64(indices), (indices.operand.layout.numel,))
    rows = index_select(input, 0, named)
    norms = pow(sum_of(pow(abs(rows), norm_type), 1, True), 1 / norm_type)
    scale = where(gt(norms, max_norm), div(max_norm, add(norms, 1e-7)), 1.0)
    return index_copy_write(input, 0, named, mul(rows, scale)).into(input)


def _refused(rule: str, input: TensorCore) -> RuntimeError:
    return RuntimeError(explain("one_hot", rule, input))
