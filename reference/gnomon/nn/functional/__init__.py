"""The functions behind the layers: stateless, and with PyTorch's names.

>>> import gnomon as torch
>>> torch.nn.functional.relu(torch.tensor([-1.0, 2.0]))
tensor([0., 2.])
"""

from gnomon.nn.functional.activation import *
from gnomon.nn.functional.attention import *
from gnomon.nn.functional.classification_loss import *
from gnomon.nn.functional.convolution import *
from gnomon.nn.functional.ctc import *
from gnomon.nn.functional.distance import *
from gnomon.nn.functional.dropout import *
from gnomon.nn.functional.fractional_pooling import *
from gnomon.nn.functional.interpolation import *
from gnomon.nn.functional.linear import *
from gnomon.nn.functional.loss import *
from gnomon.nn.functional.normalization import *
from gnomon.nn.functional.pooling import *
from gnomon.nn.functional.sampling_grid import *
from gnomon.nn.functional.sparse import *
from gnomon.nn.functional.vision import *
