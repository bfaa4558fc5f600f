"""Optimizers that change one parameter at a time, each by a formula of its own.

A subclass says what it remembers of a parameter before the first step, and how a gradient
changes it. Options that several of them share:

- ``maximize`` climbs instead of descending: the gradient changes sign.
- ``differentiable`` records the step, so that gradients flow through it into the gradients and
  the learning rate; parameters may then be any tensors, not leaves only.
- ``capturable`` keeps counts of steps, and numbers given as tensors, on the device, so that the
  step reads nothing back and can be recorded and replayed.
- ``foreach`` and ``fused`` choose between implementations in PyTorch that give the same
  results. gnomon has one, whose launches an accelerator records and replays by itself as one or
  two; they are kept for state dicts.
"""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, MutableSequence
from functools import partial
from itertools import chain
from typing import ClassVar, Generic, TypeAlias, TypeVar, cast

from gnomon.compiler.compiled import Compiled
from gnomon.dtypes import float32, float64, get_default_dtype
from gnomon.graph.modes import enable_grad, is_grad_enabled, modes, set_grad_enabled, unnoted
from gnomon.graph.notes import Glance
from gnomon.memory import HostMemory
from gnomon.op.output import count_write
from gnomon.optim.checks import Number
from gnomon.optim.groups import Group, parameters_of
from gnomon.optim.optimizer import Attributes, Optimizer
from gnomon.recording import LiveNumber
from gnomon.tensor import Tensor
from gnomon.tensor.factories import full

R = TypeVar("R")
Options = TypeVar("Options", bound=Mapping[str, object])
Remembered = TypeVar("Remembered", bound=Mapping[str, object])


#: For each group, its parameters that have a gradient, with the gradient.
Gradients: TypeAlias = list[list[tuple[Tensor, Tensor]]]


