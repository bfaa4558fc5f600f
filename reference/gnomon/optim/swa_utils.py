"""Averages of a model's parameters over training: equal weights, or exponential ones.

Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", 2018;
Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from itertools import chain
from typing import Literal, cast

from gnomon.devices import Device
from gnomon.dtypes import DType, int64
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.nn.modules.batchnorm import _BatchNorm
from gnomon.nn.modules.module import Module
from gnomon.optim.checks import Number
from gnomon.optim.lr_scheduler.base import LRScheduler, per_group
from gnomon.optim.optimizer import Optimizer
from gnomon.tensor import Tensor
from gnomon.tensor.factories import zeros
from gnomon.tensor.options import DeviceLike

__all__ = [
    "AveragedModel",
    "SWALR",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

#: From an average, a current value and how many values were averaged, to the new average.
Average = Callable[[Tensor, Tensor, Tensor | int], Tensor]
#: The same for lists of tensors of one device and dtype, of which the first changes in place.
MultiAverage = Callable[[Sequence[Tensor], Sequence[Tensor], Tensor | int], None]


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """Return ``decay * average + (1 - decay) * current``: an exponential moving average.

    Raises ValueError unless ``decay`` is from 0 to 1.
    """
    _check_decay(decay)

    @no_grad()
    def average(averaged: Tensor, current: Tensor, num_averaged: Tensor | int) -> Tensor:
        return decay * averaged + (1 - decay) * current

    return average


def get_swa_avg_fn() -> Average:
    """Return the mean of all values: ``average + (current - average) / (num_averaged + 1)``."""

    @no_grad()
    def average(averaged: Tensor, current: Tensor, num_averaged: Tensor | int) -> Tensor:
        return averaged + (current - averaged) / (num_averaged + 1)

    return average


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """Return the average of ``get_ema_avg_fn``, of lists and in place."""
    return _in_place(get_ema_avg_fn(decay), lambda num_averaged: 1 - decay)


def get_swa_multi_avg_fn() -> MultiAverage:
    """Return the average of ``get_swa_avg_fn``, of lists and in place."""
    return _in_place(get_swa_avg_fn(), lambda num_averaged: 1 / (num_averaged + 1))


def _check_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(
            explain("get_ema_avg_fn", f"Invalid decay value {decay}", remedy="Give 0 to 1")
        )


def _in_place(average: Average, weight_of: Callable[[int], float]) -> MultiAverage:
    """Return ``average`` for lists: floating-point tensors move by a weight, which rounds once
    less.
    """

    @no_grad()
    def update(
        averaged: Sequence[Tensor], current: Sequence[Tensor], num_averaged: Tensor | int
    ) -> None:
        weight = weight_of(int(num_averaged))
        for old, new in zip(averaged, current, strict=True):
            if old.is_floating_point():
                old.lerp_(new, weight)
            else:
                old.copy_(average(old, new, num_averaged))

    return update


class AveragedModel(Module):
    """A copy of ``model`` whose parameters are averages of those given to
    ``update_parameters``.

    ``avg_fn(averaged, current, num_averaged)`` returns the new average of one parameter,
    ``multi_avg_fn`` changes lists of them in place; without either it is the mean. Buffers are
    those of the last model, or with ``use_buffers`` averaged too. Raises AssertionError when
    both functions are given.

    >>> import gnomon as torch
    >>> model = torch.nn.Linear(1, 1, bias=False)
    >>> averaged = AveragedModel(model)
    >>> for value in (1.0, 2.0, 6.0):
    ...     _ = model.weight.data.fill_(value)
    ...     averaged.update_parameters(model)
    >>> averaged.module.weight.item(), averaged.n_averaged
    (3.0, tensor(3))
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: DeviceLike = None,
        avg_fn: Average | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError(
                explain("AveragedModel", "only one of avg_fn and multi_avg_fn may be given")
            )
        module = deepcopy(model)
        self.module: Module = module if device is None else module.to(device=device)
        self.register_buffer("n_averaged", zeros((), dtype=int64, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: object, **kwargs: object) -> object:
        """Compute what the averaged model does."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the parameters of ``model`` into the average; the first are copied."""
        count = int(self.n_averaged.item())
        averaged = [tensor.detach() for tensor in self._averaged(self.module)]
        current = [
            new.detach().to(old.device)
            for old, new in zip(averaged, self._averaged(model), strict=True)
        ]
        with no_grad():
            if count == 0:
                for old, new in zip(averaged, current, strict=True):
                    old.copy_(new)
            else:
                self._average(averaged, current)
            if not self.use_buffers:
                for old, new in zip(self.module.buffers(), model.buffers(), strict=True):
                    old.copy_(new.detach().to(old.device))
            self.n_averaged.add_(1)

    def _averaged(self, model: Module) -> Iterable[Tensor]:
        """Return what is averaged of a model."""
        return chain(model.parameters(), model.buffers() if self.use_buffers else ())

    def _average(self, averaged: list[Tensor], current: list[Tensor]) -> None:
        if self.multi_avg_fn is None:
            average = self.avg_fn or get_swa_avg_fn()
            for old, new in zip(averaged, current, strict=True):
                old.copy_(average(old, new, self.n_averaged.to(old.device)))
            return
        alike: dict[tuple[Device, DType], tuple[list[Tensor], list[Tensor]]] = {}
        for old, new in zip(averaged, current, strict=True):
            olds, news = alike.setdefault((old.device, old.dtype), ([], []))
            olds.append(old)
            news.append(new)
        for (device, _), (olds, news) in alike.items():
            self.multi_avg_fn(olds, news, self.n_averaged.to(device))


@no_grad()
def update_bn(loader: Iterable[object], model: Module, device: DeviceLike = None) -> None:
    """Set the running statistics of every batch norm to the mean over ``loader``.

    ``loader`` gives batches, or tuples or lists that begin with one, which are moved to
    ``device`` and given to the model in training mode. An averaged model needs this before it
    is evaluated, as its batch norms have never seen data.
    """
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    was_training = model.training
    model.train()
    for norm in norms:
        norm.reset_running_stats()
        # Without a momentum, running statistics are means over all batches.
        norm.momentum = None
    for batch in loader:
        inputs = cast("Tensor", batch[0] if isinstance(batch, list | tuple) else batch)
        model(inputs if device is None else inputs.to(device=device))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """From the rate there is to ``swa_lr``, one or one for each group, in ``anneal_epochs``
    steps along a cosine or a line (``anneal_strategy``), then constant.

    Raises ValueError for another strategy, fewer than 0 epochs, or a list that does not fit.

    >>> import gnomon as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = SWALR(optimizer, 0.5, anneal_epochs=2, anneal_strategy="linear")
    >>> for _ in range(3):
    ...     print(scheduler.get_last_lr())
    ...     optimizer.step()
    ...     scheduler.step()
    [1.0]
    [0.75]
    [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        rates = per_group("SWALR", optimizer, "swa_lr", swa_lr)
        for rate, group in zip(rates, optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                explain(
                    "SWALR",
                    "anneal_strategy must be one of 'cos' or 'linear', instead got "
                    f"{anneal_strategy}",
                )
            )
        _check_epochs(anneal_epochs)
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _rates(self) -> list[Number]:
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._progress(step - 1), self._progress(step)
        rates: list[Number] = []
        for group in self.optimizer.param_groups:
            rate, last = cast("Number", group["lr"]), cast("Number", group["swa_lr"])
            first = last if before == 1 else (rate - before * last) / (1 - before)
            rates.append(last * now + first * (1 - now))
        return rates

    def _progress(self, step: int) -> float:
        """Return how much of the way to ``swa_lr`` lies behind at ``step``."""
        part = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return part if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * part)) / 2


def _check_epochs(epochs: object) -> None:
    if not isinstance(epochs, int) or epochs < 0:
        raise ValueError(
            explain("SWALR", f"anneal_epochs must be equal or greater than 0, got {epochs}")
        )
