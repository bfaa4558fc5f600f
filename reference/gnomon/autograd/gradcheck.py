"""Checks a derivative against central differences.

The numerical derivative is ``(f(x + eps) - f(x - eps)) / (2 eps)``, an element of an input at a
time. In float64 its error is about ``eps^2 |f'''| / 6`` from truncation and ``1e-16 |f| / eps``
from rounding, which the default ``eps`` and tolerances (PyTorch's) leave well below ``atol``.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from operator import mul
from typing import TypeAlias

from gnomon.autograd.differentiation import grad
from gnomon.autograd.jacobians import (
    Checked,
    Jacobian,
    analytical_jacobians,
    checked_inputs,
    differentiable_outputs,
    numbers_of,
    numerical_jacobians,
    random_weights,
    slope_along,
)
from gnomon.core import Cotangents, TensorCore
from gnomon.dtypes import float64
from gnomon.errors import NotSupported
from gnomon.graph.edges import set_history
from gnomon.graph.nodes import OperationNode
from gnomon.ops.joining import stack
from gnomon.tensor import Tensor
from gnomon.tensor.factories import ones_like, zeros_like

__all__ = ["gradcheck", "gradgradcheck", "GradcheckError"]

Inputs: TypeAlias = "Tensor | Sequence[object]"


class GradcheckError(RuntimeError):
    """A derivative is not the one that central differences give."""


def gradcheck(
    func: Checked,
    inputs: Inputs,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
) -> bool:
    """Return whether the gradients of ``func`` agree with central differences of step ``eps``.

    Checked are all tensors among ``inputs`` that require grad, and all outputs that do; an
    analytical value ``a`` agrees with a numerical one ``n`` when ``|a - n| <= atol + rtol
    |n|``. Two backward passes may differ by ``nondet_tol``. ``check_undefined_grad`` runs the
    backward pass without a gradient for some outputs; ``check_grad_dtypes`` wants gradients in
    the inputs' dtypes; ``check_batched_grad`` compares gradients of a batch of weights with
    those of each; ``fast_mode`` compares one random projection of the derivative instead of all
    of it.

    Raises GradcheckError, or returns False unless ``raise_exception``, when they do not agree.
    Raises ValueError when no input requires grad, and NotSupported for ``check_forward_ad``.

    >>> import gnomon as torch
    >>> x = torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradcheck(torch.sin, (x,))
    True
    """
    if check_forward_ad:
        raise NotSupported(
            "gradcheck: gnomon has no forward mode, so check_forward_ad can't be checked. "
            "Leave it away; gnomon.func.jvp and jacfwd are made of backward passes, which are "
            "checked."
        )
    listed = _listed(inputs)
    try:
        _check_inputs(listed, eps)
        outputs = differentiable_outputs(func, listed)
        if not outputs:
            return _check_without_outputs(func, listed, eps)
        if check_backward_ad:
            compare = _check_projection if fast_mode else _check_elements
            compare(func, listed, outputs, eps, atol, rtol, nondet_tol)
        if check_batched_grad:
            _check_batched(outputs, listed)
        _check_backward_multiplies_by_weight(outputs, listed, check_grad_dtypes)
        if check_undefined_grad:
            _check_undefined(func, listed)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Checked,
    inputs: Inputs,
    grad_outputs: Inputs | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
) -> bool:
    """Return whether the second derivatives of ``func`` agree with central differences of its
    first ones.

    The first derivatives are weighted by ``grad_outputs``, random numbers if not given (not
    contiguous if ``gen_non_contig_grad_outputs``), and differentiated with respect to
    ``inputs`` and weights. Everything else is as for :func:`gradcheck`.

    >>> import gnomon as torch
    >>> x = torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradgradcheck(torch.sin, (x,))
    True
    """
    if check_fwd_over_rev or not check_rev_over_rev:
        raise NotSupported(
            "gradgradcheck: gnomon has no forward mode, so only check_rev_over_rev can be "
            "checked."
        )
    listed = _listed(inputs)
    outputs = differentiable_outputs(func, listed)
    if grad_outputs is None:
        weights = random_weights(outputs, gen_non_contig_grad_outputs)
    else:
        weights = [value for value in _listed(grad_outputs) if isinstance(value, Tensor)]

    def first_derivative(*arguments: object) -> tuple[Tensor, ...]:
        given, weighting = arguments[: len(listed)], arguments[len(listed) :]
        found = grad(
            differentiable_outputs(func, given),
            [value for _, value in checked_inputs(given)],
            [value for value in weighting if isinstance(value, Tensor)],
            create_graph=True,
            allow_unused=True,
        )
        return tuple([value for value in found if value is not None])

    return gradcheck(
        first_derivative,
        (*listed, *weights),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        fast_mode=fast_mode,
    )


def _listed(inputs: Inputs) -> tuple[object, ...]:
    return (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)


def _check_inputs(inputs: Sequence[object], eps: float) -> None:
    checked = checked_inputs(inputs)
    if not checked:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them "
            "have requires_grad=True."
        )
    for place, value in checked:
        if value.dtype is not float64:
            warnings.warn(
                f"gradcheck: Input #{place} requires gradient and is not a double precision "
                f"floating point, given {value.describe()}. A step of {eps} is too small for "
                "it; convert it to float64.",
                UserWarning,
                stacklevel=3,
            )
        if value.operand.layout.overlaps_itself:
            raise RuntimeError(
                f"gradcheck: elements of input #{place} share memory, given "
                f"{value.describe()}, so none can be changed alone. Give a contiguous tensor."
            )


def _check_elements(
    func: Checked,
    inputs: Sequence[object],
    outputs: Sequence[Tensor],
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
) -> None:
    checked = checked_inputs(inputs)
    tensors = [value for _, value in checked]
    numerical = [numerical_jacobians(func, inputs, value, eps) for value in tensors]
    for number, output in enumerate(outputs):
        first, second = (
            analytical_jacobians(output, tensors),
            analytical_jacobians(output, tensors),
        )
        for (place, value), found, again, differences in zip(
            checked, first, second, numerical, strict=True
        ):
            expected = differences[number] if value.numel() else []
            if not _close(found, expected, atol, rtol):
                raise GradcheckError(
                    f"Jacobian mismatch for output {number} with respect to input {place},\n"
                    f"numerical:{expected}\nanalytical:{found}\n"
                )
            if not _close(found, again, nondet_tol, 0.0):
                raise GradcheckError(
                    "Backward is not reentrant: two passes with the same inputs and weights "
                    f"differ by more than nondet_tol={nondet_tol} for output {number} with "
                    f"respect to input {place}.\nfirst:{found}\nsecond:{again}\n"
                )


def _check_projection(
    func: Checked,
    inputs: Sequence[object],
    outputs: Sequence[Tensor],
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
) -> None:
    """Compare ``v^T J u`` for random ``u`` and ``v``: two evaluations instead of one an
    element.
    """
    checked = checked_inputs(inputs)
    tensors = [value for _, value in checked]
    weights = random_weights(outputs, False)
    directions = random_weights(tensors, False)
    for number, (output, weight) in enumerate(zip(outputs, weights, strict=True)):
        gradients = grad(output, tensors, weight, retain_graph=True, allow_unused=True)
        again = grad(output, tensors, weight, retain_graph=True, allow_unused=True)
        for (place, value), direction, gradient, second in zip(
            checked, directions, gradients, again, strict=True
        ):
            slopes = numbers_of(value if gradient is None else gradient, gradient is None)
            if second is not None and not _close(
                [slopes], [numbers_of(second)], nondet_tol, 0.0
            ):
                raise GradcheckError("Backward is not reentrant: two equal passes differ.")
            found = sum(map(mul, slopes, numbers_of(direction)))
            expected = slope_along(func, inputs, value, direction, number, weight, eps)
            # A projection adds up as many errors as the Jacobian has elements.
            scale = max(1, output.numel() * value.numel()) ** 0.5
            if not _close([[found]], [[expected]], atol * scale, rtol):
                raise GradcheckError(
                    f"Jacobian mismatch for output {number} with respect to input {place}, "
                    f"along a random direction,\nnumerical:{expected}\nanalytical:{found}\n"
                )


def _close(found: Jacobian, expected: Jacobian, atol: float, rtol: float) -> bool:
    """Return whether all elements agree; NaN agrees with nothing, an infinity with itself."""
    return len(found) == len(expected) and all(
        len(row) == len(other)
        and all(
            a == b or abs(a - b) <= atol + rtol * abs(b)
            for a, b in zip(row, other, strict=True)
        )
        for row, other in zip(found, expected, strict=True)
    )


def _check_without_outputs(func: Checked, inputs: Sequence[object], eps: float) -> bool:
    """Check that a function whose outputs don't require grad does not depend on the inputs."""
    for place, value in checked_inputs(inputs):
        for jacobian in numerical_jacobians(func, inputs, value, eps, differentiable=False):
            if any(slope != 0 for row in jacobian for slope in row):
                raise GradcheckError(
                    "Numerical gradient for function expected to be zero: no output requires "
                    f"grad, but outputs change with input {place}."
                )
    return True


