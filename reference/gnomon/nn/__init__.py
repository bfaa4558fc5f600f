"""Neural networks: modules, their parameters, and the functions behind them.

>>> import gnomon as torch
>>> torch.nn.Linear(3, 2)
Linear(in_features=3, out_features=2, bias=True)
"""

from gnomon.nn import attention as attention
from gnomon.nn import common_types as common_types
from gnomon.nn import functional as functional
from gnomon.nn import grad as grad
from gnomon.nn import init as init
from gnomon.nn import modules as modules
from gnomon.nn import parallel as parallel
from gnomon.nn import parameter as parameter
from gnomon.nn import utils as utils
from gnomon.nn.factory import factory_kwargs as factory_kwargs
from gnomon.nn.modules import *
from gnomon.nn.parallel import DataParallel as DataParallel
from gnomon.nn.parameter import Buffer as Buffer
from gnomon.nn.parameter import Parameter as Parameter
from gnomon.nn.parameter import UninitializedBuffer as UninitializedBuffer
from gnomon.nn.parameter import UninitializedParameter as UninitializedParameter
