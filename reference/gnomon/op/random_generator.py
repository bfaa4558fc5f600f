"""Generators: which random stream a draw takes its numbers from.

The CPU draws from a Mersenne Twister, every other device from the Philox stream of its default
generator or of one that the caller gives.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from gnomon.devices import CPU, Device
from gnomon.generator import DEFAULT_SEED, MersenneTwister, PhiloxGenerator, canonical_seed
from gnomon.generator.philox import words64
from gnomon.registry import backend_for

if TYPE_CHECKING:
    from typing import Self

    from gnomon.backend import Backend, Stream

_seed = DEFAULT_SEED
_default_streams: dict[Device, Stream] = {}


class GeneratorCore:
    """A random stream of one device; what the public ``Generator`` is without tensors."""

    __slots__ = ("device", "stream")

    def __init__(self, device: Device | str = CPU) -> None:
        """Start a stream of ``device`` from PyTorch's default seed."""
        named = Device(device)
        self.device = CPU if named.type == "cpu" else backend_for(named).device
        self.stream = _new_stream(self.device, DEFAULT_SEED)

    def manual_seed(self, seed: int) -> Self:
        """Start over from ``seed``, in ``[-2**63, 2**64)``, and return this generator."""
        self.stream.manual_seed(seed)
        return self

    def seed(self) -> int:
        """Start over from the system's entropy and return the new seed."""
        return self.stream.seed()

    def initial_seed(self) -> int:
        """Return the seed this generator last started from."""
        return self.stream.initial_seed()


def _new_stream(device: Device, seed: int) -> Stream:
    return MersenneTwister(seed) if device == CPU else PhiloxGenerator(seed)


def default_stream(device: Device) -> Stream:
    """Return the stream of ``device`` that draws without a generator use.

    >>> default_stream(CPU) is default_stream(CPU)
    True
    """
    stream = _default_streams.get(device)
    if stream is None:
        stream = _default_streams[device] = _new_stream(device, _seed)
    return stream


def saved_streams(devices: Iterable[Device] | None = None) -> dict[Device, bytes]:
    """Return the states of the default streams of the CPU and of ``devices``, by default of all
    that have drawn.
    """
    listed = _default_streams if devices is None else (CPU, *devices)
    return {device: default_stream(device).state_bytes() for device in tuple(listed)}


def restore_streams(states: Mapping[Device, bytes]) -> None:
    """Put default streams back to states that ``saved_streams`` returned."""
    for device, state in states.items():
        default_stream(device).set_state_bytes(state)


def seed_default_streams(seed: int | None) -> int:
    """Start the default streams of all devices over from ``seed``; None asks for entropy.

    A device that is opened later starts from it as well. Returns the seed, in ``[0, 2**64)``.
    """
    global _seed
    entropy = int.from_bytes(os.urandom(8), "little")
    _seed = canonical_seed(entropy if seed is None else seed)
    for stream in _default_streams.values():
        stream.manual_seed(_seed)
    return _seed


def stream_for(
    operation: str, backend: Backend, generator: GeneratorCore | None = None
) -> Stream:
    """Return the stream ``operation`` on ``backend`` draws from.

    Raises TypeError for what is no generator, RuntimeError for one of another device.
    """
    if generator is None:
        return default_stream(backend.device)
    if not isinstance(generator, GeneratorCore):
        raise TypeError(
            f"{operation}: argument 'generator' must be torch.Generator, not "
            f"{type(generator).__name__}"
        )
    if generator.device != backend.device:
        raise RuntimeError(
            f"{operation}: Expected a '{backend.device}' device type for generator but found "
            f"'{generator.device}'. Make one with Generator({str(backend.device)!r})."
        )
    return generator.stream


def twister_of(stream: Stream) -> MersenneTwister:
    """Return the Mersenne Twister that a draw made on the host takes its numbers from.

    For a Philox stream it is a fresh one, seeded by the stream's next draw of 64 bits, so that
    every accelerator gives the same numbers.

    >>> twister_of(PhiloxGenerator(0)).initial_seed() == words64(0, 0, 1)[0]
    True
    """
    if isinstance(stream, MersenneTwister):
        return stream
    (seed,) = words64(stream.initial_seed(), stream.next_offset(), 1)
    return MersenneTwister(seed)
