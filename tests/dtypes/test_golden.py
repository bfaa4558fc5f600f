"""Promotion and conversion are PyTorch's: the stored tables of PyTorch 2.13."""

from __future__ import annotations

import json
import math
import platform
from itertools import product
from typing import TypeAlias

import pytest
from golden import read, write

import gnomon.dtypes as dt
from gnomon.dtypes import Category, DType, Scalar

FILE = "dtypes.json"
Table: TypeAlias = dict[str, str]

NAMES = [dtype.name for dtype in dt.ALL_DTYPES]
SCALARS = {"True": True, "1": 1, "0.5": 0.5}
REFUSED = "RuntimeError"

# Both sides of every rule: signs, fractions, wrapping, the ends of every register, NaN. All are
# exact in float64, and none of them is a case of rounding twice (test_against_torch has those).
NUMBERS: list[Scalar] = [
    False, True, 0, 1, -1, 127, 128, -129, 255, 256, 2049, 65535, 65536, 16777217, 2**31 - 1,
    2**31, -(2**31) - 1, 2**32 + 5, 2**40 + 3, 2**53 + 1, 2**63 - 1, -(2**63),
    0.0, -0.0, 0.5, -0.5, 1.5, -1.5, 300.75, -300.75, 40000.5, 65519.0, 65520.0, -70000.25,
    2.0**31, 2.0**31 - 0.5, -(2.0**31) - 1.0, 3e9, -3e9, 2.0**32 + 5.0, -(2.0**40) - 7.0,
    2.0**63, 2.0**63 + 2048.0, -(2.0**63), -(2.0**63) - 2048.0, 2.0**64, 2.0**64 - 2048.0, 1e30,
    -1e30, 1e300, 1e-310, math.inf, -math.inf, math.nan,
]  # fmt: skip


def kind_of(number: Scalar) -> str:
    return {bool: "bool", int: "int64", float: "float64"}[type(number)]


def record() -> dict[str, Table]:
    """The tables as the PyTorch that is installed gives them."""
    torch = pytest.importorskip("torch", reason="golden values come from PyTorch")

    def dtype(name: str) -> object:
        return getattr(torch, name)

    def answer(function: str, *operands: object) -> str:
        try:
            return str(getattr(torch, function)(*operands)).removeprefix("torch.")
        except RuntimeError:
            return REFUSED

    def tensor(name: str, *shape: int) -> object:
        return torch.zeros(shape, dtype=dtype(name))

    pairs = list(product(NAMES, NAMES))
    return {
        "promote_types": {
            f"{a} {b}": answer("promote_types", dtype(a), dtype(b)) for a, b in pairs
        },
        "can_cast": {f"{a} {b}": answer("can_cast", dtype(a), dtype(b)) for a, b in pairs},
        "dimensioned with 0-d": {
            f"{a} {b}": answer("result_type", tensor(a, 1), tensor(b)) for a, b in pairs
        },
        "dimensioned with scalar": {
            f"{a} {s}": answer("result_type", tensor(a, 1), SCALARS[s])
            for a, s in product(NAMES, SCALARS)
        },
        "0-d with scalar": {
            f"{a} {s}": answer("result_type", tensor(a), SCALARS[s])
            for a, s in product(NAMES, SCALARS)
        },
        "scalar with scalar": {
            f"{s} {t}": answer("result_type", SCALARS[s], SCALARS[t])
            for s, t in product(SCALARS, SCALARS)
        },
        "convert": {
            f"{number!r} {name}": repr(
                torch.tensor(number, dtype=dtype(kind_of(number))).to(dtype(name)).item()
            )
            for number, name in product(NUMBERS, NAMES)
        },
    }


@pytest.fixture(scope="module")
def stored() -> dict[str, Table]:
    tables: dict[str, Table] = json.loads(read(FILE))
    return tables


