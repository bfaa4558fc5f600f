"""Hooks on the backward pass of a module as a whole.

The module's inputs and its outputs each go through a node that passes gradients on unchanged.
Hooks on these two nodes see the gradients that leave the module, and those that arrive at it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TypeAlias, cast

from gnomon.autograd.function import Function, FunctionCtx
from gnomon.core import Cotangents, Node, TensorCore
from gnomon.graph.modes import modes
from gnomon.nn.modules.core import Hook, ModuleCore
from gnomon.tensor import Tensor

Gradients: TypeAlias = "tuple[TensorCore | None, ...]"


class BackwardHookFunction(Function):
    """The identity, as one node for several tensors."""

    @staticmethod
    def forward(ctx: FunctionCtx, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.mark_non_differentiable(*[each for each in tensors if not each.requires_grad])
        return tensors

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        return gradients


class BackwardHooks:
    """The backward hooks of one call of a module."""

    def __init__(
        self, module: ModuleCore, hooks: Sequence[Hook], prehooks: Sequence[Hook]
    ) -> None:
        self.module = module
        self.hooks = hooks
        self.prehooks = prehooks
        self._arrived: Gradients | None = None
        self._input_places: Sequence[int] | None = None
        self._output_places: Sequence[int] = ()
        self._inputs = 0
        self._outputs = 0

    def watch_inputs(self, args: tuple[object, ...]) -> tuple[object, ...]:
        """Return the module's arguments with the hooks on the gradients that leave it."""
        self._inputs = len(args)
        watched, self._input_places = _through_node(args, self._watch_leaving)
        return watched

    def watch_outputs(self, result: object) -> object:
        """Return the module's result with the hooks on the gradients that arrive at it."""
        results = result if isinstance(result, tuple) else (result,)
        self._outputs = len(results)
        watched, places = _through_node(results, self._watch_arriving)
        self._output_places = places or ()
        return watched if isinstance(result, tuple) else watched[0]

    def _watch_leaving(self, node: Node) -> None:
        def hook(leaving: Cotangents, _: Cotangents) -> Cotangents | None:
            if self._arrived is None:
                return None  # The gradient came another way than through the outputs.
            places = self._input_places or ()
            gradients = _spread(places, leaving, self._inputs)
            for each in self.hooks:
                returned = each(self.module, gradients, self._arrived)
                if returned is not None:
                    gradients = _checked("hook", "grad_input", returned, len(gradients))
            self._arrived = None
            return tuple([gradients[place] for place in places])

        node.register_hook(hook)

    def _watch_arriving(self, node: Node) -> None:
        def hook(_: Cotangents, arriving: Cotangents) -> Cotangents | None:
            gradients = _spread(self._output_places, arriving, self._outputs)
            for each in self.prehooks:
                returned = each(self.module, gradients)
                if returned is not None:
                    gradients = _checked("pre hook", "grad_output", returned, len(gradients))
            self._arrived = gradients
            if self._input_places is None:
                self._call_without_inputs()
            return tuple([gradients[place] for place in self._output_places])

        node.register_hook(hook)

    def _call_without_inputs(self) -> None:
        """Call the hooks although no gradient will leave the module."""
        if self.hooks:
            warnings.warn(
                "Full backward hook is firing when gradients are computed with respect to "
                "module outputs since no inputs require gradients. Let an input require grad "
                "to see its gradient.",
                UserWarning,
                stacklevel=2,
            )
        none: Gradients = (None,) * self._inputs
        for each in self.hooks:
            returned = each(self.module, none, self._arrived)
            if returned is not None and not (
                isinstance(returned, tuple) and all(value is None for value in returned)
            ):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always "
                    "return None or None for all gradients."
                )
        self._arrived = None


def _through_node(
    values: tuple[object, ...], watch: Callable[[Node], None]
) -> tuple[tuple[object, ...], Sequence[int] | None]:
    """Return the values with their tensors as outputs of one node, and where those stand.

    Without a tensor that requires grad there is no node, and None.
    """
    places = [place for place, value in enumerate(values) if isinstance(value, Tensor)]
    tensors = [cast(Tensor, values[place]) for place in places]
    if not modes.grad or not any(tensor.requires_grad for tensor in tensors):
        return values, None
    passed = cast("tuple[Tensor, ...]", BackwardHookFunction.apply(*tensors))
    node = next(tensor.grad_fn for tensor in passed if tensor.grad_fn is not None)
    watch(node)
    replaced = list(values)
    for place, tensor in zip(places, passed, strict=True):
        replaced[place] = tensor
    return tuple(replaced), places


def _spread(places: Sequence[int], gradients: Cotangents, count: int) -> Gradients:
    spread: list[TensorCore | None] = [None] * count
    for place, gradient in zip(places, gradients, strict=True):
        spread[place] = gradient
    return tuple(spread)


def _checked(kind: str, what: str, returned: object, expected: int) -> Gradients:
    gradients = returned if isinstance(returned, Sequence) else (returned,)
    if len(gradients) != expected:
        raise RuntimeError(
            f"Backward {kind} returned an invalid number of {what}, got {len(gradients)}, but "
            f"expected {expected}. Return a tuple with one for each, or None."
        )
    return tuple(gradients)
