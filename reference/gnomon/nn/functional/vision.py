"""Images: their margins, channels and windows."""

from gnomon.composite.folding import fold, unfold
from gnomon.composite.padding import pad
from gnomon.composite.shuffling import channel_shuffle, pixel_shuffle, pixel_unshuffle

__all__ = ["channel_shuffle", "fold", "pad", "pixel_shuffle", "pixel_unshuffle", "unfold"]
