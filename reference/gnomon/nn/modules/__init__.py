"""The layers, one file a family."""

from gnomon.nn.modules import module as module
from gnomon.nn.modules.container import *
from gnomon.nn.modules.linear import *
from gnomon.nn.modules.module import Module as Module
