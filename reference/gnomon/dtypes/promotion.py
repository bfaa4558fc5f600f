"""Type promotion: the dtype of a result from the dtypes of the operands."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from functools import lru_cache
from typing import SupportsFloat, SupportsIndex, TypeAlias

from gnomon.dtypes.dtype import ALL_DTYPES, DType, Kind, bool_, float32, int64, require_dtype

# Rows and columns in the order of ALL_DTYPES. A dot: PyTorch 2.13 defines no common type for
# the wider unsigned integers and another integer. Source of the facts: torch.promote_types.
_GRID = """
      b1 u1 u2 u4 u8 i1 i2 i4 i8 f2 bf f4 f8
  b1  b1 u1  .  .  . i1 i2 i4 i8 f2 bf f4 f8
  u1  u1 u1  .  .  . i2 i2 i4 i8 f2 bf f4 f8
  u2   .  . u2  .  .  .  .  .  . f2 bf f4 f8
  u4   .  .  . u4  .  .  .  .  . f2 bf f4 f8
  u8   .  .  .  . u8  .  .  .  . f2 bf f4 f8
  i1  i1 i2  .  .  . i1 i2 i4 i8 f2 bf f4 f8
  i2  i2 i2  .  .  . i2 i2 i4 i8 f2 bf f4 f8
  i4  i4 i4  .  .  . i4 i4 i4 i8 f2 bf f4 f8
  i8  i8 i8  .  .  . i8 i8 i8 i8 f2 bf f4 f8
  f2  f2 f2 f2 f2 f2 f2 f2 f2 f2 f2 f4 f4 f8
  bf  bf bf bf bf bf bf bf bf bf f4 bf f4 f8
  f4  f4 f4 f4 f4 f4 f4 f4 f4 f4 f4 f4 f4 f8
  f8  f8 f8 f8 f8 f8 f8 f8 f8 f8 f8 f8 f8 f8
"""


def _read_grid(grid: str) -> dict[tuple[DType, DType], DType]:
    header, *rows = grid.strip().splitlines()
    by_short_name = dict(zip(header.split(), ALL_DTYPES, strict=True))
    return {
        (row_dtype, column_dtype): by_short_name[short_name]
        for row_dtype, row in zip(ALL_DTYPES, rows, strict=True)
        for column_dtype, short_name in zip(ALL_DTYPES, row.split()[1:], strict=True)
        if short_name != "."
    }


_PROMOTED = _read_grid(_GRID)


class Category(IntEnum):
    """How much an operand has to say about the dtype of the result; more is greater."""

    SCALAR = 0
    ZERO_DIM = 1
    DIMENSIONED = 2


Participant: TypeAlias = tuple[Category, DType]


def promote_types(type1: DType, type2: DType) -> DType:
    """The smallest dtype that both promote to, as `torch.promote_types`.

    Raises TypeError for an argument that is not a dtype, and RuntimeError for uint16, uint32
    or uint64 with another integer or bool.

    >>> from gnomon.dtypes import bfloat16, float16, int8, uint8
    >>> promote_types(int8, uint8), promote_types(float16, bfloat16)
    (torch.int16, torch.float32)
    """
    promoted = _PROMOTED.get((type1, type2))
    if promoted is not None:
        return promoted
    for position, argument in enumerate((type1, type2), start=1):
        require_dtype("promote_types", f"type{position}", argument)
    raise RuntimeError(
        f"promote_types({type1}, {type2}): uint16, uint32 and uint64 have no common type with "
        f"another integer type or bool; convert one of the operands first, with .to(dtype)"
    )


def can_cast(from_: DType, to: DType) -> bool:
    """Whether a result of dtype `from_` may be stored as `to` without falling to a lesser kind.

    The kinds rank bool < integer < float < complex; width does not count. As `torch.can_cast`.

    >>> from gnomon.dtypes import float32, int64, int8
    >>> can_cast(int64, int8), can_cast(float32, int64)
    (True, False)
    """
    require_dtype("can_cast", "from_", from_)
    require_dtype("can_cast", "to", to)
    return _rank(from_) <= _rank(to)


def _rank(dtype: DType) -> Kind:
    return Kind.SIGNED if dtype.kind is Kind.UNSIGNED else dtype.kind


def result_dtype(participants: Iterable[Participant]) -> DType:
    """The dtype in which operands of different categories meet.

    Tensors with dimensions decide; a 0-d tensor counts only if it is of a higher kind (float
    over integer, integer over bool), and a Python number only if it is of a higher kind than
    every tensor. Its own dtype is `dtype_of_scalar`'s. At least one participant is needed.

    >>> from gnomon.dtypes import float16, float32, float64, int64
    >>> result_dtype([(Category.DIMENSIONED, float16), (Category.ZERO_DIM, float64)])
    torch.float16
    >>> result_dtype([(Category.DIMENSIONED, int64), (Category.SCALAR, float32)])
    torch.float32
    """
    return _result_dtype(tuple(participants))


@lru_cache(maxsize=1024)
def _result_dtype(participants: tuple[Participant, ...]) -> DType:
    result: DType | None = None
    for category in Category:
        own: DType | None = None
        for participant_category, dtype in participants:
            if participant_category is category:
                own = dtype if own is None else promote_types(own, dtype)
        result = _combine(own, result)
    if result is None:
        raise ValueError("result_dtype: there is no operand to take a dtype from")
    return result


def _combine(higher: DType | None, lower: DType | None) -> DType | None:
    if higher is None or lower is None:
        return higher or lower
    return promote_types(higher, lower) if _rank(lower) > _rank(higher) else higher


_default_dtype = float32


def get_default_dtype() -> DType:
    """The dtype of a float where none is given: float32 until `set_default_dtype`.

    >>> get_default_dtype()
    torch.float32
    """
    return _default_dtype


def set_default_dtype(dtype: DType, /) -> None:
    """Make `dtype` the one that Python floats get; TypeError unless it is a float dtype.

    >>> from gnomon.dtypes import float32, float64
    >>> set_default_dtype(float64)
    >>> get_default_dtype()
    torch.float64
    >>> set_default_dtype(float32)
    """
    require_dtype("set_default_dtype", "d", dtype)
    if not dtype.is_floating_point:
        raise TypeError(
            f"set_default_dtype({dtype}): only floating-point types are supported as the "
            f"default type; use float16, bfloat16, float32 or float64"
        )
    global _default_dtype
    _default_dtype = dtype


def dtype_of_scalar(value: SupportsIndex | SupportsFloat) -> DType:
    """The dtype a Python number stands for: bool, int64, or the default dtype for a float.

    Numbers of other libraries count as what they convert to: those with `__index__` as int,
    those with only `__float__` as float; NumPy's bool counts as bool. Else TypeError.

    >>> dtype_of_scalar(True), dtype_of_scalar(3), dtype_of_scalar(0.5)
    (torch.bool, torch.int64, torch.float32)
    """
    if isinstance(value, bool):
        return bool_
    if isinstance(value, float):
        return _default_dtype
    if isinstance(value, int):
        return int64
    if type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_"):
        return bool_
    if isinstance(value, SupportsIndex):
        return int64
    if isinstance(value, SupportsFloat):
        return _default_dtype
    raise TypeError(f"expected a bool, int or float, not {type(value).__name__}")
