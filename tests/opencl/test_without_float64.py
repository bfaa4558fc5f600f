"""A device without float64 computes in float32 what others compute in float64."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import pytest

from gnomon.backend import NotSupported, Operand, SourceRecord, Storage
from gnomon.dtypes import DType, Scalar, bfloat16, float16, float32, float64, int64
from gnomon.layout import Layout
from gnomon.op.claims import Ulps
from gnomon.op.copy import COPY
from gnomon.ops.extremes import ARGMAX
from gnomon.ops.random import BERNOULLI, NORMAL, RANDINT, UNIFORM
from gnomon.ops.scans import LOGCUMSUMEXP
from gnomon.ops.sources import arange, linspace, logspace

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from gnomon.generator import PhiloxGenerator
from gnomon_opencl.backend import OpenCLBackend
from gnomon_opencl.kernels.meanings import MEANINGS

from .devices import REFERENCE, allowed_ulps, apart, default_backend, elements, pair
from .test_elementwise import RECORDS, _inputs
from .test_reduce import RECORDS as REDUCTIONS

LAYOUT = Layout.contiguous((3, 29))
#: Records whose text differs where float64 is missing: those that call functions in files.
CALLING = [
    name
    for name, meaning in MEANINGS.items()
    if meaning.functions is not None and meaning.on(float32) is not None
]


@cache
def without_float64() -> OpenCLBackend:
    runtime = default_backend().runtime
    traits = replace(runtime.traits, double_arithmetic=False)
    (device,) = runtime.context.devices
    return OpenCLBackend(device, 97, traits)


@pytest.fixture(autouse=True)
def no_kernel_mentions_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a kernel would not build on such a device, though it does on this one."""
    programs = without_float64().runtime.programs
    build = programs.kernel

    def checked(source: str, name: str) -> object:
        code = re.sub(
            r"/\*.*?\*/|//[^\n]*|#if IS_DOUBLE.*?#(else|endif)", "", source, flags=re.S
        )
        found = re.search(r"[^\n]*\bdouble\d*\b[^\n]*", code)
        assert found is None, found
        return build(source, name)

    monkeypatch.setattr(programs, "kernel", checked)


def fresh(backend: object, dtype: DType, layout: Layout = LAYOUT) -> Operand:
    assert isinstance(backend, type(REFERENCE) | OpenCLBackend)
    memory = backend.allocate(layout.numel * dtype.itemsize)
    return Operand(Storage(backend, memory), layout, dtype)


@pytest.mark.parametrize("name", CALLING)
def test_functions_are_as_near_as_the_records_say(name: str) -> None:
    backend, record = without_float64(), RECORDS[name]
    for dtype in (float32, float16):
        _, result = record.dtype(name, dtype)
        inputs = _inputs(record, dtype, LAYOUT, backend)
        outputs = [fresh(place, result) for place in (REFERENCE, backend)]
        REFERENCE.elementwise(record, [each.host for each in inputs], outputs[0])
        backend.elementwise(record, [each.device for each in inputs], outputs[1])
        assert isinstance(record.tolerance, Ulps)
        allowed = allowed_ulps(record.tolerance, result) if result.is_floating_point else 0
        columns = zip(*[elements(each.host) for each in inputs], strict=True)
        for other, mine, given in zip(*map(elements, outputs), columns, strict=True):
            assert apart(mine, other, result) <= allowed, (mine, other, given)


@pytest.mark.parametrize("dtype", (float32, float16, bfloat16, int64), ids=lambda d: d.name)
@pytest.mark.parametrize(
    ("record", "parameters"),
    [
        (arange, (3, -2)),
        (arange, (0.5, 0.1)),
        (arange, (-1e30, 3e27)),
        (linspace, (-1.0, 2.5, 87)),
        (linspace, (1e-3, 1e6, 87)),
        (linspace, (3.0, 9.0, 1)),
        (logspace, (-1.0, 2.5, 87, 10.0)),
    ],
)
def test_regular_sources(
    record: SourceRecord, parameters: tuple[Scalar, ...], dtype: DType
) -> None:
    if dtype is int64 and parameters[0] == -1e30:
        pytest.skip("out of range")
    outputs = [fresh(place, dtype) for place in (REFERENCE, without_float64())]
    for output in outputs:
        output.storage.backend.source(record, parameters, None, output)
    ulps = 16 if record is logspace else 2
    for other, mine in zip(*map(elements, outputs), strict=True):
        assert apart(mine, other, dtype) <= (ulps if dtype.is_floating_point else 0)


def test_random_sources_are_the_same_numbers() -> None:
    for record, parameters in (
        (UNIFORM, (-3.0, 7.5)),
        (NORMAL, (0.5, 2.0)),
        (BERNOULLI, (0.3,)),
    ):
        outputs = [fresh(place, float32) for place in (REFERENCE, without_float64())]
        for output in outputs:
            output.storage.backend.source(record, parameters, PhiloxGenerator(9), output)
        assert elements(outputs[0]) == elements(outputs[1])
    output = fresh(without_float64(), int64)
    without_float64().source(RANDINT, (0, 9), PhiloxGenerator(9), output)
    assert set(elements(output)) <= set(range(9))


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_and_scans(name: str) -> None:
    backend = without_float64()
    inputs = pair(backend, [0.5, -1.25, 2.0, 0.75], LAYOUT, float32)
    record = REDUCTIONS[name]
    parameters = {"var": (1,), "std": (1,), "vector_norm": (3.0,)}.get(name, ())
    _, result = record.dtype(name, float32)
    outputs = [fresh(p, result, Layout.contiguous((3, 1))) for p in (REFERENCE, backend)]
    for operand, output in zip(inputs, outputs, strict=True):
        output.storage.backend.reduce(record, operand, (1,), parameters, output)
    for other, mine in zip(*map(elements, outputs), strict=True):
        assert mine == pytest.approx(other, rel=1e-5)
    scanned = [fresh(place, float32) for place in (REFERENCE, backend)]
    for operand, output in zip(inputs, scanned, strict=True):
        output.storage.backend.scan(LOGCUMSUMEXP, operand, 1, output)
    for other, mine in zip(*map(elements, scanned), strict=True):
        assert mine == pytest.approx(other, rel=1e-5)


def test_float64_itself_is_declared_missing() -> None:
    backend = without_float64()
    assert not backend.supports("add", (float64,)) and backend.supports("add", (float32,))
    operand = fresh(backend, float64)
    with pytest.raises(NotSupported, match="float64"):
        backend.elementwise(RECORDS["neg"], [operand], fresh(backend, float64))
    with pytest.raises(NotSupported, match="float64"):
        backend.reduce(
            ARGMAX, operand, (1,), (), fresh(backend, int64, Layout((3, 1), (1, 1), 0))
        )
    with pytest.raises(NotSupported, match="float64"):
        backend.source(arange, (0.0, 1.0), None, operand)


def test_float64_is_declared_a_gap_and_refused_alike_by_all_verbs() -> None:
    backend = without_float64()
    (gap,) = backend.gaps()
    assert gap.never and not default_backend().gaps()
    doubles, indices = fresh(backend, float64), fresh(backend, int64)
    launches = {
        "copy": lambda: backend.elementwise(COPY, (doubles,), fresh(backend, float64)),
        "sort": lambda: backend.sort(doubles, 1, False, fresh(backend, float64), indices),
        "gather": lambda: backend.gather(doubles, (), fresh(backend, float64)),
    }
    for name, launch in launches.items():
        assert gap.covers(name, name, ["float64"])
        with pytest.raises(NotSupported, match=f"{name}: the device .*float64"):
            launch()
