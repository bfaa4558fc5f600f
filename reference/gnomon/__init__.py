"""gnomon: what tensor operations mean, in pure Python.

The public names are PyTorch's, so that ``import gnomon as torch`` runs PyTorch programs.

>>> import gnomon as torch
>>> torch.tensor([1.0, 2.0]) + 1
tensor([2., 3.])
"""

from gnomon import cuda as cuda
from gnomon import plugins as plugins
from gnomon import version as version
from gnomon.cpu import ReferenceBackend as _ReferenceBackend
from gnomon.devices import Device as device
from gnomon.devices import get_default_device as get_default_device
from gnomon.devices import set_default_device as set_default_device
from gnomon.dtypes import DType as dtype
from gnomon.dtypes import bfloat16 as bfloat16
from gnomon.dtypes import bool_ as bool
from gnomon.dtypes import finfo as finfo
from gnomon.dtypes import float16 as float16
from gnomon.dtypes import float32 as float32
from gnomon.dtypes import float64 as float64
from gnomon.dtypes import iinfo as iinfo
from gnomon.dtypes import int8 as int8
from gnomon.dtypes import int16 as int16
from gnomon.dtypes import int32 as int32
from gnomon.dtypes import int64 as int64
from gnomon.dtypes import uint8 as uint8
from gnomon.dtypes import uint16 as uint16
from gnomon.dtypes import uint32 as uint32
from gnomon.dtypes import uint64 as uint64
from gnomon.layout import Size as Size
from gnomon.ops.arithmetic import *
from gnomon.registry import register_backend as _register_backend
from gnomon.tensor import Tensor as Tensor
from gnomon.tensor.creation import tensor as tensor
from gnomon.version import __version__ as __version__

_register_backend(_ReferenceBackend())
