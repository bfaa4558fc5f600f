"""Schedulers that follow a cosine."""

from __future__ import annotations

import math

from gnomon.errors import explain
from gnomon.optim.checks import Number
from gnomon.optim.lr_scheduler.base import LRScheduler, values_of
from gnomon.optim.optimizer import Optimizer


class CosineAnnealingLR(LRScheduler):
    """From the initial rate down to ``eta_min`` at epoch ``T_max``, and up again, for ever.

    The rate is ``eta_min + (initial - eta_min) * (1 + cos(pi * epoch / T_max)) / 2``, computed
    from the rate before, so that other changes of it stay. Loshchilov and Hutter, "SGDR:
    Stochastic Gradient Descent with Warm Restarts", 2017, without the restarts.

    >>> import gnomon as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = CosineAnnealingLR(optimizer, T_max=2)
    >>> for _ in range(3):
    ...     print(f"{scheduler.get_last_lr()[0]:.2f}")
    ...     optimizer.step()
    ...     scheduler.step()
    1.00
    0.50
    0.00
    """

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def _rates(self) -> list[Number]:
        rates = values_of(self.optimizer, "lr")
        if self._is_initial:
            return rates
        if self._step_count == 1 and self.last_epoch > 0:
            return self._get_closed_form_lr()
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:
            # The rate before was eta_min, which no factor leads away from.
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            return [
                rate + (base - self.eta_min) * rise
                for rate, base in zip(rates, self.base_lrs, strict=True)
            ]
        factor = self._height(self.last_epoch) / self._height(self.last_epoch - 1)
        return [factor * (rate - self.eta_min) + self.eta_min for rate in rates]

    def _height(self, epoch: int) -> float:
        return 1 + math.cos(math.pi * epoch / self.T_max)

    def _get_closed_form_lr(self) -> list[Number]:
        height = self._height(self.last_epoch)
        return [self.eta_min + (base - self.eta_min) * height / 2 for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """From the initial rate down to ``eta_min`` along a cosine, over and over.

    The first descent takes ``T_0`` epochs, each other ``T_mult`` times as many as the one
    before. Raises ValueError unless both are integers of 1 or more. Loshchilov and Hutter,
    "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        counts: dict[str, object] = {"T_0": T_0, "T_mult": T_mult}
        for name, value in counts.items():
            if not isinstance(value, int) or value < 1:
                raise ValueError(
                    explain(
                        "CosineAnnealingWarmRestarts",
                        f"Expected positive integer {name}, but got {value}",
                    )
                )
        if not isinstance(eta_min, int | float):
            raise ValueError(
                explain(
                    "CosineAnnealingWarmRestarts",
                    f"Expected float or int eta_min, but got {type(eta_min).__name__}",
                )
            )
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def _rates(self) -> list[Number]:
        height = 1 + math.cos(math.pi * self.T_cur / self.T_i)
        return [self.eta_min + (base - self.eta_min) * height / 2 for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Set the rates of the next epoch, or of ``epoch``, which may be a fraction.

        Raises ValueError for a negative one.
        """
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            self._go_to(epoch)
        self.last_epoch = math.floor(epoch)
        self._get_lr_called_within_step = True
        try:
            rates = self.get_lr()
        finally:
            self._get_lr_called_within_step = False
        self._assign(rates)

    def _go_to(self, epoch: float) -> None:
        if epoch < 0:
            raise ValueError(
                explain(
                    "CosineAnnealingWarmRestarts",
                    f"Expected non-negative epoch, but got {epoch}",
                )
            )
        if epoch < self.T_0:
            self.T_i = self.T_0
            self.T_cur = epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            # The descents before this one took T_0 * (1 + T_mult + T_mult^2 + ...) epochs.
            restarts = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            growth = self.T_mult**restarts
            self.T_cur = epoch - self.T_0 * (growth - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * growth
