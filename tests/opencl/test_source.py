"""Sources give on the device the very elements that the reference gives."""

from __future__ import annotations

import math

import pytest

from gnomon.backend import SourceRecord
from gnomon.dtypes import (
    ALL_DTYPES,
    DType,
    Scalar,
    bfloat16,
    bool_,
    float16,
    float32,
    float64,
    int16,
    int64,
    uint8,
)
from gnomon.generator import MersenneTwister, PhiloxGenerator
from gnomon.layout import Layout
from gnomon.ops.random import BERNOULLI, CAUCHY, EXPONENTIAL, NORMAL, RANDINT, UNIFORM
from gnomon.ops.sources import arange, eye, linspace, logspace

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from .devices import BACKENDS, REFERENCE, apart, default_backend, elements, pair

LAYOUT = Layout.contiguous((31, 5)).transpose(0, 1)


@pytest.mark.parametrize("dtype", ALL_DTYPES, ids=lambda d: d.name)
@pytest.mark.parametrize(
    ("record", "parameters", "ulps"),
    [
        (arange, (3, -2), 0),
        (arange, (0.5, 0.1), 0),
        (arange, (2**62, 2**54 + 1), 0),
        (eye, (31,), 0),
        (linspace, (-1.0, 2.5, 155), 2),
        (linspace, (3.0, 9.0, 1), 2),
        (logspace, (-1.0, 2.5, 155, 10.0), 16),
    ],
    ids=lambda x: getattr(x, "name", None),
)
def test_regular_sources(
    record: SourceRecord, parameters: tuple[Scalar, ...], ulps: int, dtype: DType
) -> None:
    backend = default_backend()
    output = pair(backend, [0], LAYOUT, dtype)
    for place, end in ((REFERENCE, 0), (backend, 1)):
        place.source(record, parameters, None, output[end])
    allowed = ulps if dtype.is_floating_point else 0
    for mine, other in zip(elements(output.device), elements(output.host), strict=True):
        assert apart(mine, other, dtype) <= allowed


#: Of one word each and of two: what processors draw at once, chunks of that, and what is left.
LENGTHS = (1, 63, 64, 65, 127, 128, 129, 4096, 4097, 9001)
DRAWS = [
    (UNIFORM, (-3.0, 7.5), (float16, bfloat16, float32, float64)),
    (UNIFORM, (1.0, 1.0 + 2.0**-20), (float32,)),
    (NORMAL, (0.5, 2.0), (float16, bfloat16, float32, float64)),
    (EXPONENTIAL, (1.5,), (float16, float32, float64)),
    (BERNOULLI, (0.3,), (bool_, float32, bfloat16, int64)),
    (RANDINT, (-5, 117), (int64, int16, float32)),
    (RANDINT, (0, 2**28), (int64,)),
    (RANDINT, (-(2**63), 2**63), (int64,)),
    (RANDINT, (0, 256), (uint8,)),
]


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize(
    ("record", "parameters", "dtype"),
    [(record, parameters, dtype) for record, parameters, dtypes in DRAWS for dtype in dtypes],
    ids=lambda x: getattr(x, "name", None),
)
def test_draws_are_those_of_the_definition(
    record: SourceRecord, parameters: tuple[Scalar, ...], dtype: DType, traits: str
) -> None:
    backend = BACKENDS[traits]()
    ours, theirs = PhiloxGenerator(2**40 + 7), PhiloxGenerator(2**40 + 7)
    ours.next_offset(), theirs.next_offset()
    output = pair(backend, [0], LAYOUT, dtype)
    backend.source(record, parameters, ours, output.device)
    REFERENCE.source(record, parameters, theirs, output.host)
    assert elements(output.device) == elements(output.host)
    assert ours.next_offset() == theirs.next_offset() == 2


@pytest.mark.parametrize(
    ("record", "parameters", "dtype"),
    [(record, parameters, dtype) for record, parameters, dtypes in DRAWS for dtype in dtypes],
    ids=lambda x: getattr(x, "name", None),
)
def test_draws_of_any_length_are_those_of_the_definition(
    record: SourceRecord, parameters: tuple[Scalar, ...], dtype: DType
) -> None:
    backend = default_backend()
    ours, theirs = PhiloxGenerator(2**40 + 7), PhiloxGenerator(2**40 + 7)
    for length in LENGTHS:
        output = pair(backend, [0], Layout.contiguous((length,)), dtype)
        backend.source(record, parameters, ours, output.device)
        REFERENCE.source(record, parameters, theirs, output.host)
        assert elements(output.device) == elements(output.host)


def test_every_step_of_the_normal_draw_is_rounded_alike() -> None:
    backend = default_backend()
    output = pair(backend, [0], Layout.contiguous((20001,)), float32)
    backend.source(NORMAL, (0.0, 1.0), PhiloxGenerator(5), output.device)
    REFERENCE.source(NORMAL, (0.0, 1.0), PhiloxGenerator(5), output.host)
    assert elements(output.device) == elements(output.host)
    assert math.fsum(elements(output.device)) / 20001 == pytest.approx(0, abs=5 / 20001**0.5)


def test_a_draw_from_the_twister_is_made_on_the_host() -> None:
    backend = default_backend()
    output = pair(backend, [0], Layout.contiguous((9,)), float32)
    backend.source(CAUCHY, (0.0, 1.0), MersenneTwister(1), output.device)
    REFERENCE.source(CAUCHY, (0.0, 1.0), MersenneTwister(1), output.host)
    assert elements(output.device) == elements(output.host)
