"""The layers, one file a family."""

from gnomon.nn.modules import module as module
from gnomon.nn.modules.activation import *
from gnomon.nn.modules.adaptive import *
from gnomon.nn.modules.batchnorm import *
from gnomon.nn.modules.channelshuffle import *
from gnomon.nn.modules.classification_loss import *
from gnomon.nn.modules.container import *
from gnomon.nn.modules.conv import *
from gnomon.nn.modules.deprecated import *
from gnomon.nn.modules.distance import *
from gnomon.nn.modules.dropout import *
from gnomon.nn.modules.flatten import *
from gnomon.nn.modules.fold import *
from gnomon.nn.modules.fractional_pooling import *
from gnomon.nn.modules.instancenorm import *
from gnomon.nn.modules.lazy_layers import *
from gnomon.nn.modules.linear import *
from gnomon.nn.modules.linear_cross_entropy_loss import *
from gnomon.nn.modules.loss import *
from gnomon.nn.modules.module import Module as Module
from gnomon.nn.modules.multihead_attention import *
from gnomon.nn.modules.normalization import *
from gnomon.nn.modules.padding import *
from gnomon.nn.modules.pixelshuffle import *
from gnomon.nn.modules.pooling import *
from gnomon.nn.modules.rnn import *
from gnomon.nn.modules.rnn_cells import *
from gnomon.nn.modules.softmax import *
from gnomon.nn.modules.sparse import *
from gnomon.nn.modules.sync_batchnorm import *
from gnomon.nn.modules.transformer import *
from gnomon.nn.modules.upsampling import *
