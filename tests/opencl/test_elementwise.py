"""Every elementwise record gives on the device what the reference gives."""

from __future__ import annotations

import importlib
import math
import os
import pkgutil
import random
from collections.abc import Callable

import pytest

import gnomon.ops
from gnomon.backend import Backend
from gnomon.dtypes import (
    ALL_DTYPES,
    DType,
    Kind,
    Scalar,
    bfloat16,
    bool_,
    float32,
    float64,
    int8,
    int32,
    int64,
    uint64,
)
from gnomon.layout import Layout
from gnomon.op.claims import Domain, Ulps
from gnomon.op.copy import COPY
from gnomon.op.elementwise import Binary, Elementwise, Quaternary, Ternary, Unary

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from gnomon_opencl.generation import with_long_rows
from gnomon_opencl.kernels.expressions import Expression, Formula, Step, launches

from .devices import (
    BACKENDS,
    REFERENCE,
    SPECIAL,
    Pair,
    allowed_ulps,
    apart,
    default_backend,
    elements,
    pair,
    whole,
    with_traits_of_a_gpu,
)


def _records() -> dict[str, Elementwise]:
    found: dict[str, Elementwise] = {}
    for module in pkgutil.iter_modules(gnomon.ops.__path__):
        for value in vars(importlib.import_module(f"gnomon.ops.{module.name}")).values():
            if isinstance(value, Elementwise):
                found.setdefault(value.name, value)
    return found


RECORDS = _records()
#: Records whose second operand is a whole number.
WHOLE = ("polygamma", "mvlgamma", "ldexp", "round_decimals")
ARITY = {Unary: 1, Binary: 2, Ternary: 3, Quaternary: 4}


def _drawn(
    domain: Domain, dtype: DType, count: int, draw: random.Random, whole: bool
) -> list[Scalar]:
    if dtype is bool_:
        return [draw.random() < 0.5 for _ in range(count)]
    if not dtype.is_floating_point:
        bits = 8 * dtype.itemsize
        low = 0 if dtype.kind is Kind.UNSIGNED else -(2 ** (bits - 1))
        values = [
            draw.randint(-9, 9) if k % 2 else draw.randint(low, low + 2**bits - 1)
            for k in range(count)
        ]
        return [dtype.convert(v) or 1 if domain.nonzero else dtype.convert(v) for v in values]
    low = max(domain.low, -50.0)
    high = min(domain.high, 50.0)
    values = [float(dtype.convert(draw.uniform(low, high))) for _ in range(count)]
    if whole:
        values = [float(dtype.convert(abs(round(v)) % 9 + 1)) for v in values]
    return [v or 1.0 if domain.nonzero else v for v in values]


def _inputs(record: Elementwise, dtype: DType, layout: Layout, backend: Backend) -> list[Pair]:
    """Return operands of ``record``, drawn from its domain."""
    draw = random.Random(f"{record.name} {dtype.name}")
    arity = ARITY[type(record)]
    domains = record.domain if isinstance(record.domain, tuple) else (record.domain,) * arity
    inputs = []
    for position, domain in enumerate(domains):
        own = bool_ if position < record.conditions else dtype
        whole = position == 1 and record.name in WHOLE
        inputs.append(pair(backend, _drawn(domain, own, 87, draw, whole), layout, own))
    return inputs


def _combinations() -> list[tuple[str, DType]]:
    """Return what to test: every record on one dtype, or on all where that is asked for."""
    wanted = []
    for name, record in RECORDS.items():
        defined = []
        for dtype in ALL_DTYPES:
            try:
                compute, _ = record.dtype(name, dtype)
            except (RuntimeError, NotImplementedError):
                continue
            if compute is dtype:
                defined.append(dtype)
        if os.environ.get("GNOMON_TEST_ALL") != "1":
            # Any one dtype, but the same on every run; over the records, each has its turn.
            defined = [defined[sum(name.encode()) % len(defined)]]
        wanted += [(name, dtype) for dtype in defined]
    return wanted


