"""Schedulers of the learning rate; call their ``step`` after the optimizer's.

>>> import gnomon as torch
>>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
>>> scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
>>> for _ in range(3):
...     optimizer.step()
...     scheduler.step()
>>> scheduler.get_last_lr()
[0.125]
"""

from gnomon.optim.lr_scheduler.base import LRScheduler as LRScheduler
from gnomon.optim.lr_scheduler.base import _LRScheduler as _LRScheduler
from gnomon.optim.lr_scheduler.composed import ChainedScheduler as ChainedScheduler
from gnomon.optim.lr_scheduler.composed import SequentialLR as SequentialLR
from gnomon.optim.lr_scheduler.cosine import CosineAnnealingLR as CosineAnnealingLR
from gnomon.optim.lr_scheduler.cosine import (
    CosineAnnealingWarmRestarts as CosineAnnealingWarmRestarts,
)
from gnomon.optim.lr_scheduler.cyclic import CyclicLR as CyclicLR
from gnomon.optim.lr_scheduler.cyclic import OneCycleLR as OneCycleLR
from gnomon.optim.lr_scheduler.factors import ConstantLR as ConstantLR
from gnomon.optim.lr_scheduler.factors import ExponentialLR as ExponentialLR
from gnomon.optim.lr_scheduler.factors import LambdaLR as LambdaLR
from gnomon.optim.lr_scheduler.factors import LinearLR as LinearLR
from gnomon.optim.lr_scheduler.factors import MultiplicativeLR as MultiplicativeLR
from gnomon.optim.lr_scheduler.factors import MultiStepLR as MultiStepLR
from gnomon.optim.lr_scheduler.factors import PolynomialLR as PolynomialLR
from gnomon.optim.lr_scheduler.factors import StepLR as StepLR
from gnomon.optim.lr_scheduler.plateau import ReduceLROnPlateau as ReduceLROnPlateau
