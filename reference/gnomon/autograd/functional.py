"""Derivatives of functions: Jacobians, Hessians and their products with vectors.

A function takes tensors and returns a tensor or a tuple of tensors; results have the structure
of what they belong to. Products from the right (``jvp``, ``hvp``) are made of two backward
passes: ``u -> J^T u`` is linear, and its derivative is ``J``.

Everywhere, ``create_graph`` records the passes so that results can be differentiated with
respect to the inputs; ``strict`` raises RuntimeError where an output does not depend on an
input, instead of giving zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from gnomon.autograd.differentiation import grad
from gnomon.graph.modes import enable_grad
from gnomon.op.output import write
from gnomon.ops.joining import stack
from gnomon.tensor import Tensor
from gnomon.tensor.factories import ones_like, zeros, zeros_like

__all__ = ["vjp", "jvp", "jacobian", "hessian", "hvp", "vhp"]

Tensors: TypeAlias = "Tensor | tuple[Tensor, ...]"
Differentiable: TypeAlias = Callable[..., Tensors]  # takes as many tensors as there are inputs


def vjp(
    func: Differentiable,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Tensors, Tensors]:
    """Return ``func(*inputs)`` and ``v``, shaped like it, times its Jacobian.

    ``v`` may be left away for an output of one element.

    >>> import gnomon as torch
    >>> torch.autograd.functional.vjp(torch.sin, torch.tensor([0.0]), torch.tensor([2.0]))
    (tensor([0.]), tensor([2.]))
    """
    with enable_grad():
        given = _prepared(inputs, create_graph)
        outputs = func(*given)
        weights = _vectors("vjp", v, outputs)
        products = _gradients("vjp", _tuple(outputs), given, weights, create_graph, strict)
    return _finished(outputs, create_graph), _finished(_as(inputs, products), create_graph)


def jvp(
    func: Differentiable,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Tensors, Tensors]:
    """Return ``func(*inputs)`` and its Jacobian times ``v``, which is shaped like the inputs.

    ``v`` may be left away for an input of one element.

    >>> import gnomon as torch
    >>> torch.autograd.functional.jvp(torch.sin, torch.tensor([0.0]), torch.tensor([2.0]))
    (tensor([0.]), tensor([2.]))
    """
    with enable_grad():
        given = _prepared(inputs, create_graph)
        vectors = _vectors("jvp", v, inputs)
        outputs = func(*given)
        listed = _tuple(outputs)
        weights = tuple([zeros_like(output).detach().requires_grad_() for output in listed])
        pulled = _gradients("jvp", listed, given, weights, True, strict)
        products = _gradients("jvp", pulled, weights, vectors, create_graph, False)
    return _finished(outputs, create_graph), _finished(_as(outputs, products), create_graph)


def jacobian(
    func: Differentiable,
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: Literal["reverse-mode", "forward-mode"] = "reverse-mode",
) -> Tensors | tuple[tuple[Tensor, ...], ...]:
    """Return the Jacobian of ``func`` at ``inputs``: shaped output by input; for several
    outputs or inputs a tuple for each.

    A backward pass for every element of the outputs. ``vectorize`` and ``strategy`` say how
    PyTorch batches them; the values are the same here, where each runs by itself.

    >>> import gnomon as torch
    >>> torch.autograd.functional.jacobian(lambda x: x * x, torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in ("reverse-mode", "forward-mode"):
        raise ValueError(
            f"jacobian: strategy is 'reverse-mode' or 'forward-mode', given {strategy!r}."
        )
    if strict and vectorize:
        raise RuntimeError(
            "jacobian: strict=True and vectorize=True are not supported together."
        )
    if strategy == "forward-mode" and not vectorize:
        raise NotImplementedError(
            'jacobian: strategy="forward-mode" is only supported with vectorize=True.'
        )
    with enable_grad():
        given = _prepared(inputs, create_graph)
        outputs = func(*given)
        table = tuple(
            [
                _rows("jacobian", output, given, create_graph, strict)
                for output in _tuple(outputs)
            ]
        )
    finished = tuple([_tuple(_finished(row, create_graph)) for row in table])
    if isinstance(outputs, Tensor):
        return finished[0][0] if isinstance(inputs, Tensor) else finished[0]
    return tuple([row[0] for row in finished]) if isinstance(inputs, Tensor) else finished


def hessian(
    func: Differentiable,
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: Literal["reverse-mode", "forward-mode"] = "reverse-mode",
) -> Tensors | tuple[tuple[Tensor, ...], ...]:
    """Return the matrix of second derivatives of ``func``, whose output has one element: shaped
    input by input; for several inputs a tuple of tuples.

    >>> import gnomon as torch
    >>> torch.autograd.functional.hessian(lambda x: (x * x).sum(), torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 2.]])
    """
    return jacobian(
        _gradient_of("hessian", func, isinstance(inputs, Tensor), strict),
        inputs,
        create_graph,
        strict,
        vectorize,
        outer_jacobian_strategy,
    )


def vhp(
    func: Differentiable,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Tensors, Tensors]:
    """Return ``func(*inputs)``, of one element, and ``v`` times its Hessian."""
    gradient = _gradient_of("vhp", func, isinstance(inputs, Tensor), strict)
    value = _value(func, inputs, create_graph)
    return value, vjp(
        gradient, inputs, _as(inputs, _vectors("vhp", v, inputs)), create_graph, strict
    )[1]


def hvp(
    func: Differentiable,
    inputs: Tensors,
    v: Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Tensors, Tensors]:
    """Return ``func(*inputs)``, of one element, and its Hessian times ``v``."""
    gradient = _gradient_of("hvp", func, isinstance(inputs, Tensor), strict)
    value = _value(func, inputs, create_graph)
    return value, jvp(
        gradient, inputs, _as(inputs, _vectors("hvp", v, inputs)), create_graph, strict
    )[1]


def _value(func: Differentiable, inputs: Tensors, create_graph: bool) -> Tensors:
    with enable_grad():
        return _finished(func(*_prepared(inputs, create_graph)), create_graph)


def _gradient_of(
    operation: str, func: Differentiable, single: bool, strict: bool
) -> Differentiable:
    """Return the function that gives the gradient of ``func``."""

    def gradient(*inputs: Tensor) -> Tensors:
        output = func(*inputs)
        if not isinstance(output, Tensor):
            raise RuntimeError(
                f"The function given to {operation} should return a single Tensor."
            )
        if output.numel() != 1:
            raise RuntimeError(
                f"The Tensor returned by the function given to {operation} should contain a "
                f"single element, given {output.describe()}."
            )
        found = _gradients(
            operation, (output,), inputs, (ones_like(output).detach(),), True, strict
        )
        return found[0] if single else found

    return gradient


def _tuple(tensors: Tensors) -> tuple[Tensor, ...]:
    return (tensors,) if isinstance(tensors, Tensor) else tuple(tensors)


def _as(prototype: Tensors, tensors: tuple[Tensor, ...]) -> Tensors:
    return tensors[0] if isinstance(prototype, Tensor) else tensors


def _prepared(inputs: Tensors, create_graph: bool) -> tuple[Tensor, ...]:
    """Return what the function is called with: of its own, so that the graph ends or passes
    here.
    """
    return tuple(
        [
            value.view_as(value)
            if create_graph and value.requires_grad
            else value.detach().requires_grad_()
            for value in _tuple(inputs)
        ]
    )


def _finished(tensors: Tensors, create_graph: bool) -> Tensors:
    if create_graph:
        return tensors
    return _as(tensors, tuple([tensor.detach() for tensor in _tuple(tensors)]))


def _vectors(operation: str, v: Tensors | None, like: Tensors) -> tuple[Tensor, ...]:
    """Return the vector to multiply by, which is shaped like ``like``."""
    expected = _tuple(like)
    if v is None:
        if len(expected) != 1 or expected[0].numel() != 1:
            raise RuntimeError(
                f"{operation}: the vector v can only be None if it has one element, given "
                f"{', '.join(tensor.describe() for tensor in expected)}. Pass v."
            )
        return (ones_like(expected[0]).detach(),)
    vectors = _tuple(v)
    if [vector.shape for vector in vectors] != [tensor.shape for tensor in expected]:
        raise RuntimeError(
            f"{operation}: v has invalid size, given "
            f"{', '.join(vector.describe() for vector in vectors)} for "
            f"{', '.join(tensor.describe() for tensor in expected)}. Give v of the same shapes."
        )
    return vectors


def _gradients(
    operation: str,
    outputs: tuple[Tensor, ...],
    inputs: tuple[Tensor, ...],
    weights: tuple[Tensor, ...],
    create_graph: bool,
    strict: bool,
) -> tuple[Tensor, ...]:
    """Return the gradients of the weighted outputs, zeros for what does not depend."""
    pairs = [
        (output, weight)
        for output, weight in zip(outputs, weights, strict=True)
        if output.requires_grad
    ]
    found: tuple[Tensor | None, ...] = (None,) * len(inputs)
    if pairs:
        found = grad(
            [output for output, _ in pairs],
            inputs,
            [weight for _, weight in pairs],
            retain_graph=True,
            create_graph=create_graph,
            allow_unused=True,
        )
    if strict and (len(pairs) < len(outputs) or None in found):
        raise RuntimeError(
            f"{operation}: an output of the function is independent of input "
            f"{found.index(None) if None in found else 0}, which strict=True does not allow."
        )
    return tuple(
        [
            zeros_like(value).detach() if gradient is None else gradient
            for value, gradient in zip(inputs, found, strict=True)
        ]
    )


def _rows(
    operation: str, output: Tensor, inputs: tuple[Tensor, ...], create_graph: bool, strict: bool
) -> tuple[Tensor, ...]:
    """Return the Jacobian of one output, shaped output by input, for every input."""
    rows = []
    for place in range(output.numel()):
        weight = zeros_like(output).detach()
        write(weight.view(-1).select(0, place), 1)
        rows.append(_gradients(operation, (output,), inputs, (weight,), create_graph, strict))
    if not rows:
        return tuple(
            [
                zeros((*output.shape, *value.shape), dtype=value.dtype, device=value.device)
                for value in inputs
            ]
        )
    return tuple(
        [
            stack(column).view((*output.shape, *value.shape))
            for column, value in zip(zip(*rows, strict=True), inputs, strict=True)
        ]
    )