@pytest.mark.parametrize(
    ("name", "dtype"), _combinations(), ids=lambda x: x if isinstance(x, str) else x.name
)
def test_a_record_means_the_same_here(name: str, dtype: DType) -> None:
    backend = default_backend()
    record = RECORDS[name]
    _, result = record.dtype(name, dtype)
    layout = Layout.contiguous((3, 29))
    inputs = _inputs(record, dtype, layout, backend)
    output = pair(backend, [0], layout, result)
    assert backend.supports(name, [each.host.dtype for each in inputs])
    REFERENCE.elementwise(record, [each.host for each in inputs], output.host)
    backend.elementwise(record, [each.device for each in inputs], output.device)
    expected, got = elements(output.host), elements(output.device)
    columns = list(zip(*[elements(each.host) for each in inputs], strict=True))
    assert isinstance(record.tolerance, Ulps)
    allowed = allowed_ulps(record.tolerance, result) if result.is_floating_point else 0
    for mine, other, given in zip(got, expected, columns, strict=True):
        assert apart(mine, other, result) <= allowed, (mine, other, given)


LAYOUTS: dict[str, Callable[[int], Layout]] = {
    "contiguous": lambda rows: Layout.contiguous((rows, 40)),
    "transposed": lambda rows: Layout.contiguous((40, rows)).transpose(0, 1),
    "stepped": lambda rows: Layout.contiguous((rows, 80)).slice(1, 0, 80, 2),
    "expanded": lambda rows: Layout.contiguous((rows, 1)).expand((rows, 40)),
    "one": lambda rows: Layout.contiguous((1, 1)).expand((rows, 40)),
    "offset": lambda rows: (
        Layout.contiguous((rows + 2, 50)).narrow(0, 2, rows).narrow(1, 3, 40)
    ),
}
#: Rows of many elements, whose layouts have texts of their own, and of few.
MANY_ROWS = 28
FEW_ROWS = 4


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize(
    ("dtype", "rows"),
    [*((each, MANY_ROWS) for each in (float32, bfloat16, int64, bool_)), (float32, FEW_ROWS)],
    ids=lambda given: getattr(given, "name", given),
)
@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_only_say_where_elements_are(
    name: str, dtype: DType, rows: int, traits: str
) -> None:
    backend = BACKENDS[traits]()
    values = [k % 2 if dtype is bool_ else k % 23 - 11 for k in range(80 * rows)]
    left = pair(backend, values, LAYOUTS[name](rows), dtype)
    for other in LAYOUTS.values():
        right = pair(backend, values[::-1], other(rows), dtype)
        for target in ("contiguous", "transposed", "stepped", "offset"):
            output = pair(backend, [0], LAYOUTS[target](rows), dtype)
            for place, end in ((REFERENCE, 0), (backend, 1)):
                place.elementwise(RECORDS["maximum"], [left[end], right[end]], output[end])
            assert whole(output.device) == whole(output.host), (other, target)


def test_few_elements_take_one_text_unless_they_are_in_order_or_all_the_same() -> None:
    traits = default_backend().runtime.traits
    step = Step(Formula("a"), float32, (0,), float32)
    expression = Expression((float32,), (), (step,), (1,))
    texts = set()
    for target in ("contiguous", "transposed", "stepped", "offset"):
        for source in LAYOUTS.values():
            layouts = (LAYOUTS[target](FEW_ROWS), source(FEW_ROWS))
            texts |= {launch.source for launch in launches(expression, layouts, traits)}
    assert len(texts) == 3


SHAPES = [(), (0,), (3, 0), (1,), (7,), (8,), (9,), (4097,), (2,) * 12]


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_sizes(shape: tuple[int, ...], traits: str) -> None:
    backend = BACKENDS[traits]()
    layout = Layout.contiguous(shape)
    if len(shape) > 2:  # a transposed dim in two keeps them from collapsing
        layout = layout.permute([*range(0, len(shape), 2), *range(1, len(shape), 2)])
    left = pair(backend, [0.5, -1.25, 3.0], layout, float32)
    output = pair(backend, [9.0], Layout.contiguous(shape), float32)
    for place, end in ((REFERENCE, 0), (backend, 1)):
        place.elementwise(RECORDS["sub"], [left[end], 0.25], output[end])
    assert whole(output.device) == whole(output.host)


