"""gnomon: what tensor operations mean, in pure Python.

The public names are PyTorch's, so that ``import gnomon as torch`` runs PyTorch programs.

>>> import gnomon as torch
>>> torch.tensor([1.0, 2.0]) + 1
tensor([2., 3.])
"""

from importlib import import_module as _import_module
from math import e as e
from math import inf as inf
from math import nan as nan
from math import pi as pi
from typing import TYPE_CHECKING as _TYPE_CHECKING

from gnomon import accelerator as accelerator
from gnomon import autograd as autograd
from gnomon import cuda as cuda
from gnomon import func as func
from gnomon import linalg as linalg
from gnomon import plugins as plugins
from gnomon import random as random
from gnomon import return_types as return_types
from gnomon import special as special
from gnomon import utils as utils
from gnomon import version as version
from gnomon.autograd.anomaly_mode import (
    is_anomaly_check_nan_enabled as is_anomaly_check_nan_enabled,
)
from gnomon.autograd.anomaly_mode import is_anomaly_enabled as is_anomaly_enabled
from gnomon.autograd.grad_mode import enable_grad as enable_grad
from gnomon.autograd.grad_mode import inference_mode as inference_mode
from gnomon.autograd.grad_mode import is_grad_enabled as is_grad_enabled
from gnomon.autograd.grad_mode import is_inference_mode_enabled as is_inference_mode_enabled
from gnomon.autograd.grad_mode import no_grad as no_grad
from gnomon.autograd.grad_mode import set_grad_enabled as set_grad_enabled
from gnomon.composite.activations import *
from gnomon.composite.arithmetic import *
from gnomon.composite.average_pools import *
from gnomon.composite.batch_normalization import *
from gnomon.composite.comparison import *
from gnomon.composite.convolutions import *
from gnomon.composite.differences import *
from gnomon.composite.distances import *
from gnomon.composite.dropout import *
from gnomon.composite.einsum import *
from gnomon.composite.grids import *
from gnomon.composite.histograms import *
from gnomon.composite.in_place import *
from gnomon.composite.linalg.cholesky import *
from gnomon.composite.linalg.determinants import *
from gnomon.composite.linalg.householder import *
from gnomon.composite.linalg.inverses import *
from gnomon.composite.linalg.lu import *
from gnomon.composite.linalg.orthogonal import *
from gnomon.composite.linalg.powers import *
from gnomon.composite.linalg.pseudoinverses import *
from gnomon.composite.linear import bilinear as bilinear
from gnomon.composite.matmul import *
from gnomon.composite.matrix import *
from gnomon.composite.matrix_sums import *
from gnomon.composite.max_pools import *
from gnomon.composite.normalization import *
from gnomon.composite.norms import *
from gnomon.composite.padding import *
from gnomon.composite.powers import *
from gnomon.composite.quantiles import *
from gnomon.composite.recurrence import *
from gnomon.composite.representation import *
from gnomon.composite.sampling import *
from gnomon.composite.searching import *
from gnomon.composite.selection import *
from gnomon.composite.shuffling import *
from gnomon.composite.softmax import *
from gnomon.composite.stacking import *
from gnomon.composite.statistics import *
from gnomon.composite.tensordot import *
from gnomon.composite.uniqueness import *
from gnomon.composite.vandermonde import *
from gnomon.cpu import ReferenceBackend as _ReferenceBackend
from gnomon.cpu.fallback import fallback as fallback
from gnomon.devices import Device as device
from gnomon.devices import get_default_device as get_default_device
from gnomon.devices import set_default_device as set_default_device
from gnomon.dtypes import DType as dtype
from gnomon.dtypes import bfloat16 as bfloat16
from gnomon.dtypes import bool_ as bool
from gnomon.dtypes import double as double
from gnomon.dtypes import finfo as finfo
from gnomon.dtypes import float as float
from gnomon.dtypes import float16 as float16
from gnomon.dtypes import float32 as float32
from gnomon.dtypes import float64 as float64
from gnomon.dtypes import get_default_dtype as get_default_dtype
from gnomon.dtypes import half as half
from gnomon.dtypes import iinfo as iinfo
from gnomon.dtypes import int as int
from gnomon.dtypes import int8 as int8
from gnomon.dtypes import int16 as int16
from gnomon.dtypes import int32 as int32
from gnomon.dtypes import int64 as int64
from gnomon.dtypes import long as long
from gnomon.dtypes import promote_types as promote_types
from gnomon.dtypes import set_default_dtype as set_default_dtype
from gnomon.dtypes import short as short
from gnomon.dtypes import uint8 as uint8
from gnomon.dtypes import uint16 as uint16
from gnomon.dtypes import uint32 as uint32
from gnomon.dtypes import uint64 as uint64
from gnomon.errors import OutOfMemoryError as OutOfMemoryError
from gnomon.formats import MemoryFormat as memory_format
from gnomon.formats import TensorLayout as layout
from gnomon.formats import channels_last as channels_last
from gnomon.formats import channels_last_3d as channels_last_3d
from gnomon.formats import contiguous_format as contiguous_format
from gnomon.formats import preserve_format as preserve_format
from gnomon.formats import strided as strided
from gnomon.func import vmap as vmap
from gnomon.layout import Size as Size
from gnomon.ops.advanced_indexing import *
from gnomon.ops.arithmetic import *
from gnomon.ops.bessel import *
from gnomon.ops.comparison import *
from gnomon.ops.copying import *
from gnomon.ops.deviation import *
from gnomon.ops.diagonals import *
from gnomon.ops.embedding import *
from gnomon.ops.error_functions import *
from gnomon.ops.exponentials import *
from gnomon.ops.extremes import *
from gnomon.ops.gamma import *
from gnomon.ops.hyperbolic import *
from gnomon.ops.indexing import *
from gnomon.ops.integers import *
from gnomon.ops.joining import *
from gnomon.ops.logic import *
from gnomon.ops.logistic import *
from gnomon.ops.masking import *
from gnomon.ops.nonzero import *
from gnomon.ops.norms import *
from gnomon.ops.piecewise_activations import *
from gnomon.ops.powers import *
from gnomon.ops.products import *
from gnomon.ops.rearranging import *
from gnomon.ops.reduction import *
from gnomon.ops.representation import *
from gnomon.ops.rounding import *
from gnomon.ops.scans import *
from gnomon.ops.scatter_reduce import *
from gnomon.ops.scattering import *
from gnomon.ops.selection import *
from gnomon.ops.slicing import *
from gnomon.ops.smooth_activations import *
from gnomon.ops.sorting import *
from gnomon.ops.splitting import *
from gnomon.ops.trigonometry import *
from gnomon.ops.truth import *
from gnomon.ops.view_scatter import *
from gnomon.ops.views import *
from gnomon.printing import set_printoptions as set_printoptions
from gnomon.random import *
from gnomon.registry import register_backend as _register_backend
from gnomon.registry import synchronize as synchronize
from gnomon.settings import *
from gnomon.tensor import Tensor as Tensor
from gnomon.tensor.creation import *
from gnomon.tensor.distances import *
from gnomon.tensor.factories import *
from gnomon.tensor.legacy_types import *
from gnomon.tensor.predicates import *
from gnomon.tensor.random_factories import *
from gnomon.tensor.sequences import *
from gnomon.tensor.storages import TypedStorage as TypedStorage
from gnomon.tensor.storages import UntypedStorage as UntypedStorage
from gnomon.tensor.windows import *
from gnomon.version import __version__ as __version__

