"""Optimizers: what a gradient does to the parameters it was computed for.

>>> import gnomon as torch
>>> weight = torch.tensor([1.0, 2.0], requires_grad=True)
>>> optimizer = torch.optim.Adam([weight], lr=0.5)
>>> for _ in range(2):
...     optimizer.zero_grad()
...     loss = (weight * weight).sum()
...     loss.backward()
...     optimizer.step()
>>> weight
tensor([0.0339, 1.0087], requires_grad=True)
"""

from importlib import import_module as _import_module
from types import ModuleType as _ModuleType
from typing import TYPE_CHECKING as _TYPE_CHECKING

from gnomon.optim import lr_scheduler as lr_scheduler
from gnomon.optim.adadelta import Adadelta as Adadelta
from gnomon.optim.adafactor import Adafactor as Adafactor
from gnomon.optim.adagrad import Adagrad as Adagrad
from gnomon.optim.adam import Adam as Adam
from gnomon.optim.adamax import Adamax as Adamax
from gnomon.optim.adamw import AdamW as AdamW
from gnomon.optim.asgd import ASGD as ASGD
from gnomon.optim.lbfgs import LBFGS as LBFGS
from gnomon.optim.muon import Muon as Muon
from gnomon.optim.nadam import NAdam as NAdam
from gnomon.optim.optimizer import Optimizer as Optimizer
from gnomon.optim.radam import RAdam as RAdam
from gnomon.optim.rmsprop import RMSprop as RMSprop
from gnomon.optim.rprop import Rprop as Rprop
from gnomon.optim.sgd import SGD as SGD

if _TYPE_CHECKING:
    from gnomon.optim import swa_utils as swa_utils


def __getattr__(name: str) -> _ModuleType:
    """Import ``swa_utils``, which needs all of ``gnomon.nn``, when it is first asked for."""
    if name == "swa_utils":
        return _import_module("gnomon.optim.swa_utils")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
