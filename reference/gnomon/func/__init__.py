"""Transforms of functions: derivatives of them, and applying them to batches.

>>> import gnomon as torch
>>> torch.func.grad(lambda x: (x * x).sum())(torch.tensor([1.0, 2.0]))
tensor([2., 4.])
"""

from gnomon.func.derivatives import grad as grad
from gnomon.func.derivatives import grad_and_value as grad_and_value
from gnomon.func.derivatives import hessian as hessian
from gnomon.func.derivatives import jacfwd as jacfwd
from gnomon.func.derivatives import jacrev as jacrev
from gnomon.func.derivatives import jvp as jvp
from gnomon.func.derivatives import linearize as linearize
from gnomon.func.derivatives import vjp as vjp
from gnomon.func.modules import functional_call as functional_call
from gnomon.func.modules import stack_module_state as stack_module_state
from gnomon.func.vectorizing import vmap as vmap
