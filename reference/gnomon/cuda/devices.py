"""The device that "cuda" means, and whether it means one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias, final

from gnomon.backend import Backend
from gnomon.devices import CPU, Device, aliased, set_current_index
from gnomon.plugins import load_provider
from gnomon.registry import backend_for

if TYPE_CHECKING:
    from types import TracebackType

DeviceOrIndex: TypeAlias = Device | str | int | None


def is_available() -> bool:
    """Return whether "cuda" means a device here.

    >>> is_available()
    False
    """
    return device_count() > 0


def device_count() -> int:
    """Return how many devices "cuda" means: none, one, or all of a device type."""
    if aliased("cuda") is None:
        return 0
    target = Device("cuda")
    if target.type == CPU.type or target.index is not None:
        return 1
    return load_provider(target.type).device_count()


def init() -> None:
    """Open the device that "cuda" means, which happens by itself at its first use."""
    backend_of("init", None)


def is_initialized() -> bool:
    """Return whether "cuda" means a device: it is opened when it is first used."""
    return is_available()


def current_device() -> int:
    """Return the index of the device that "cuda" alone means in this thread.

    Raises RuntimeError if "cuda" means nothing here, as all functions below do.
    """
    return resolved("current_device", None).current_index


def set_device(device: DeviceOrIndex) -> None:
    """Let "cuda" alone mean ``device`` in this thread; None, or an index below 0, changes
    nothing.
    """
    if device is None or (isinstance(device, int) and device < 0):
        return
    backend = backend_of("set_device", device)  # which tells of an index that does not exist
    set_current_index(backend.device)


@final
class device:
    """Inside the block, "cuda" alone means the device given."""

    def __init__(self, device: DeviceOrIndex) -> None:
        self._device = device

    def __enter__(self) -> None:
        self._previous = current_device()
        set_device(self._device)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        set_device(self._previous)


def get_device_name(device: DeviceOrIndex = None) -> str:
    """Return one line about ``device`` (default: what "cuda" means), in its backend's words."""
    target = resolved("get_device_name", device)
    if target.type == CPU.type:
        return CPU.type
    return load_provider(target.type).describe(target.current_index)


def get_device_capability(device: DeviceOrIndex = None) -> tuple[int, int]:
    """Return (0, 0): what a CUDA compute capability stands for, no device here has."""
    resolved("get_device_capability", device)
    return (0, 0)


@final
class DeviceProperties(NamedTuple):
    """What programs ask of ``torch.cuda.get_device_properties``."""

    name: str
    major: int
    minor: int
    total_memory: int


def get_device_properties(device: DeviceOrIndex = None) -> DeviceProperties:
    """Return name and memory of ``device``; its capability is 0.0."""
    total = backend_of("get_device_properties", device).memory_use().limit
    return DeviceProperties(get_device_name(device), 0, 0, total)


def can_device_access_peer(device: DeviceOrIndex, peer_device: DeviceOrIndex) -> bool:
    """Return False: devices see each other's memory through copies only."""
    resolved("can_device_access_peer", device)
    resolved("can_device_access_peer", peer_device)
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Return whether tensors of bfloat16 can be computed with, which here they always can."""
    return including_emulation and is_available()


def get_arch_list() -> list[str]:
    """Return the CUDA architectures gnomon is built for: none."""
    return []


def synchronize(device: DeviceOrIndex = None) -> None:
    """Wait until all work given to ``device`` (default: what "cuda" means) is done."""
    backend_of("synchronize", device).synchronize()


def backend_of(function: str, device: DeviceOrIndex) -> Backend:
    """Return the backend of what a function of ``torch.cuda`` was given."""
    return backend_for(resolved(function, device))


def resolved(function: str, device: DeviceOrIndex) -> Device:
    """Return the device that a function of ``torch.cuda`` was given.

    Raises RuntimeError if "cuda" means nothing here.
    """
    if aliased("cuda") is None:
        raise RuntimeError(
            f'cuda.{function}: "cuda" means no device here. Start the program with '
            '`gnomon run --device NAME`, or call gnomon.devices.alias_device("cuda", NAME).'
        )
    if device is None:
        return Device("cuda")
    return Device("cuda", device) if isinstance(device, int) else Device(device)
