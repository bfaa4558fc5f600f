"""The device that "cuda" means, where ``gnomon run --device`` or ``alias_device`` said so.

gnomon has no CUDA of its own. A program that asks for "cuda" gets the device that its user
named for it, and is told that there is none if nobody did.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

from gnomon.cuda.devices import can_device_access_peer as can_device_access_peer
from gnomon.cuda.devices import current_device as current_device
from gnomon.cuda.devices import device as device
from gnomon.cuda.devices import device_count as device_count
from gnomon.cuda.devices import get_arch_list as get_arch_list
from gnomon.cuda.devices import get_device_capability as get_device_capability
from gnomon.cuda.devices import get_device_name as get_device_name
from gnomon.cuda.devices import get_device_properties as get_device_properties
from gnomon.cuda.devices import init as init
from gnomon.cuda.devices import is_available as is_available
from gnomon.cuda.devices import is_bf16_supported as is_bf16_supported
from gnomon.cuda.devices import is_initialized as is_initialized
from gnomon.cuda.devices import set_device as set_device
from gnomon.cuda.devices import synchronize as synchronize
from gnomon.cuda.memory import empty_cache as empty_cache
from gnomon.cuda.memory import ipc_collect as ipc_collect
from gnomon.cuda.memory import max_memory_allocated as max_memory_allocated
from gnomon.cuda.memory import max_memory_cached as max_memory_cached
from gnomon.cuda.memory import max_memory_reserved as max_memory_reserved
from gnomon.cuda.memory import mem_get_info as mem_get_info
from gnomon.cuda.memory import memory_allocated as memory_allocated
from gnomon.cuda.memory import memory_cached as memory_cached
from gnomon.cuda.memory import memory_reserved as memory_reserved
from gnomon.cuda.memory import memory_stats as memory_stats
from gnomon.cuda.memory import memory_summary as memory_summary
from gnomon.cuda.memory import reset_max_memory_allocated as reset_max_memory_allocated
from gnomon.cuda.memory import reset_max_memory_cached as reset_max_memory_cached
from gnomon.cuda.memory import reset_peak_memory_stats as reset_peak_memory_stats
from gnomon.cuda.random import get_rng_state as get_rng_state
from gnomon.cuda.random import get_rng_state_all as get_rng_state_all
from gnomon.cuda.random import initial_seed as initial_seed
from gnomon.cuda.random import manual_seed as manual_seed
from gnomon.cuda.random import manual_seed_all as manual_seed_all
from gnomon.cuda.random import seed as seed
from gnomon.cuda.random import seed_all as seed_all
from gnomon.cuda.random import set_rng_state as set_rng_state
from gnomon.cuda.random import set_rng_state_all as set_rng_state_all
from gnomon.cuda.streams import Event as Event
from gnomon.cuda.streams import Stream as Stream
from gnomon.cuda.streams import current_stream as current_stream
from gnomon.cuda.streams import default_stream as default_stream
from gnomon.cuda.streams import set_stream as set_stream
from gnomon.cuda.streams import stream as stream
from gnomon.errors import OutOfMemoryError as OutOfMemoryError

if _TYPE_CHECKING:
    from gnomon.cuda import amp as amp


def __getattr__(name: str) -> object:
    """Import the submodule that not every program needs when it is first asked for."""
    if name == "amp":
        return _import_module(f"{__name__}.amp")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
