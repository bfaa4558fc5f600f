"""``GradScaler``: losses scaled up, so that small gradients do not vanish in half precision."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING, Protocol, TypeVar, cast, overload

from gnomon.autograd.grad_mode import no_grad
from gnomon.cuda.devices import is_available
from gnomon.dtypes import finfo, float16, float32
from gnomon.errors import explain, warn
from gnomon.ops.comparison import isfinite
from gnomon.ops.joining import stack
from gnomon.optim.groups import parameters_of
from gnomon.optim.optimizer import Optimizer
from gnomon.tensor import Tensor
from gnomon.tensor.factories import full

if TYPE_CHECKING:
    from gnomon.devices import Device

__all__ = ["GradScaler"]

Nested = TypeVar("Nested", bound=Iterable[object])


class _Stepping(Protocol):
    """An optimizer, as something whose step may be called with any arguments."""

    def step(self, *args: object, **kwargs: object) -> object: ...


class _Stage(Enum):
    UNSCALED = "unscale_() has already been called on this optimizer since the last update()."
    STEPPED = "step() has already been called since the last update()."


class GradScaler:
    """Scales losses, takes the scale out of gradients, and leaves a step out where one of them
    is not finite.

    ``update`` multiplies the scale by ``growth_factor`` after ``growth_interval`` steps in a
    row with finite gradients, and by ``backoff_factor`` after a step that was left out. With
    ``enabled=False``, or for "cuda" where nothing gives it a meaning, losses and gradients stay
    as they are. Raises ValueError for a factor that would not grow, or not shrink, the scale.

    >>> import gnomon as torch
    >>> weight = torch.tensor([1.0], requires_grad=True)
    >>> optimizer, scaler = torch.optim.SGD([weight], lr=0.5), GradScaler("cpu")
    >>> scaler.scale((weight * weight).sum()).backward()
    >>> scaler.step(optimizer); scaler.update()
    >>> weight, scaler.get_scale()
    (tensor([0.], requires_grad=True), 65536.0)
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        if enabled and device == "cuda" and not is_available():
            warn('GradScaler is not enabled: "cuda" means no device here.')
            enabled = False
        self._enabled = enabled
        self._scale = init_scale
        self._growth_tracker = 0
        self.set_growth_factor(growth_factor)
        self.set_backoff_factor(backoff_factor)
        self.set_growth_interval(growth_interval)
        self._stages: dict[int, _Stage] = {}
        self._all_finite: dict[int, bool] = {}

    @overload
    def scale(self, outputs: Tensor) -> Tensor: ...
    @overload
    def scale(self, outputs: Nested) -> Nested: ...
    def scale(self, outputs: Tensor | Nested) -> Tensor | Nested:
        """Return a tensor, or every tensor in lists and tuples, times the scale.

        Raises ValueError for anything else.
        """
        return cast("Tensor | Nested", self._scaled(outputs) if self._enabled else outputs)

    def _scaled(self, outputs: object) -> object:
        if isinstance(outputs, Tensor):
            return outputs * full((), self._scale, dtype=float32, device=outputs.device)
        if isinstance(outputs, list | tuple):
            parts = [self._scaled(output) for output in outputs]
            return parts if isinstance(outputs, list) else tuple(parts)
        raise ValueError(
            explain(
                "GradScaler.scale",
                f"outputs are a tensor, or lists and tuples of tensors, not {type(outputs)}",
                remedy="Give the loss",
            )
        )

    def unscale_(self, optimizer: Optimizer) -> None:
        """Divide the gradients of an optimizer's parameters by the scale, for instance to clip
        them; ``step`` does it by itself otherwise.

        Raises RuntimeError after ``unscale_`` or ``step`` of the same optimizer, until
        ``update``; ValueError for gradients in float16.
        """
        if not self._enabled:
            return
        stage = self._stages.get(id(optimizer))
        if stage is not None:
            raise RuntimeError(
                explain("GradScaler.unscale_", stage.value, remedy="Call update() before")
            )
        gradients = [
            parameter.grad
            for group in optimizer.param_groups
            for parameter in parameters_of(group)
            if parameter.grad is not None
        ]
        if any(gradient.dtype == float16 for gradient in gradients):
            raise ValueError(
                explain(
                    "GradScaler.unscale_",
                    "Attempting to unscale FP16 gradients",
                    remedy="Keep the parameters in float32",
                )
            )
        self._all_finite[id(optimizer)] = self._divide(gradients)
        self._stages[id(optimizer)] = _Stage.UNSCALED

    def _divide(self, gradients: list[Tensor]) -> bool:
        """Divide all by the scale; return whether all are finite, reading once per device."""
        finite: dict[Device, list[Tensor]] = {}
        with no_grad():
            for gradient in gradients:
                finite.setdefault(gradient.device, []).append(isfinite(gradient).all())
                gradient.mul_(1.0 / self._scale)
            return all(bool(stack(answers).all()) for answers in finite.values())

    def step(self, optimizer: Optimizer, *args: object, **kwargs: object) -> object:
        """Call ``optimizer.step(*args, **kwargs)`` if all its gradients are finite, and return
        what it returns.

        Raises RuntimeError when called twice before ``update``, when no parameter has a
        gradient, and for a closure.
        """
        step = cast("_Stepping", optimizer).step
        if not self._enabled:
            return step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError(
                explain(
                    "GradScaler.step",
                    "a closure is not supported, for its losses are not scaled",
                    remedy="Call the optimizer's own step",
                )
            )
        if self._stages.get(id(optimizer)) is _Stage.STEPPED:
            raise RuntimeError(
                explain("GradScaler.step", _Stage.STEPPED.value, remedy="Call update() before")
            )
        if id(optimizer) not in self._stages:
            self.unscale_(optimizer)
        self._stages[id(optimizer)] = _Stage.STEPPED
        return step(*args, **kwargs) if self._all_finite[id(optimizer)] else None

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Let the scale grow or shrink by what was found since the last call, or be
        ``new_scale``.

        Raises RuntimeError if no gradients were looked at since.
        """
        if not self._enabled:
            return
        if new_scale is not None:
            self._scale = float(new_scale)
        elif not self._all_finite:
            raise RuntimeError(
                explain(
                    "GradScaler.update",
                    "no gradients were looked at since the last update()",
                    remedy="Call step(optimizer) or unscale_(optimizer) before",
                )
            )
        elif not all(self._all_finite.values()):
            self._scale *= self._backoff_factor
            self._growth_tracker = 0
        else:
            self._count_finite()
        self._stages.clear()
        self._all_finite.clear()

    def _count_finite(self) -> None:
        self._growth_tracker += 1
        if self._growth_tracker == self._growth_interval:
            grown = self._scale * self._growth_factor
            if grown <= finfo(float32).max:
                self._scale = grown
            self._growth_tracker = 0

    def get_scale(self) -> float:
        """Return the scale, 1.0 when not enabled."""
        return self._scale if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """Return what the scale is multiplied by when it grows."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Set what the scale is multiplied by when it grows, a number above 1."""
        if self._enabled and not new_factor > 1.0:
            raise ValueError(
                explain("GradScaler", f"growth_factor must be above 1, got {new_factor}")
            )
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """Return what the scale is multiplied by after gradients that are not finite."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Set what the scale is multiplied by when it shrinks, a number below 1."""
        if self._enabled and not new_factor < 1.0:
            raise ValueError(
                explain("GradScaler", f"backoff_factor must be below 1, got {new_factor}")
            )
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """Return after how many steps with finite gradients the scale grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Set after how many steps with finite gradients the scale grows."""
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        """Return whether losses are scaled."""
        return self._enabled

    def state_dict(self) -> dict[str, float | int]:
        """Return the scale and the options, nothing when not enabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale,
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, float | int]) -> None:
        """Take over what ``state_dict`` returned; does nothing when not enabled.

        Raises RuntimeError for the state of a scaler that was not enabled.
        """
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                explain(
                    "GradScaler.load_state_dict",
                    "the state is empty",
                    remedy="It was saved by a scaler that was not enabled; keep this one's",
                )
            )
        self._scale = state_dict["scale"]
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = int(state_dict["growth_interval"])
        self._growth_tracker = int(state_dict["_growth_tracker"])
