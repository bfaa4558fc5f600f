"""Utilities around tensors and modules."""

from gnomon.utils import dlpack as dlpack
from gnomon.utils import hooks as hooks
