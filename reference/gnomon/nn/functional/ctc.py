"""The loss of sequences of labels."""

from gnomon.composite.ctc import ctc_loss

__all__ = ["ctc_loss"]
