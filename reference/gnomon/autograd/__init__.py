"""Automatic differentiation: gradients of what was computed, functions with derivatives of
one's own, and checks that a derivative is right.

>>> import gnomon as torch
>>> x = torch.tensor(3.0, requires_grad=True)
>>> (x * x).backward()
>>> x.grad
tensor(6.)
"""

from importlib import import_module as _import_module
from types import ModuleType as _ModuleType

from gnomon.autograd import functional as functional
from gnomon.autograd import graph as graph
from gnomon.autograd.anomaly_mode import detect_anomaly as detect_anomaly
from gnomon.autograd.anomaly_mode import set_detect_anomaly as set_detect_anomaly
from gnomon.autograd.differentiation import backward as backward
from gnomon.autograd.differentiation import grad as grad
from gnomon.autograd.function import Function as Function
from gnomon.autograd.grad_mode import enable_grad as enable_grad
from gnomon.autograd.grad_mode import inference_mode as inference_mode
from gnomon.autograd.grad_mode import no_grad as no_grad
from gnomon.autograd.grad_mode import set_grad_enabled as set_grad_enabled
from gnomon.autograd.gradcheck import gradcheck as gradcheck
from gnomon.autograd.gradcheck import gradgradcheck as gradgradcheck
from gnomon.autograd.variable import Variable as Variable


def __getattr__(name: str) -> _ModuleType:
    """Import the profiler when it is first asked for."""
    if name == "profiler":
        return _import_module("gnomon.autograd.profiler")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
