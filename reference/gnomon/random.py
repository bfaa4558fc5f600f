"""Random state: the generators, and the seed of those that draws use by default.

>>> import gnomon as torch
>>> generator = torch.manual_seed(0)
>>> torch.rand(3)
tensor([0.4963, 0.7682, 0.0885])
>>> torch.rand(3, generator=torch.Generator().manual_seed(0))
tensor([0.4963, 0.7682, 0.0885])
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import SupportsInt, final

from gnomon.devices import CPU, Device, get_default_device
from gnomon.dispatch import values_of
from gnomon.dtypes import uint8
from gnomon.op.random_generator import (
    GeneratorCore,
    default_stream,
    restore_streams,
    saved_streams,
    seed_default_streams,
)
from gnomon.registry import backend_for
from gnomon.tensor.nested import from_values
from gnomon.tensor.tensor import Tensor

__all__ = [
    "Generator",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]


@final
class Generator(GeneratorCore):
    """A random stream of one device, independent of the default ones.

    >>> generator = Generator().manual_seed(7)
    >>> generator.initial_seed(), generator.device
    (7, device(type='cpu'))
    """

    __slots__ = ()

    def get_state(self) -> Tensor:
        """Return the state as a uint8 tensor on the CPU; a CPU generator's is PyTorch's own."""
        state = self.stream.state_bytes()
        return Tensor.over(from_values(state, uint8, (len(state),), uint8, CPU))

    def set_state(self, new_state: Tensor) -> Generator:
        """Go on from a state that ``get_state`` returned; return this generator.

        Raises TypeError unless it is a uint8 tensor, RuntimeError when it is not such a state.
        """
        self.stream.set_state_bytes(_state_bytes(new_state))
        return self

    def clone_state(self) -> Generator:
        """Return a generator in the same state that advances on its own."""
        clone = Generator(self.device)
        clone.stream = self.stream.clone()
        return clone


def _state_bytes(state: Tensor) -> bytes:
    if not isinstance(state, Tensor):
        raise TypeError(f"expected a torch.ByteTensor, but got {type(state).__name__}")
    if state.dtype is not uint8 or state.device != CPU:
        raise TypeError(
            f"RNG state must be a torch.ByteTensor, given {state.describe()} on "
            f"{state.device}. Pass what get_state() returned."
        )
    return bytes(map(int, values_of(state.operand)))


def default_generator_of(device: Device) -> Generator:
    """Return the generator of draws on ``device`` that name none."""
    generator = Generator(device)
    generator.stream = default_stream(generator.device)
    return generator


#: The generator of draws on the CPU that name none.
default_generator = default_generator_of(CPU)


def manual_seed(seed: SupportsInt | str) -> Generator:
    """Start the default generators of all devices over from ``seed``, in ``[-2**63, 2**64)``.

    Returns the CPU's. Raises ValueError for a seed outside the range.
    """
    seed_default_streams(int(seed))
    return default_generator


def seed() -> int:
    """Start the default generators over from the system's entropy; return the new seed."""
    return seed_default_streams(None)


def initial_seed() -> int:
    """Return the seed from which the CPU's default generator started."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """Return the state of the CPU's default generator, as a uint8 tensor."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Let the CPU's default generator go on from what ``get_rng_state`` returned."""
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(
    devices: Iterable[Device | str] | None = None, enabled: bool = True
) -> Iterator[None]:
    """Draw inside the block without a trace: the generators' states are put back after it.

    The CPU's generator always, and those of ``devices``, by default of the default device and
    all that have drawn; nothing if ``enabled`` is False.
    """
    if not enabled:
        yield
        return
    if devices is None:
        default_stream(backend_for(get_default_device()).device)
        states = saved_streams()
    else:
        states = saved_streams([backend_for(Device(device)).device for device in devices])
    try:
        yield
    finally:
        restore_streams(states)
