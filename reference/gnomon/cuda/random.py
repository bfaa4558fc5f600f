"""The default random generator of the device that "cuda" means.

Where "cuda" means nothing, seeding does nothing, as in PyTorch; the rest is a RuntimeError.
"""

from __future__ import annotations

from collections.abc import Iterable

from gnomon.cuda.devices import (
    DeviceOrIndex,
    backend_of,
    device_count,
    is_available,
    resolved,
)
from gnomon.devices import Device
from gnomon.random import default_generator_of
from gnomon.tensor import Tensor


def manual_seed(seed: int) -> None:
    """Start the default generator of the current device over from ``seed``."""
    if is_available():
        default_generator_of(_device("manual_seed", None)).manual_seed(seed)


def manual_seed_all(seed: int) -> None:
    """Start the default generators of all devices over from ``seed``."""
    for device in _all():
        default_generator_of(device).manual_seed(seed)


def seed() -> None:
    """Start the default generator of the current device over from the system's entropy."""
    if is_available():
        default_generator_of(_device("seed", None)).seed()


def seed_all() -> None:
    """Start the default generators of all devices over from the system's entropy."""
    for device in _all():
        default_generator_of(device).seed()


def initial_seed() -> int:
    """Return the seed from which the default generator of the current device started."""
    return default_generator_of(_device("initial_seed", None)).initial_seed()


def get_rng_state(device: DeviceOrIndex = None) -> Tensor:
    """Return the state of the default generator of ``device``."""
    return default_generator_of(_device("get_rng_state", device)).get_state()


def get_rng_state_all() -> list[Tensor]:
    """Return the states of the default generators of all devices."""
    return [default_generator_of(device).get_state() for device in _all()]


def set_rng_state(new_state: Tensor, device: DeviceOrIndex = None) -> None:
    """Let the default generator of ``device`` go on from ``new_state``."""
    default_generator_of(_device("set_rng_state", device)).set_state(new_state)


def set_rng_state_all(new_states: Iterable[Tensor]) -> None:
    """Let the default generators of all devices go on from ``new_states``."""
    for device, state in zip(_all(), new_states, strict=True):
        default_generator_of(device).set_state(state)


def _device(function: str, device: DeviceOrIndex) -> Device:
    return backend_of(function, device).device


def _all() -> list[Device]:
    return [
        resolved("manual_seed_all", index if device_count() > 1 else None)
        for index in range(device_count())
    ]