@pytest.mark.parametrize("name", ["maximum", "clamp", "fmin", "sign", "eq", "isnan", "sigmoid"])
def test_special_values(name: str) -> None:
    backend, record = default_backend(), RECORDS[name]
    layout = Layout.contiguous((len(SPECIAL), len(SPECIAL)))
    flat = [pair(backend, SPECIAL, Layout.contiguous((11,)), float32) for _ in range(3)]
    _, result = record.dtype(name, float32)
    output = pair(backend, [0], layout, result)
    spread = [(0, 1), (1, 0), (1, 0)]
    for place, end in ((REFERENCE, 0), (backend, 1)):
        inputs = [
            each[end]._replace(layout=Layout(layout.shape, strides, 0))
            for each, strides in zip(flat, spread, strict=True)
        ]
        place.elementwise(record, inputs[: ARITY[type(record)]], output[end])
    for mine, other in zip(elements(output.device), elements(output.host), strict=True):
        assert apart(mine, other, result) <= (6 if name == "sigmoid" else 0)
        if other == 0:
            assert math.copysign(1, mine) == math.copysign(1, other)


NUMBERS = [0, 1, -1, 127, 128, 255, 300, -300, 40000, 2**24 + 1, 2**31, 2**40 + 3, 2**53 + 1]
FLOATS = [*SPECIAL, 300.7, -1.5, 3e9, -3e9, 2.0**40 + 3, 2.0**63, 1.5 * 2.0**63, 2.0**64, 1e30]
FLOATS += [126.25 + 2.0**-30, 2049.0 + 2.0**-20, 65519.99, 65520.0, 2.0**-25 * (1 + 2.0**-30)]


@pytest.mark.parametrize("target", ALL_DTYPES, ids=lambda d: d.name)
@pytest.mark.parametrize("source", [int8, int64, uint64, bfloat16, float32, float64], ids=str)
def test_conversions(source: DType, target: DType) -> None:
    backend = default_backend()
    values: list[Scalar] = [*(FLOATS if source.is_floating_point else NUMBERS)]
    layout = Layout.contiguous((len(values),))
    given = pair(backend, values, layout, source)
    output = pair(backend, [0], layout, target)
    for place, end in ((REFERENCE, 0), (backend, 1)):
        place.elementwise(COPY, [given[end]], output[end])
    for mine, other, value in zip(*map(elements, output[::-1]), values, strict=True):
        assert apart(mine, other, target) == 0, (mine, other, value)


def test_filling() -> None:
    backend = default_backend()
    for dtype in ALL_DTYPES:
        output = pair(backend, [1], Layout.contiguous((5, 6)).transpose(0, 1), dtype)
        for value in (0, True, -3, 2.5, 2**24 + 1):
            for place, end in ((REFERENCE, 0), (backend, 1)):
                place.elementwise(COPY, [dtype.convert(value)], output[end])
            assert elements(output.device) == elements(output.host)