if _TYPE_CHECKING:
    from gnomon import amp as amp
    from gnomon import compiler as compiler
    from gnomon import distributed as distributed
    from gnomon import distributions as distributions
    from gnomon import jit as jit
    from gnomon import multiprocessing as multiprocessing
    from gnomon import nn as nn
    from gnomon import onnx as onnx
    from gnomon import optim as optim
    from gnomon import serialization as serialization
    from gnomon import testing as testing
    from gnomon import types as types
    from gnomon.amp.autocast_mode import autocast as autocast
    from gnomon.amp.autocast_mode import get_autocast_dtype as get_autocast_dtype
    from gnomon.amp.autocast_mode import is_autocast_enabled as is_autocast_enabled
    from gnomon.compiler import compile as compile
    from gnomon.serialization import load as load
    from gnomon.serialization import save as save

#: What adds a dim in an index: ``x[:, newaxis]``.
newaxis: None = None

_register_backend(_ReferenceBackend())


# Imported when they are first asked for: not every program needs them.
_SUBPACKAGES = (
    "amp",
    "backends",
    "compiler",
    "distributed",
    "distributions",
    "jit",
    "multiprocessing",
    "nn",
    "onnx",
    "optim",
    "profiler",
    "serialization",
    "testing",
    "types",
)

# Names at the top level, with the module that holds them.
_LATE = {
    "autocast": "amp.autocast_mode",
    "compile": "compiler",
    "get_autocast_dtype": "amp.autocast_mode",
    "is_autocast_cache_enabled": "amp.autocast_mode",
    "is_autocast_enabled": "amp.autocast_mode",
    "load": "serialization",
    "save": "serialization",
}


def __getattr__(name: str) -> object:
    """Import what not every program needs when it is first asked for: a subpackage, or the
    public module of an installed backend under the name of its device.
    """
    if name in _SUBPACKAGES:
        return _import_module(f"gnomon.{name}")
    if name in _LATE:
        return getattr(_import_module(f"gnomon.{_LATE[name]}"), name)
    if not name.startswith("_") and name in plugins.installed():
        return plugins.public_module(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
