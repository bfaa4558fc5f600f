"""Images: their margins, channels and windows."""

from gnomon.composite.folding import fold, unfold
from gnomon.composite.padding import pad
from gnomon.composite.shuffling import channel_shuffle, pixel_shuffle, pixel_unshuffle
from gnomon.composite.shuffling import channel_shuffle as native_channel_shuffle

__all__ = [
    "channel_shuffle",
    "fold",
    "native_channel_shuffle",
    "pad",
    "pixel_shuffle",
    "pixel_unshuffle",
    "unfold",
]