@pytest.mark.parametrize("name", ["floor_divide", "trunc_divide", "remainder", "fmod"])
def test_an_integer_divisor_of_zero_is_an_error_that_writes_nothing(name: str) -> None:
    backend = default_backend()
    layout = Layout.contiguous((3,))
    dividend = pair(backend, [5, -7, -(2**31)], layout, int32)
    for divisor in (pair(backend, [2, 0, -1], layout, int32).device, 0):
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            backend.elementwise(RECORDS[name], [dividend.device, divisor], dividend.device)
    assert elements(dividend.device) == [5, -7, -(2**31)]
    minus_one = pair(backend, [-1], layout, int32)
    for place, end in ((REFERENCE, 0), (backend, 1)):
        place.elementwise(RECORDS[name], [dividend[end], minus_one[end]], dividend[end])
    assert elements(dividend.device) == elements(dividend.host)


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("dtype", [float32, float64], ids=lambda dtype: dtype.name)
@pytest.mark.parametrize(
    "name", ["sin", "cos", "tan", "tanh", "log1p", "frac", "gelu_tanh", "special_xlog1py"]
)
def test_no_lane_depends_on_its_neighbours(name: str, dtype: DType, traits: str) -> None:
    backend, record = BACKENDS[traits](), RECORDS[name]
    large = (3e38, math.inf, -math.inf, math.nan, 1e10, 40000.0)
    small = (1e-3, 0.5, -0.0, 2.0**-126, -2.0, 1.4e-45, 0.75)
    values = [value for pairs in zip(large, small, strict=False) for value in pairs] + [
        0.75,
        -0.75,
    ]
    layout = Layout.contiguous((len(values),))
    for shift in range(0, len(values), 3):
        given = values[shift:] + values[:shift]
        inputs = [pair(backend, side, layout, dtype) for side in (given, given[::-1])]
        output = pair(backend, [0], layout, dtype)
        for place, end in ((REFERENCE, 0), (backend, 1)):
            chosen = [each[end] for each in inputs[: ARITY[type(record)]]]
            place.elementwise(record, chosen, output[end])
        assert isinstance(record.tolerance, Ulps)
        allowed = allowed_ulps(record.tolerance, dtype)
        found, expected = elements(output.device), elements(output.host)
        for mine, other, x in zip(found, expected, given, strict=True):
            assert apart(mine, other, dtype) <= allowed, (mine, other, x)
            if other == 0:
                assert math.copysign(1, mine) == math.copysign(1, other)


def test_gelu_of_minus_infinity_is_no_number() -> None:
    backend = default_backend()
    layout = Layout.contiguous((9,))
    given = pair(backend, [-math.inf, math.inf, 0.0, 1.0], layout, float32)
    output = pair(backend, [0], layout, float32)
    backend.elementwise(RECORDS["gelu_tanh"], [given.device], output.device)
    first, second, third, *_ = elements(output.device)
    assert math.isnan(first) and second == math.inf and third == 0


def test_a_logarithm_that_underflows_keeps_its_sign() -> None:
    backend = default_backend()
    layout = Layout.contiguous((2,))
    given = pair(backend, [38.4586181640625, 100.0], layout, float32)
    output = pair(backend, [1], layout, float32)
    backend.elementwise(RECORDS["special_log_ndtr"], [given.device], output.device)
    assert [math.copysign(1, each) for each in elements(output.device)] == [-1, -1]


def _strides(shape: tuple[int, ...], order: tuple[int, ...], gap: int) -> tuple[int, ...]:
    """Return strides for dims that lie in an order, the first outermost, with gaps between."""
    strides, step = [0] * len(shape), gap
    for dim in reversed(order):
        strides[dim], step = step, step * shape[dim]
    return tuple(strides)


@pytest.mark.parametrize("dtype", [float32, float64, bfloat16, int8, int64, bool_])
@pytest.mark.parametrize(
    ("shape", "without"),
    [
        ((7, 61, 3), ((0,), (1,))),
        ((700, 5), ((0,), ())),
        ((40, 6, 7, 2), ((0, 2), (1,))),
        ((2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3), ((0, 2, 4, 6, 8, 10), (1, 3, 5, 7, 9))),
        ((3, 1100, 2, 2), ((1,), (3,))),
    ],
)
@pytest.mark.parametrize("gap", [1, 2])
def test_rows_shorter_than_vectors(
    dtype: DType, shape: tuple[int, ...], without: tuple[tuple[int, ...], ...], gap: int
) -> None:
    """Operands that do not collapse, some without a stride along a dim; what lies between the
    elements of the output stays.
    """
    layouts = []
    for dims in without:
        strides = list(_strides(shape, tuple(range(len(shape))), 1))
        for dim in dims:
            strides[dim] = 0
        layouts.append(Layout(shape, tuple(strides), 2))
    backend, values = default_backend(), [1, 0, 3, -2, 5, 7, 11, -13]
    inputs = [pair(backend, values[k:], layout, dtype) for k, layout in enumerate(layouts)]
    orders = (tuple(range(len(shape))), tuple(range(len(shape)))[::-1])
    for order in orders:
        target = Layout(shape, _strides(shape, order, gap), 1)
        output = pair(backend, [9], target, dtype)
        for place, end in ((REFERENCE, 0), (backend, 1)):
            place.elementwise(RECORDS["mul"], [each[end] for each in inputs], output[end])
        assert whole(output.device) == whole(output.host)


