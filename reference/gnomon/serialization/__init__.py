"""Saving and loading, in the format of PyTorch's files, both ways.

>>> import gnomon as torch, io
>>> weights, file = torch.arange(6.0), io.BytesIO()
>>> torch.save([weights, weights[2:4]], file)
>>> _ = file.seek(0)
>>> whole, part = torch.load(file)
>>> part.zero_()
tensor([0., 0.])
>>> whole
tensor([0., 1., 0., 0., 4., 5.])
"""

from gnomon.serialization.loading import (
    get_unsafe_globals_in_checkpoint as get_unsafe_globals_in_checkpoint,
)
from gnomon.serialization.loading import load as load
from gnomon.serialization.locations import MapLocation as MAP_LOCATION
from gnomon.serialization.locations import default_restore_location as default_restore_location
from gnomon.serialization.safe_globals import add_safe_globals as add_safe_globals
from gnomon.serialization.safe_globals import clear_safe_globals as clear_safe_globals
from gnomon.serialization.safe_globals import get_safe_globals as get_safe_globals
from gnomon.serialization.safe_globals import safe_globals as safe_globals
from gnomon.serialization.saving import DEFAULT_PROTOCOL as DEFAULT_PROTOCOL
from gnomon.serialization.saving import save as save
