"""Checkpointing: computing a part of a program again in backward, instead of keeping what it
computed.

Chen, Xu, Zhang and Guestrin, "Training Deep Nets with Sublinear Memory Cost", 2016.

>>> import gnomon as torch
>>> x = torch.tensor([1.0, 2.0], requires_grad=True)
>>> y = checkpoint(lambda x: x.sin().exp(), x, use_reentrant=False)
>>> y.sum().backward()
>>> torch.allclose(x.grad, (x.cos() * x.sin().exp()))
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from typing import Literal, NamedTuple, TypeAlias, TypeVar, cast, final

from gnomon.autograd.function import Function, FunctionCtx
from gnomon.autograd.graph import saved_tensors_hooks
from gnomon.devices import CPU, Device
from gnomon.dtypes import DType
from gnomon.errors import warn
from gnomon.func.trees import tensors_of
from gnomon.graph.gradients import backward
from gnomon.graph.modes import enable_grad, modes, no_grad
from gnomon.nn.modules.container import Sequential
from gnomon.op.random_generator import default_stream
from gnomon.random import fork_rng
from gnomon.tensor import Tensor

__all__ = [
    "CheckpointError",
    "CheckpointFunction",
    "checkpoint",
    "checkpoint_sequential",
    "noop_context_fn",
    "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop",
]

R = TypeVar("R")
#: Makes two contexts: for the forward call, and for computing it again.
ContextFunction: TypeAlias = (
    "Callable[[], tuple[AbstractContextManager[object], AbstractContextManager[object]]]"
)


class CheckpointError(RuntimeError):
    """What was computed again is not what was computed before."""


def noop_context_fn() -> tuple[AbstractContextManager[object], AbstractContextManager[object]]:
    """Return two contexts that do nothing."""
    return nullcontext(), nullcontext()


def checkpoint(
    function: Callable[..., R],
    *args: object,
    use_reentrant: bool | None = None,
    context_fn: ContextFunction = noop_context_fn,
    determinism_check: Literal["default", "none"] = "default",
    debug: bool = False,
    early_stop: bool = True,
    preserve_rng_state: bool = True,
    **kwargs: object,
) -> R:
    """Return ``function(*args, **kwargs)``; what backward needs of it is computed again then.

    Random numbers are the same again, unless ``preserve_rng_state`` is False. Without
    ``use_reentrant``, which is recommended, saved tensors are computed when the first of them
    is needed, and no further than the last (``early_stop``); their shapes, dtypes and devices
    must be what they were, or CheckpointError is raised, unless ``determinism_check`` is
    "none"; ``context_fn`` makes contexts for the two calls. With it the call becomes one node,
    whose backward calls ``function`` with inputs cut off the graph and runs a pass of its own:
    at least one of ``args`` must require grad, and ``autograd.grad`` is refused. ``debug`` has
    no effect.

    Raises ValueError for arguments that go with the other way only.
    """
    if use_reentrant is None:
        warn(
            "checkpoint: the use_reentrant parameter should be passed explicitly. The default "
            "is True; use_reentrant=False is recommended."
        )
        use_reentrant = True
    if not use_reentrant:
        if determinism_check not in ("default", "none"):
            raise ValueError(
                "checkpoint: determinism_check should be 'default' or 'none', but got "
                f"{determinism_check!r}."
            )
        contexts = context_fn()
        stops = _settings.early_stop if _settings.early_stop is not None else early_stop
        region = _Region(
            lambda: function(*args, **kwargs),
            _Generators((args, kwargs)) if preserve_rng_state else None,
            contexts[1],
            determinism_check == "default",
            stops,
        )
        with contexts[0], saved_tensors_hooks(region.pack, region.unpack):
            return function(*args, **kwargs)
    if kwargs:
        raise ValueError(
            f"checkpoint: Unexpected keyword arguments: {', '.join(kwargs)}. They are for "
            "use_reentrant=False."
        )
    if context_fn is not noop_context_fn or debug:
        raise ValueError(
            "checkpoint: Passing context_fn or debug is only supported when "
            "use_reentrant=False."
        )
    return cast(R, CheckpointFunction.apply(function, preserve_rng_state, *args))


def checkpoint_sequential(
    functions: Sequential | Iterable[Callable[..., object]],
    segments: int,
    input: object,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
) -> object:
    """Return ``input`` after all ``functions``, in ``segments`` parts that are checkpointed.

    The last part is not: backward begins with it.
    """
    if use_reentrant is None:
        warn(
            "checkpoint_sequential: the use_reentrant parameter should be passed explicitly. "
            "The default is True; use_reentrant=False is recommended."
        )
        use_reentrant = True
    steps = list(functions.children() if isinstance(functions, Sequential) else functions)
    length = len(steps) // segments
    if length == 0 and segments > 1:
        raise ValueError(
            f"checkpoint_sequential: {len(steps)} functions cannot be cut into {segments} "
            "segments. Take no more segments than functions."
        )
    first = 0
    for first in range(length, length * segments, length):
        input = checkpoint(
            _chained(steps[first - length : first]),
            input,
            use_reentrant=use_reentrant,
            preserve_rng_state=preserve_rng_state,
        )
    return _chained(steps[first:])(input)


def _chained(steps: Sequence[Callable[..., object]]) -> Callable[[object], object]:
    def chain(value: object) -> object:
        for step in steps:
            value = step(value)
        return value

    return chain


@contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """In this context, checkpoints compute as far as needed, or all, whatever they say."""
    previous = _settings.early_stop
    _settings.early_stop = enable
    try:
        yield
    finally:
        _settings.early_stop = previous


@contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Iterator[None]:
    """Do nothing: errors say what differs in any case."""
    yield


class _Settings:
    early_stop: bool | None = None


_settings = _Settings()


class _Metadata(NamedTuple):
    """What must be the same of a tensor that is computed again."""

    shape: tuple[int, ...]
    dtype: DType
    device: Device


def _metadata_of(tensor: Tensor) -> _Metadata:
    return _Metadata(tuple(tensor.shape), tensor.dtype, tensor.device)


class _Enough(Exception):
    """All tensors that are needed have been computed again."""


@final
class _Generators:
    """The states of the default generators of the CPU and of the devices of some tensors."""

    def __init__(self, tree: object) -> None:
        devices = {tensor.device for tensor in tensors_of(tree)} - {CPU}
        self._states = {
            device: default_stream(device).state_bytes() for device in (CPU, *devices)
        }

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Draw inside the block what was drawn then, and go on afterwards as if not."""
        with fork_rng([device for device in self._states if device != CPU]):
            for device, state in self._states.items():
                default_stream(device).set_state_bytes(state)
            yield