def test_write(write_golden: bool) -> None:
    if not write_golden:
        pytest.skip("only with --write-golden")
    write(FILE, json.dumps(record(), indent=1) + "\n")


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"),
    reason="C leaves a float out of an integer's range to the processor",
)
def test_the_installed_pytorch_agrees(stored: dict[str, Table]) -> None:
    assert record() == stored


def promoted(a: DType, b: DType) -> str:
    try:
        return dt.promote_types(a, b).name
    except RuntimeError:
        return REFUSED


def result(*participants: tuple[Category, DType]) -> str:
    try:
        return dt.result_dtype(participants).name
    except RuntimeError:
        return REFUSED


def test_promote_types(stored: dict[str, Table]) -> None:
    assert {
        f"{a.name} {b.name}": promoted(a, b) for a, b in product(dt.ALL_DTYPES, dt.ALL_DTYPES)
    } == stored["promote_types"]


def test_can_cast(stored: dict[str, Table]) -> None:
    assert {
        f"{a.name} {b.name}": str(dt.can_cast(a, b))
        for a, b in product(dt.ALL_DTYPES, dt.ALL_DTYPES)
    } == stored["can_cast"]


def test_dimensioned_with_zero_dimensional(stored: dict[str, Table]) -> None:
    assert {
        f"{a.name} {b.name}": result((Category.DIMENSIONED, a), (Category.ZERO_DIM, b))
        for a, b in product(dt.ALL_DTYPES, dt.ALL_DTYPES)
    } == stored["dimensioned with 0-d"]


@pytest.mark.parametrize(
    ("table", "category"),
    [
        ("dimensioned with scalar", Category.DIMENSIONED),
        ("0-d with scalar", Category.ZERO_DIM),
    ],
)
def test_tensor_with_scalar(stored: dict[str, Table], table: str, category: Category) -> None:
    assert {
        f"{a.name} {text}": result((Category.SCALAR, dt.dtype_of_scalar(scalar)), (category, a))
        for a, (text, scalar) in product(dt.ALL_DTYPES, SCALARS.items())
    } == stored[table]


def test_scalar_with_scalar(stored: dict[str, Table]) -> None:
    assert {
        f"{s} {t}": result(
            (Category.SCALAR, dt.dtype_of_scalar(SCALARS[s])),
            (Category.SCALAR, dt.dtype_of_scalar(SCALARS[t])),
        )
        for s, t in product(SCALARS, SCALARS)
    } == stored["scalar with scalar"]


def test_convert(stored: dict[str, Table]) -> None:
    assert {
        f"{number!r} {dtype.name}": repr(dtype.convert(number))
        for number, dtype in product(NUMBERS, dt.ALL_DTYPES)
    } == stored["convert"]


@pytest.mark.parametrize("source", [dt.bool_, dt.int64, dt.float64], ids=str)
@pytest.mark.parametrize("dtype", dt.ALL_DTYPES, ids=str)
def test_whole_sequences_convert_like_their_elements(source: DType, dtype: DType) -> None:
    values = [number for number in NUMBERS if kind_of(number) == source.name]
    converted = dtype.convert_all(values, source)
    assert list(map(repr, converted)) == [repr(dtype.convert(value)) for value in values]
    packed = dtype.unpack(dtype.pack_converted(values, source))
    assert list(map(repr, packed)) == list(map(repr, converted))
    for value in values:
        assert list(map(repr, dtype.convert_all([value], source))) == [
            repr(dtype.convert(value))
        ]


def test_widening_returns_the_argument() -> None:
    values = [1, 2]
    assert dt.int64.convert_all(values, dt.uint8) is values
    assert dt.float64.convert_all(values, dt.bfloat16) is values
    assert dt.uint64.convert_all([-1], dt.int8)[0] == 2**64 - 1
    assert dt.bfloat16.convert_all([2049.0], dt.float16)[0] == 2048.0
    assert all(type(value) is int for value in dt.int8.convert_all([True], dt.bool_))
