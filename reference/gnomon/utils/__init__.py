"""Utilities around tensors and modules."""

from gnomon.utils import hooks as hooks
