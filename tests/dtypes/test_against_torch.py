"""Conversion against PyTorch: random values, single elements and whole tensors.

The disagreements that docs/semantics/dtypes.md states are asserted as well: should PyTorch give
them up, this file says so.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gnomon.dtypes as dt
from gnomon.dtypes import DType, Scalar, iinfo

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the oracle of this file is PyTorch")

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"),
    reason="C leaves a float out of an integer's range to the processor",
)

# Enough for the vectorised loops of every x86-64 instruction set, and an odd rest.
REPEATS = 67

HALVES = (dt.float16, dt.bfloat16)
INTEGERS = [d for d in dt.ALL_DTYPES if not d.is_floating_point and d is not dt.bool_]
FLOATS = [d for d in dt.ALL_DTYPES if d.is_floating_point]


def theirs(dtype: DType) -> torch.dtype:
    found = getattr(torch, dtype.name)
    assert isinstance(found, torch.dtype)
    return found


def in_pytorch(values: Sequence[Scalar], source: DType, dtype: DType) -> Iterator[set[str]]:
    """What becomes of each value: alone, in a long tensor, and in a strided one."""
    for value in values:
        single = torch.tensor(value, dtype=theirs(source))
        forms = (single, single.repeat(REPEATS), single.repeat(REPEATS, 2)[:, 0])
        yield {repr(x) for form in forms for x in form.to(theirs(dtype)).flatten().tolist()}


def elements(dtype: DType) -> st.SearchStrategy[Scalar]:
    if dtype is dt.bool_:
        return st.booleans()
    if not dtype.is_floating_point:
        return st.integers(iinfo(dtype).min, iinfo(dtype).max)
    magnitudes = st.floats(-(2.0**66), 2.0**66) | st.floats(-300.0, 300.0) | st.floats()
    return magnitudes.filter(lambda v: abs(v) <= dt.finfo(dtype).max or v != v).map(dtype.round)


def disagrees(source: DType, dtype: DType) -> bool:
    """The pairs of which PyTorch computes some values otherwise; tests of their own below."""
    twice = source in (dt.float64, dt.int64, dt.uint64) and dtype in HALVES
    return twice or (source.is_floating_point and dtype is dt.uint32)


PAIRS = [
    (source, dtype)
    for source, dtype in product(dt.ALL_DTYPES, dt.ALL_DTYPES)
    if source is not dtype and not disagrees(source, dtype)
]


@pytest.mark.parametrize(("source", "dtype"), PAIRS, ids=lambda d: d.name)
@settings(max_examples=15)
@given(data=st.data())
def test_conversion(source: DType, dtype: DType, data: st.DataObject) -> None:
    values = data.draw(st.lists(elements(source), min_size=1, max_size=4))
    ours = list(map(repr, dtype.convert_all(values, source)))
    assert ours == [repr(dtype.convert(value)) for value in values]
    assert [{value} for value in ours] == list(in_pytorch(values, source, dtype))


@pytest.mark.parametrize("source", [dt.float64, dt.int64, dt.uint64], ids=str)
@pytest.mark.parametrize("dtype", HALVES, ids=str)
@given(data=st.data())
def test_pytorch_rounds_to_the_halves_by_way_of_float32(
    source: DType, dtype: DType, data: st.DataObject
) -> None:
    values = data.draw(st.lists(elements(source), min_size=1, max_size=4))
    twice = dtype.convert_all(dt.float32.convert_all(values, source), dt.float32)
    assert [{repr(value)} for value in twice] == list(in_pytorch(values, source, dtype))


def test_a_value_that_pytorch_rounds_twice() -> None:
    value = 126.25 + 2.0**-30
    assert torch.tensor(value, dtype=torch.float64).to(torch.bfloat16).item() == 126.0
    assert dt.bfloat16.convert(value) == 126.5


@pytest.mark.parametrize("source", FLOATS, ids=str)
@given(data=st.data())
def test_float_to_uint32_follows_single_elements(source: DType, data: st.DataObject) -> None:
    values = data.draw(st.lists(elements(source), min_size=1, max_size=4))
    for value, converted in zip(values, dt.uint32.convert_all(values, source), strict=True):
        single = torch.tensor(value, dtype=theirs(source)).to(torch.uint32)
        assert single.item() == converted


def test_float_to_uint32_depends_on_the_length_in_pytorch() -> None:
    single = torch.tensor(-3e9)
    assert single.to(torch.uint32).item() == dt.uint32.convert(-3e9) == 1294967296
    assert 1294967296 not in single.repeat(64).to(torch.uint32).tolist()


@pytest.mark.parametrize("dtype", dt.ALL_DTYPES, ids=str)
def test_limits_print_the_same(dtype: DType) -> None:
    if dtype.is_floating_point:
        assert repr(dt.finfo(dtype)) == repr(torch.finfo(theirs(dtype)))
    elif dtype is not dt.bool_:
        assert repr(dt.iinfo(dtype)) == repr(torch.iinfo(theirs(dtype)))