def _check_backward_multiplies_by_weight(
    outputs: Sequence[Tensor], inputs: Sequence[object], check_grad_dtypes: bool
) -> None:
    tensors = [value for _, value in checked_inputs(inputs)]
    zeros = [zeros_like(output).detach() for output in outputs]
    gradients = grad(outputs, tensors, zeros, retain_graph=True, allow_unused=True)
    for value, gradient in zip(tensors, gradients, strict=True):
        if gradient is None:
            continue
        if any(number != 0 for number in numbers_of(gradient)):
            raise GradcheckError(
                "backward not multiplied by grad_output: a weight of zeros gives a gradient "
                "that is not zero."
            )
        if check_grad_dtypes and gradient.dtype is not value.dtype:
            raise GradcheckError(
                f"Gradient has dtype mismatch: {gradient.describe()} for {value.describe()}."
            )


def _check_batched(outputs: Sequence[Tensor], inputs: Sequence[object]) -> None:
    """Compare the gradients of a batch of two weights with those of each."""
    tensors = [value for _, value in checked_inputs(inputs)]
    for output in outputs:
        rows = [random_weights([output], False)[0].detach(), ones_like(output).detach()]
        batch = grad(
            output,
            tensors,
            stack(rows),
            retain_graph=True,
            allow_unused=True,
            is_grads_batched=True,
        )
        for index, row in enumerate(rows):
            single = grad(output, tensors, row, retain_graph=True, allow_unused=True)
            for together, alone in zip(batch, single, strict=True):
                if (together is None) != (alone is None) or (
                    together is not None
                    and alone is not None
                    and numbers_of(together.select(0, index)) != numbers_of(alone)
                ):
                    raise GradcheckError(
                        "Gradients of a batch differ from those of its slices."
                    )


