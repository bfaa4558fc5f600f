"""``backward`` and ``grad``: the gradients of what was computed."""

from __future__ import annotations

from collections.abc import Sequence

from gnomon.graph.gradients import backward, gradients
from gnomon.ops.joining import stack
from gnomon.tensor import Tensor
from gnomon.tensor.factories import zeros

__all__ = ["backward", "grad"]


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """Return the gradients of ``outputs``, weighted by ``grad_outputs``, with respect to
    ``inputs``; the ``grad`` of leaves stays as it is.

    ``create_graph`` records the pass, so that the gradients can be differentiated again.
    ``is_grads_batched``: weights and gradients have one more dimension in front, and each of
    its slices is a pass of its own. For an input that the outputs do not depend on,
    ``materialize_grads`` gives zeros and ``allow_unused`` None; otherwise RuntimeError is
    raised.

    >>> import gnomon as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> torch.autograd.grad((x * x).sum(), x)
    (tensor([2., 4.]),)
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but "
            "got: allow_unused=False."
        )
    listed_outputs = (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)
    listed_inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    weights: Sequence[Tensor | None] | None = None
    if grad_outputs is not None:
        weights = (grad_outputs,) if isinstance(grad_outputs, Tensor) else tuple(grad_outputs)
    keep_graph = create_graph if retain_graph is None else retain_graph
    unused = materialize_grads or bool(allow_unused)
    if is_grads_batched:
        results = _batched(
            listed_outputs, listed_inputs, weights, keep_graph, create_graph, unused
        )
    else:
        results = gradients(
            listed_outputs, listed_inputs, weights, keep_graph, create_graph, unused
        )
    if not materialize_grads:
        return tuple(results)
    batch = () if not is_grads_batched or weights is None else _batch_shape(weights)
    return tuple(
        [
            zeros((*batch, *tensor.shape), dtype=tensor.dtype, device=tensor.device)
            if result is None
            else result
            for tensor, result in zip(listed_inputs, results, strict=True)
        ]
    )


def _batch_shape(weights: Sequence[Tensor | None]) -> tuple[int, ...]:
    return next((weight.shape[:1] for weight in weights if weight is not None), ())


def _batched(
    outputs: Sequence[Tensor],
    inputs: Sequence[Tensor],
    weights: Sequence[Tensor | None] | None,
    keep_graph: bool,
    create_graph: bool,
    allow_unused: bool,
) -> list[Tensor | None]:
    """Return the gradients for each slice of the weights, stacked."""
    sizes = {weight.shape[0] for weight in weights or () if weight is not None and weight.ndim}
    if len(sizes) != 1:
        raise RuntimeError(
            "grad: If `is_grads_batched=True`, we interpret the first dimension of each "
            f"grad_output as the batch dimension, given the sizes {sorted(sizes)}. Give "
            "weights with one first dimension of the same size."
        )
    (size,) = sizes
    rows = []
    for index in range(size):
        slices = [None if weight is None else weight[index] for weight in weights or ()]
        keep = keep_graph or index < size - 1
        rows.append(gradients(outputs, inputs, slices, keep, create_graph, allow_unused))
    return [
        None if column[0] is None else stack([row for row in column if row is not None])
        for column in zip(*rows, strict=True)
    ]