def test_a_long_dim_takes_the_place_of_a_short_one() -> None:
    traits = default_backend().runtime.traits
    image = Layout.contiguous((7, 61, 3))
    (turned,) = with_long_rows([image], traits)
    assert (turned.shape, turned.strides) == ((7, 3, 61), (183, 1, 3))
    assert with_long_rows([image], with_traits_of_a_gpu().runtime.traits)[0] == image


@pytest.mark.parametrize("exponent", [-1, -0.5, 0, 0.5, 1, 2, 3, 4])
def test_powers_that_are_products_and_roots(exponent: float) -> None:
    """Two products round twice; OpenCL's quotient may be 2.5 ULP off, and its root 3."""
    layout = Layout.contiguous((16,))
    base = pair(default_backend(), [*SPECIAL, -3.1, 7e12, -2e-13, 1.1], layout, float32)
    output = pair(default_backend(), [9.0], layout, float32)
    for place, end in ((REFERENCE, 0), (default_backend(), 1)):
        place.elementwise(RECORDS["pow"], [base[end], float(exponent)], output[end])
    for mine, other in zip(elements(output.device), elements(output.host), strict=True):
        assert apart(mine, other, float32) <= {4: 3, 3: 2, -1: 2.5, 0.5: 3, -0.5: 5.5}.get(
            exponent, 0
        )
        assert mine != mine or math.copysign(1, mine) == math.copysign(1, other)


@pytest.mark.parametrize("dtype", [float32, float64], ids=["float32", "float64"])
def test_powers_of_all_pairs_of_special_numbers(dtype: DType) -> None:
    """In vectors of whole lanes: every base with every exponent, to OpenCL's 16 ULP."""
    edges = [*SPECIAL, 0.5, -3.0, 1e-45, -1e38, 3.4e38, 1 - 2**-24, 1 + 2**-23]
    edges += [16777217.0, -16777215.0, 1e9, -1e9, 2.5, -150.0, 127.5, 0.1, 88.0]
    values = [float(dtype.round(value)) for value in edges]
    layout = Layout.contiguous((len(values) ** 2,))
    inputs = [
        pair(default_backend(), [a for a in values for _ in values], layout, dtype),
        pair(default_backend(), values * len(values), layout, dtype),
    ]
    output = pair(default_backend(), [9.0], layout, dtype)
    for place, end in ((REFERENCE, 0), (default_backend(), 1)):
        place.elementwise(RECORDS["pow"], [each[end] for each in inputs], output[end])
    for mine, other in zip(elements(output.device), elements(output.host), strict=True):
        assert apart(mine, other, dtype) <= 16
        assert mine != mine or math.copysign(1, mine) == math.copysign(1, other)


@pytest.mark.parametrize(
    ("dtype", "smallest"), [(float32, -149), (float64, -1074)], ids=["float32", "float64"]
)
def test_ldexp_rounds_once_among_subnormal_numbers(dtype: DType, smallest: int) -> None:
    backend = default_backend()
    # A little more than half of the smallest number, a little less, and exactly half.
    values = [1.0 + 2.0**-18, 1.0 - 2.0**-18, 1.0, 1.5, -2.5 - 2.0**-18]
    layout = Layout.contiguous((len(values),))
    inputs = [pair(backend, [value * 2.0**-60 for value in values], layout, dtype)]
    inputs.append(pair(backend, [smallest - 1 + 60] * len(values), layout, dtype))
    output = pair(backend, [0], layout, dtype)
    backend.elementwise(RECORDS["ldexp"], [each.device for each in inputs], output.device)
    cells = [1, 0, 0, 1, -1]
    assert elements(output.device) == [math.ldexp(cell, smallest) for cell in cells]