def _check_undefined(func: Checked, inputs: Sequence[object]) -> None:
    """Run the backward pass without a gradient for each output, and for all."""
    tensors = [value for _, value in checked_inputs(inputs)]
    count = len(differentiable_outputs(func, inputs))
    for missing in [range(count), *([index] for index in range(count) if count > 1)]:
        outputs = differentiable_outputs(func, inputs)
        ends = [
            _without_gradient(output) if index in missing else output
            for index, output in enumerate(outputs)
        ]
        weights = [ones_like(output).detach() for output in outputs]
        try:
            gradients = grad(ends, tensors, weights, allow_unused=True)
        except RuntimeError as error:
            raise GradcheckError(
                "Expected backward function to handle undefined output grads: no gradient "
                "arrives for an output that is not used."
            ) from error
        if len(missing) == count and any(
            number != 0
            for value in gradients
            if value is not None
            for number in numbers_of(value)
        ):
            raise GradcheckError(
                "Expected all input grads to be undefined or zero when all output grads are "
                "undefined."
            )


def _without_gradient(output: Tensor) -> Tensor:
    """Return an alias of ``output`` whose node sends no gradient on."""
    alias = output.like(output.operand)
    node = OperationNode("UndefinedGradBackward", (output,), (alias,), (), _nothing)
    set_history(alias, node)
    return alias


def _nothing(cotangents: Cotangents, saved: Sequence[TensorCore | None]) -> Cotangents:
    return (None,)