class PerParameterOptimizer(Optimizer, ABC, Generic[Options, Remembered]):
    """An optimizer given by what one gradient does to one parameter."""

    #: What is remembered as a tensor of one number; PyTorch used to save plain numbers.
    counters: ClassVar[tuple[str, ...]] = ("step",)
    live_options = ("lr",)

    def _begin(self) -> None:
        super()._begin()
        self._replayed: Compiled[[Gradients], None] | None = None

    @abstractmethod
    def remembered(self, parameter: Tensor, options: Options) -> Remembered:
        """Return what to remember of ``parameter`` before its first step."""

    @abstractmethod
    def update(
        self, parameter: Tensor, gradient: Tensor, state: Remembered, options: Options
    ) -> None:
        """Change ``parameter`` and ``state`` in place, by one step along ``gradient``."""

    def __setstate__(self, state: dict[str, object]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            for parameter in parameters_of(group):
                memory = self.state.get(parameter, {})
                for name in self.counters:
                    value = memory.get(name)
                    if isinstance(value, int | float):
                        memory[name] = counter(parameter, group, value)

    def step(self, closure: Callable[[], R] | None = None) -> R | None:
        """Change every parameter that has a gradient; return what ``closure`` returned.

        ``closure``, if given, is called first, with gradients enabled: it computes the loss
        and calls ``backward``.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        gradients = [
            [(each, each.grad) for each in parameters_of(group) if each.grad is not None]
            for group in self.param_groups
        ]
        differentiable = bool(self.defaults.get("differentiable", False))
        with set_grad_enabled(differentiable):
            if differentiable or all(
                each.device.type == "cpu" for each, _ in chain(*gradients)
            ):
                self._update_all(gradients)
            else:
                self._replay_or_update(gradients)
        return loss

    def _update_all(self, gradients: Gradients) -> None:
        for group, pairs in zip(self.param_groups, gradients, strict=True):
            if modes.notes is not None and not isinstance(group["lr"], Tensor):
                group = {**group, "lr": LiveNumber(partial(_rate, group))}
            for parameter, gradient in pairs:
                self._update_with(parameter, gradient, group)

    def _replay_or_update(self, gradients: Gradients) -> None:
        """Update all; a device that can replay launches takes a kernel or two for it."""
        if self._replayed is None:
            self._replayed = Compiled(_update_of(weakref.ref(self)))
        self._replayed(gradients)

    def _memories(self) -> tuple[object, ...]:
        """Return where what is remembered is, on which a recorded step relies."""
        return tuple(
            [
                value.operand if isinstance(value, Tensor) else value
                for group in self.param_groups
                for parameter in parameters_of(group)
                for value in self.state.get(parameter, {}).values()
            ]
        )

    def _look_at_memories(self, glance: Glance) -> None:
        """Lead ``glance`` to what is remembered."""
        remembered = [memory.values() for memory in self.state.values()]
        glance.look_at(Attributes(self), self.state.values(), *remembered)
        glance.locate([each for each in chain(*remembered) if isinstance(each, Tensor)])

    def _update_with(self, parameter: Tensor, gradient: Tensor, group: Group) -> None:
        memory = self.state.get(parameter) or self.remember(parameter, group)
        if group.get("maximize", False):
            gradient = -gradient
        self.update(parameter, gradient, cast("Remembered", memory), cast("Options", group))

    def remember(self, parameter: Tensor, group: Group) -> dict[str, object]:
        """Return the state of ``parameter`` before its first step, kept if there is any."""
        memory = dict(self.remembered(parameter, cast("Options", group)))
        if memory:
            self.state[parameter] = memory
        return memory


def _update_of(
    reference: weakref.ref[PerParameterOptimizer[Options, Remembered]],
) -> Callable[[Gradients], None]:
    """Return what updates the parameters of an optimizer, which it does not keep alive."""

    def optimizer() -> PerParameterOptimizer[Options, Remembered]:
        found = reference()
        assert found is not None
        return found

    def update(gradients: Gradients) -> None:
        optimizer()._update_all(gradients)
        if modes.notes is not None:
            modes.notes.rely_on(
                optimizer(),
                lambda: optimizer()._options(),
                lambda glance: optimizer()._look(glance),
            )
            modes.notes.rely_on(
                optimizer().state,
                lambda: optimizer()._memories(),
                lambda glance: optimizer()._look_at_memories(glance),
            )

    return update


def counter(parameter: Tensor, options: Mapping[str, object], value: float = 0.0) -> Tensor:
    """Return a number to remember: where the parameter is if capturable, else on the CPU.

    It is float32, or float64 where that is the default dtype; always float32 if ``fused``.
    """
    on_device = bool(options.get("capturable") or options.get("fused"))
    wide = get_default_dtype() is float64 and not options.get("fused")
    dtype = float64 if wide else float32
    with unnoted():  # made once, not by every replay
        return full((), value, dtype=dtype, device=parameter.device if on_device else "cpu")


def _rate(group: Group) -> float:
    return cast("float", group["lr"])


def counted(step: Tensor, capturable: bool = False) -> Number:
    """Count one step; return how many there were.

    Replays of a recorded call count on, and find the number they have come to.
    """
    notes = modes.notes
    if capturable:
        return step.add_(1)
    if notes is not None and step.device.type != "cpu":
        backend = step.operand.storage.backend
        # As exact as the number that is read otherwise.
        return step.add_(1).to(float64 if backend.supports("pow", (float64,)) else float32)
    if notes is None:
        return _advance(step)
    with unnoted():
        count = [_advance(step)]

    def advance() -> None:
        count[0] = _advance(step)

    notes.again(advance)
    return LiveNumber(lambda: count[0])


def _advance(step: Tensor) -> float:
    """Add 1 to a counter, and return the sum: ``add_`` and ``item`` cost six times as much,
    which every parameter would pay at every step.
    """
    storage, layout, dtype = step.operand
    memory = storage.memory
    if not isinstance(memory, HostMemory) or dtype not in (float32, float64):
        return float(step.add_(1).item())
    cells = cast("MutableSequence[float]", memory.cells(dtype.cell))
    cells[layout.offset] += 1.0
    count_write(step)
    return cells[layout.offset]


def scalar(value: Number, capturable: bool = False) -> Number:
    """Return a number given as a tensor: as it is where the step must not read it or where a
    gradient is to flow to it, else its value.
    """
    if not isinstance(value, Tensor):
        return value
    if capturable or (is_grad_enabled() and value.requires_grad):
        return value.squeeze()
    return value.item()


def kept(tensor: Tensor) -> Tensor:
    """Return a tensor that goes on to change in place, copied if a derivative will read it."""
    return tensor.clone() if is_grad_enabled() else tensor


def decayed(gradient: Tensor, parameter: Tensor, weight_decay: Number) -> Tensor:
    """Return the gradient of the loss with ``weight_decay / 2 * |parameter|^2`` added to it."""
    weight_decay = scalar(weight_decay)
    if isinstance(weight_decay, Tensor):
        return gradient + weight_decay * kept(parameter)
    return gradient.add(parameter, alpha=weight_decay) if weight_decay else gradient


def shrink_(parameter: Tensor, lr: Number, weight_decay: Number) -> None:
    """``parameter *= 1 - lr * weight_decay``, in place: decay apart from the gradient."""
    weight_decay = scalar(weight_decay)
    if isinstance(weight_decay, Tensor) or weight_decay != 0:
        parameter.mul_(1 - lr * weight_decay)


def add_scaled_(target: Tensor, update: Tensor, scale: Number) -> None:
    """``target += scale * update``, in place."""
    if isinstance(scale, Tensor):
        target.addcmul_(kept(update), scale)
    else:
        target.add_(update, alpha=scale)


def add_quotient_(
    target: Tensor, numerator: Tensor, denominator: Tensor, scale: Number
) -> None:
    """``target += scale * numerator / denominator``, in place."""
    if isinstance(scale, Tensor):
        target.addcdiv_(kept(numerator) * scale, kept(denominator))
    else:
        target.addcdiv_(kept(numerator), kept(denominator), value=scale)


def average_(average: Tensor, value: Tensor, weight: Number) -> None:
    """Move a running average towards ``value`` by ``weight``, in place."""
    if isinstance(weight, Tensor):
        average.copy_(kept(average).lerp(value, weight.to(average.dtype)))
    else:
        average.lerp_(value, weight)


def average_square_(average: Tensor, value: Tensor, beta: Number) -> None:
    """``average = beta * average + (1 - beta) * value^2``, in place."""
    if isinstance(beta, Tensor):
        average_(average, value * value, 1 - beta)
    else:
        average.mul_(beta).addcmul_(value, value, value=1 - beta)