@final
class _Region:
    """A call of which no saved tensor is kept: only how many there were, and what they were."""

    def __init__(
        self,
        call: Callable[[], object],
        generators: _Generators | None,
        context: AbstractContextManager[object],
        checks: bool,
        stops_early: bool,
    ) -> None:
        self._call = call
        self._generators = generators
        self._context = context
        self._checks = checks
        self._stops_early = stops_early
        self._saved: list[_Metadata] = []
        self._again: dict[int, Tensor] = {}

    def pack(self, tensor: Tensor) -> int:
        self._saved.append(_metadata_of(tensor))
        return len(self._saved) - 1

    def unpack(self, packed: object) -> Tensor:
        place = cast(int, packed)
        if place not in self._again:
            self._again = dict(enumerate(self._computed_again()))
        # Given once: a second pass through the same graph computes it once more.
        return self._again.pop(place)

    def _computed_again(self) -> list[Tensor]:
        found: list[Tensor] = []

        def keep(tensor: Tensor) -> int:
            found.append(tensor.detach())
            if self._stops_early and len(found) == len(self._saved):
                raise _Enough
            return len(found) - 1

        with ExitStack() as contexts:
            if self._generators is not None:
                contexts.enter_context(self._generators.restored())
            contexts.enter_context(enable_grad())
            contexts.enter_context(self._context)
            contexts.enter_context(
                saved_tensors_hooks(keep, lambda place: found[cast(int, place)])
            )
            with suppress(_Enough):
                self._call()
        self._check([_metadata_of(tensor) for tensor in found])
        return found

    def _check(self, found: list[_Metadata]) -> None:
        if len(found) != len(self._saved):
            raise CheckpointError(
                "checkpoint: A different number of tensors was saved during the original "
                f"forward and recomputation: {len(self._saved)} before, {len(found)} now. The "
                "function must do the same both times."
            )
        for place, (before, now) in enumerate(zip(self._saved, found, strict=True)):
            if self._checks and before != now:
                raise CheckpointError(
                    "checkpoint: Recomputed values have different metadata than during the "
                    f"forward pass: saved tensor {place} was {before}, is {now}. The function "
                    "must do the same both times."
                )


class CheckpointFunction(Function):
    """The node of a checkpoint with ``use_reentrant=True``."""

    @staticmethod
    def forward(
        ctx: _Call, function: Callable[..., object], preserve: bool, *args: object
    ) -> object:
        if not any(isinstance(value, Tensor) and value.requires_grad for value in args):
            warn("None of the inputs have requires_grad=True. Gradients will be None")
        ctx.function = function
        ctx.generators = _Generators(args) if preserve else None
        ctx.others = [None if isinstance(value, Tensor) else value for value in args]
        ctx.are_tensors = [isinstance(value, Tensor) for value in args]
        ctx.save_for_backward(*[value for value in args if isinstance(value, Tensor)])
        with no_grad():
            return function(*args)

    @staticmethod
    def backward(ctx: _Call, *cotangents: Tensor | None) -> tuple[Tensor | None, ...]:
        running = modes.backward_pass
        if running is not None and running.inputs is not None:
            raise RuntimeError(
                "checkpoint: When use_reentrant=True, it is incompatible with .grad() or "
                "passing an `inputs` parameter to .backward(). Use use_reentrant=False, or "
                "call backward() without inputs."
            )
        tensors = iter(cast("tuple[Tensor, ...]", ctx.saved_tensors))
        inputs = [
            _cut_off(next(tensors)) if is_tensor else other
            for is_tensor, other in zip(ctx.are_tensors, ctx.others, strict=True)
        ]
        with ExitStack() as contexts:
            if ctx.generators is not None:
                contexts.enter_context(ctx.generators.restored())
            contexts.enter_context(enable_grad())
            result = ctx.function(*inputs)
        outputs = result if isinstance(result, tuple) else (result,)
        pairs = [
            (output, cotangent)
            for output, cotangent in zip(outputs, cotangents, strict=True)
            if isinstance(output, Tensor) and output.requires_grad
        ]
        if not pairs:
            raise RuntimeError(
                "checkpoint: none of output has requires_grad=True, this checkpoint() is not "
                "necessary. Call the function itself."
            )
        backward([output for output, _ in pairs], [cotangent for _, cotangent in pairs])
        gradients = [value.grad if isinstance(value, Tensor) else None for value in inputs]
        return None, None, *gradients


class _Call(FunctionCtx):
    """What the node keeps of its call."""

    function: Callable[..., object]
    generators: _Generators | None
    #: The arguments that are no tensors, and None where one is.
    others: list[object]
    are_tensors: list[bool]


def _cut_off(tensor: Tensor) -> Tensor:
    """Return the elements of ``tensor`` as a leaf that requires grad if it does."""
    return tensor.detach().requires_grad_(tensor.requires_grad)
