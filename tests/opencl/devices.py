"""What the tests of the OpenCL backend share: devices, and operands in two places at once."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import pytest

import gnomon
from gnomon.backend import Backend, Operand, Storage
from gnomon.cpu import ReferenceBackend
from gnomon.dtypes import DType, Scalar
from gnomon.layout import Layout
from gnomon.op.claims import Ulps
from gnomon.registry import opened_backends, register_backend

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from gnomon_opencl.backend import OpenCLBackend
from gnomon_opencl.provider import opened

REFERENCE = ReferenceBackend()
SPECIAL = (0.0, -0.0, math.inf, -math.inf, math.nan, 1e-40, 65504.0, -3e38, 1.0, -1.0, 0.5)


@cache
def default_backend() -> OpenCLBackend:
    """Return the backend of ``opencl:0``, and let it serve that device if none does yet; no
    trial of its compiler goes on.
    """
    try:
        backend = opened(0)
    except RuntimeError as error:
        pytest.skip(str(error))
    wait_for_trials()
    if all(served.device != backend.device for served in opened_backends()):
        register_backend(backend)
    return backend


def wait_for_trials() -> None:
    """Wait for the trials that have begun."""
    for thread in threading.enumerate():
        if thread.name.endswith("(wide_vectors_are_safe)"):
            thread.join()


@cache
def with_traits_of_a_gpu() -> OpenCLBackend:
    """Return a backend that gives the same device the kernels of a graphics card."""
    runtime = default_backend().runtime
    traits = replace(
        runtime.traits, lanes=1, float_lanes=1, chunk=1, group_size=64, is_processor=False
    )
    (device,) = runtime.context.devices
    return OpenCLBackend(device, 99, traits)


def served_device(backend: OpenCLBackend) -> str:
    """Return the device of a backend that tests made, and have the backend serve it."""
    if all(served.device != backend.device for served in opened_backends()):
        register_backend(backend)
    return str(backend.device)


@cache
def with_short_vectors() -> OpenCLBackend:
    """Return a backend that takes the device for one that gets no vectors of 64 bytes right."""
    traits = replace(default_backend().runtime.traits, vector_bytes=32, float_lanes=8)
    (device,) = default_backend().runtime.context.devices
    return OpenCLBackend(device, 98, traits)


@cache
def with_registers_of(length: int) -> OpenCLBackend:
    """Return a backend that takes the device for one with registers of ``length`` bytes."""
    traits = replace(
        default_backend().runtime.traits, register_bytes=length, float_lanes=length // 4
    )
    (device,) = default_backend().runtime.context.devices
    backend = OpenCLBackend(device, 100 + length, traits)
    register_backend(backend)
    return backend


BACKENDS = {"own": default_backend, "gpu": with_traits_of_a_gpu}


class Pair(NamedTuple):
    """One operand on the host and one like it on the device."""

    host: Operand
    device: Operand


def pair(backend: Backend, values: Sequence[Scalar], layout: Layout, dtype: DType) -> Pair:
    """Return operands whose storage holds ``values``, repeated until ``layout`` has enough."""
    cells = layout.span[1]
    repeated = [values[k % len(values)] for k in range(max(cells, 1))]
    data = memoryview(dtype.pack(dtype.convert_all(repeated, _natural(dtype)))).cast("B")
    operands = []
    for place in (REFERENCE, backend):
        storage = Storage(place, place.allocate(data.nbytes))
        place.write(storage.memory, 0, data)
        operands.append(Operand(storage, layout, dtype))
    return Pair(*operands)


def _natural(dtype: DType) -> DType:
    return gnomon.float64 if dtype.is_floating_point else gnomon.int64


def elements(operand: Operand) -> list[Scalar]:
    """Return the elements in logical order, without any kernel."""
    storage, layout, dtype = operand
    data = storage.backend.read(storage.memory, 0, storage.nbytes)
    cells = dtype.unpack(data.cast(dtype.cell))
    return [cells[position] for position in layout.positions()]


def whole(operand: Operand) -> bytes:
    """Return the storage an operand is in, what lies between its elements included."""
    storage = operand.storage
    return bytes(storage.backend.read(storage.memory, 0, storage.nbytes))


def apart(mine: Scalar, other: Scalar, dtype: DType) -> float:
    """Return the distance of two elements, of floats in units in the last place."""
    if mine == other or (mine != mine and other != other):
        return 0.0
    if not dtype.is_floating_point or not (math.isfinite(mine) and math.isfinite(other)):
        return math.inf
    formats = {"float16": (11, -14), "bfloat16": (8, -126), "float64": (53, -1022)}
    bits, least = formats.get(dtype.name, (24, -126))
    exponent = max(math.frexp(other)[1] - 1, least)
    return abs(mine - other) / math.ldexp(1.0, exponent - bits + 1)


def allowed_ulps(tolerance: Ulps, dtype: DType) -> float:
    """Return what a record allows on ``dtype``."""
    if dtype.itemsize == 2:
        return tolerance.float16
    return tolerance.float64 if dtype.itemsize == 8 else tolerance.float32
