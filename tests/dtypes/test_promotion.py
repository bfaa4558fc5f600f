"""Promotion beyond the stored tables: its laws, its errors, scalars, the default dtype."""

from collections.abc import Iterator
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gnomon.dtypes as dt
from gnomon.dtypes import Category, DType

# Without the wider unsigned integers promotion is total, and a join of a lattice.
TOTAL = [d for d in dt.ALL_DTYPES if d not in (dt.uint16, dt.uint32, dt.uint64)]
PARTICIPANTS = st.lists(
    st.tuples(st.sampled_from(Category), st.sampled_from(TOTAL)), min_size=1, max_size=4
)


@pytest.fixture
def default_dtype_restored() -> Iterator[None]:
    before = dt.get_default_dtype()
    yield
    dt.set_default_dtype(before)


def test_promotion_is_a_join() -> None:
    for a, b in product(TOTAL, TOTAL):
        assert dt.promote_types(a, b) is dt.promote_types(b, a)
        assert dt.promote_types(a, dt.promote_types(a, b)) is dt.promote_types(a, b)
    for a, b, c in product(TOTAL, TOTAL, TOTAL):
        left = dt.promote_types(dt.promote_types(a, b), c)
        assert left is dt.promote_types(a, dt.promote_types(b, c))


@given(PARTICIPANTS)
def test_the_order_of_operands_does_not_matter(
    participants: list[tuple[Category, DType]],
) -> None:
    results = {dt.result_dtype(order) for order in permutations(participants)}
    assert len(results) == 1


def test_three_categories() -> None:
    dimensioned, zero_dim, scalar = Category.DIMENSIONED, Category.ZERO_DIM, Category.SCALAR
    cases = [
        ([(dimensioned, dt.int8), (zero_dim, dt.int64), (scalar, dt.int64)], dt.int8),
        ([(dimensioned, dt.bool_), (zero_dim, dt.int8), (scalar, dt.int64)], dt.int8),
        ([(dimensioned, dt.int8), (zero_dim, dt.float64), (scalar, dt.float32)], dt.float64),
        ([(dimensioned, dt.int8), (zero_dim, dt.int64), (scalar, dt.float32)], dt.float32),
        ([(dimensioned, dt.float16), (dimensioned, dt.int64)], dt.float16),
        ([(dimensioned, dt.uint16), (scalar, dt.int64)], dt.uint16),
    ]
    for participants, expected in cases:
        assert dt.result_dtype(participants) is expected


def test_nothing_to_promote() -> None:
    with pytest.raises(ValueError, match="no operand"):
        dt.result_dtype([])


def test_no_common_type() -> None:
    with pytest.raises(RuntimeError, match=r"promote_types\(torch\.int64, torch\.uint64\)"):
        dt.promote_types(dt.int64, dt.uint64)
    with pytest.raises(RuntimeError, match=r"\.to\(dtype\)"):
        dt.result_dtype([(Category.ZERO_DIM, dt.uint16), (Category.DIMENSIONED, dt.bool_)])


def test_arguments_must_be_dtypes() -> None:
    with pytest.raises(TypeError, match=r"'type2' must be torch\.dtype, not int"):
        dt.promote_types(dt.int8, 3)  # type: ignore[arg-type]  # the error is the subject
    with pytest.raises(TypeError, match=r"'from_' must be torch\.dtype, not str"):
        dt.can_cast("int8", dt.int8)  # type: ignore[arg-type]  # the error is the subject
    with pytest.raises(TypeError, match=r"must be torch\.dtype, not type"):
        dt.set_default_dtype(float)  # type: ignore[arg-type]  # the error is the subject


@pytest.mark.usefixtures("default_dtype_restored")
def test_default_dtype() -> None:
    assert dt.get_default_dtype() is dt.float32
    for dtype in (dt.float64, dt.float16, dt.bfloat16):
        dt.set_default_dtype(dtype)
        assert dt.get_default_dtype() is dtype
        assert dt.dtype_of_scalar(0.5) is dtype
        assert dt.finfo() == dt.finfo(dtype)
    for dtype in (dt.int64, dt.bool_):
        with pytest.raises(TypeError, match="only floating-point types are supported"):
            dt.set_default_dtype(dtype)
    assert dt.get_default_dtype() is dt.bfloat16


class Indexed:
    def __index__(self) -> int:
        return 3


class Floated:
    def __float__(self) -> float:
        return 0.5


class OwnFloat(float):
    pass


def test_dtype_of_scalar() -> None:
    assert dt.dtype_of_scalar(True) is dt.bool_
    assert dt.dtype_of_scalar(2**40) is dt.int64
    assert dt.dtype_of_scalar(0.5) is dt.float32
    assert dt.dtype_of_scalar(OwnFloat(1.0)) is dt.float32
    assert dt.dtype_of_scalar(Indexed()) is dt.int64
    assert dt.dtype_of_scalar(Floated()) is dt.float32
    for value in ("1", None, [1]):
        with pytest.raises(TypeError, match="expected a bool, int or float"):
            dt.dtype_of_scalar(value)  # type: ignore[arg-type]  # the error is the subject


def test_dtype_of_numpy_scalar() -> None:
    numpy = pytest.importorskip("numpy", reason="scalars of NumPy are the subject")
    kinds = {"bool_": dt.bool_, "int8": dt.int64, "uint64": dt.int64}
    kinds |= {"float16": dt.float32, "float32": dt.float32, "float64": dt.float32}
    for name, dtype in kinds.items():
        assert dt.dtype_of_scalar(getattr(numpy, name)(1)) is dtype
