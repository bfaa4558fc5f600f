"""Asking for gradients: the checks of ``backward`` and ``grad`` before a pass begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, cast

from gnomon.core import Edge, TensorCore
from gnomon.dispatch import filled
from gnomon.graph.edges import AccumulateGrad, edge_of, gradient_node, retain
from gnomon.graph.engine import Root, run_backward

T = TypeVar("T", bound=TensorCore)


def backward(
    tensors: TensorCore | Sequence[TensorCore],
    grad_tensors: TensorCore | Sequence[TensorCore | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: TensorCore | Sequence[TensorCore] | None = None,
) -> None:
    """Add the gradients of ``tensors``, weighted by ``grad_tensors``, to the ``grad`` of
    leaves.

    ``inputs`` names the tensors whose ``grad`` is added to; without it, all leaves are. The
    graph is freed unless ``retain_graph``, which is ``create_graph`` if None.

    Raises RuntimeError when a weight is missing for a tensor that is not a scalar, when its
    shape is not its tensor's, when a tensor does not require grad, or when the graph was freed.
    """
    outputs = _listed(tensors)
    roots = _roots(outputs, _weights(grad_tensors, len(outputs)))
    targets: list[Edge] | None = None
    if inputs is not None:
        listed = _listed(inputs)
        if not listed:
            raise RuntimeError(
                "`inputs` argument to `backward()` cannot be empty. Leave it away to add to "
                "every leaf."
            )
        for tensor in listed:
            retain_gradient(tensor)
        targets = _targets(listed)
    run_backward(
        roots,
        targets,
        keep_graph=create_graph if retain_graph is None else retain_graph,
        create_graph=create_graph,
        accumulate=True,
    )


def gradients(
    outputs: Sequence[TensorCore],
    inputs: Sequence[T],
    grad_outputs: Sequence[TensorCore | None] | None,
    keep_graph: bool,
    create_graph: bool,
    allow_unused: bool,
) -> list[T | None]:
    """Return the gradients of ``outputs``, weighted by ``grad_outputs``, with respect to
    ``inputs``: None for one that no path leads to.

    Raises RuntimeError as :func:`backward` does, and for an unused input unless
    ``allow_unused``.
    """
    roots = _roots(outputs, _weights(grad_outputs, len(outputs)))
    found = run_backward(
        roots,
        _targets(inputs),
        keep_graph=keep_graph,
        create_graph=create_graph,
        accumulate=False,
    )
    results: list[T | None] = []
    for index, (tensor, gradient) in enumerate(zip(inputs, found, strict=True)):
        if gradient is None and not allow_unused:
            raise RuntimeError(
                f"grad: The differentiated Tensor at index {index} appears to not have been "
                f"used in the graph, given {tensor.describe()}. Set allow_unused=True if this "
                "is the desired behavior."
            )
        results.append(cast("T | None", gradient))
    return results


def retain_gradient(tensor: TensorCore) -> None:
    """Let backward passes store the gradient of ``tensor`` in its ``grad`` even if it is no
    leaf.

    Raises RuntimeError when it does not require grad.
    """
    if not tensor.tracked:
        raise RuntimeError(
            "can't retain_grad on Tensor that has requires_grad=False, given "
            f"{tensor.describe()}. Compute it from a tensor that requires grad."
        )
    node = gradient_node(tensor)
    state = tensor.autograd_state()
    if node is None or state.retains_grad:
        return
    state.retains_grad = True
    retain(tensor, node, state.output_index)


def _listed(tensors: T | Sequence[T]) -> Sequence[T]:
    return (tensors,) if isinstance(tensors, TensorCore) else tuple(tensors)


def _weights(
    given: TensorCore | Sequence[TensorCore | None] | None, count: int
) -> Sequence[TensorCore | None]:
    if given is None:
        return (None,) * count
    weights: Sequence[TensorCore | None] = (
        (given,) if isinstance(given, TensorCore) else tuple(given)
    )
    if len(weights) != count:
        raise RuntimeError(
            f"backward: got {count} tensors and {len(weights)} gradients. Give one per tensor."
        )
    return weights


def _roots(outputs: Sequence[TensorCore], weights: Sequence[TensorCore | None]) -> list[Root]:
    cotangents = [
        _cotangent(index, output, weight)
        for index, (output, weight) in enumerate(zip(outputs, weights, strict=True))
    ]
    roots = []
    for index, (output, cotangent) in enumerate(zip(outputs, cotangents, strict=True)):
        edge = edge_of(output)
        if edge is None or cotangent is None:
            raise RuntimeError(
                f"element {index} of tensors does not require grad and does not have a "
                f"grad_fn, given {output.describe()}. Compute it from a tensor that requires "
                "grad, outside no_grad()."
            )
        roots.append(Root(edge, cotangent))
    return roots


def _cotangent(index: int, output: TensorCore, weight: TensorCore | None) -> TensorCore | None:
    """Return the weight of an output; ones for a scalar that has none."""
    storage, layout, dtype = output.operand
    if weight is None:
        if not output.tracked:
            return None
        if layout.numel != 1:
            raise RuntimeError(
                f"backward: grad can be implicitly created only for scalar outputs, given "
                f"{output.describe()}. Sum the output first, or pass its gradient."
            )
        return output.like(filled(storage.backend, layout.shape, dtype, 1))
    if not isinstance(weight, TensorCore):
        raise TypeError(
            f"gradients can be either Tensors or None, but got {type(weight).__name__}"
        )
    shape = weight.operand.layout.shape
    if shape != layout.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{index}] has a shape of {list(shape)} and "
            f"output[{index}] has a shape of {list(layout.shape)}. Give a gradient of the "
            "output's shape."
        )
    return weight


def _targets(inputs: Sequence[TensorCore]) -> list[Edge]:
    targets = []
    for tensor in inputs:
        if not tensor.tracked:
            raise RuntimeError(
                "One of the differentiated Tensors does not require grad, given "
                f"{tensor.describe()}. Call requires_grad_() on it before the forward pass."
            )
        # A view made in no_grad mode has no edge: nothing can arrive at it.
        targets.append(edge_of(tensor) or Edge(AccumulateGrad(tensor), 0))
    return targets
