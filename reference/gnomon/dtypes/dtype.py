"""`DType`: what one element of a tensor is, and the instances there are."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import final

from gnomon.dtypes.cells import (
    BoolCodec,
    Cell,
    Cells,
    CellSequence,
    Codec,
    FloatCodec,
    IntegerCodec,
    Scalar,
    Source,
)
from gnomon.dtypes.halves import BFloat16Codec, Float16Codec


class Kind(IntEnum):
    """The kinds of element, in the order in which promotion prefers them."""

    BOOL = 0
    UNSIGNED = 1
    SIGNED = 2
    FLOAT = 3
    COMPLEX = 4


@final
class DType:
    """The type of a tensor's elements: `torch.dtype`.

    There is one instance of each, compared by identity; copies and pickles give it back.

    >>> from gnomon.dtypes import float32, int64
    >>> float32
    torch.float32
    >>> int64.itemsize, int64.is_signed, int64.is_floating_point
    (8, True, False)
    """

    __slots__ = (
        "_codec",
        "cell",
        "is_complex",
        "is_floating_point",
        "is_signed",
        "itemsize",
        "kind",
        "name",
    )

    name: str
    kind: Kind
    itemsize: int
    cell: Cell
    is_floating_point: bool
    is_complex: bool
    is_signed: bool
    _codec: Codec

    def __new__(cls) -> DType:
        raise TypeError("cannot create dtype instances; use gnomon.float32 and the like")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{self!r} is immutable: attribute {name!r} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{self!r} is immutable: attribute {name!r} cannot be deleted")

    def __init_subclass__(cls) -> None:
        raise TypeError("type 'dtype' is not an acceptable base type")

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:  # the attribute of this module that holds the instance
        return "bool_" if self.name == "bool" else self.name

    def unpack(self, cells: CellSequence) -> Sequence[Scalar]:
        """The Python values in `cells`; the argument itself where the cells are the values.

        >>> from gnomon.dtypes import bfloat16, bool_
        >>> list(bfloat16.unpack([0x3F80, 0xC000])), list(bool_.unpack([0, 1]))
        ([1.0, -2.0], [False, True])
        """
        return self._codec.unpack(cells)

    def pack(self, values: Sequence[Scalar]) -> Cells:
        """Cells for `values` of this dtype's own kind.

        Floats are rounded once to nearest even (too large gives infinity), integers wrap in
        two's complement, and for bool anything nonzero, NaN included, is 1. Values of another
        kind go through `convert_all` first; a float for an integer dtype is a TypeError.

        >>> from gnomon.dtypes import float16, int8
        >>> int8.pack([127, 128])
        array('b', [127, -128])
        >>> list(float16.unpack(float16.pack([0.1, 70000.0])))
        [0.0999755859375, inf]
        """
        return self._codec.pack(lambda: values)

    def pack_from(self, source: Source) -> Cells:
        """`pack(list(source()))` without the list.

        `source` makes a fresh iterable of the same values each time it is called; it is called
        once, and again only when some value did not fit.

        >>> from operator import add
        >>> from gnomon.dtypes import uint8
        >>> uint8.pack_from(lambda: map(add, [1, 255], [1, 1]))
        array('B', [2, 0])
        """
        return self._codec.pack(source)

    def round(self, value: Scalar) -> Scalar:
        """The element nearest to `value`, which is of this dtype's own kind, as `pack` has it.

        >>> from gnomon.dtypes import bfloat16
        >>> bfloat16.round(3.14159)
        3.140625
        """
        return self._codec.unpack(self._codec.pack(lambda: (value,)))[0]

    def convert(self, value: Scalar) -> Scalar:
        """The element of this dtype that `value`, a bool, int or float, becomes.

        - to bool: whether it is nonzero; NaN is True.
        - integer to integer: wrapped in two's complement.
        - to float: the nearest element, ties to even, rounded once; too large gives infinity.
        - float to integer: truncated toward zero within a signed integer of 32 bits (for int8,
          int16, int32, uint16) or 64 bits (for uint8, uint32, int64), where NaN and what is
          out of range give the minimum; then wrapped. For uint64, values from 2**63 on are
          exact below 2**64 and 0 above.

        This is what PyTorch 2.13 computes on x86-64; docs/semantics/dtypes.md has the cases
        in which it disagrees with itself.

        >>> from gnomon.dtypes import bool_, float32, int8, int32
        >>> int8.convert(300.7), int8.convert(-1.5), int32.convert(3e9)
        (44, -1, -2147483648)
        >>> bool_.convert(float("nan")), float32.convert(2**24 + 1)
        (True, 16777216.0)
        """
        return self._codec.convert(value)

    def convert_all(self, values: Sequence[Scalar], source: DType) -> Sequence[Scalar]:
        """`convert` of every one of `values`, which are elements of `source`.

        Returns `values` itself where this dtype holds all of them already.

        >>> from gnomon.dtypes import float64, uint8
        >>> list(uint8.convert_all([1.9, -1.0, 256.0], float64))
        [1, 255, 0]
        """
        if self._holds(source):
            return values
        return self._codec.unpack(self.pack_converted(values, source))

    def pack_converted(self, values: Sequence[Scalar], source: DType) -> Cells:
        """`pack(convert_all(values, source))` in one step.

        >>> from gnomon.dtypes import float64, int16
        >>> int16.pack_converted([1.5, 40000.0], float64)
        array('h', [1, -25536])
        """
        admitted = self._admit(values, source.is_floating_point)
        return self._codec.pack(lambda: admitted)

    def _admit(self, values: Sequence[Scalar], are_floats: bool) -> Sequence[Scalar]:
        if are_floats:
            return self._codec.from_floats(values)
        return self._codec.from_integers(values)  # type: ignore[arg-type]  # none is a float

    def _holds(self, source: DType) -> bool:
        """Whether every element of `source` is, as a Python value, one of this dtype."""
        if source is self:
            return True
        widens = (self.kind, source.kind) == (Kind.SIGNED, Kind.UNSIGNED)
        return self.itemsize > source.itemsize and (self.kind is source.kind or widens)


def require_dtype(function: str, name: str, argument: object) -> None:
    """Raise the TypeError of `function` unless its argument `name` is a dtype."""
    if not isinstance(argument, DType):
        given = type(argument).__name__
        raise TypeError(f"{function}(): argument '{name}' must be torch.dtype, not {given}")


def _make(name: str, kind: Kind, itemsize: int, codec: Codec) -> DType:
    dtype = object.__new__(DType)
    for attribute, value in (
        ("name", name),
        ("kind", kind),
        ("itemsize", itemsize),
        ("cell", codec.cell),
        ("is_floating_point", kind is Kind.FLOAT),
        ("is_complex", kind is Kind.COMPLEX),
        ("is_signed", kind >= Kind.SIGNED),
        ("_codec", codec),
    ):
        object.__setattr__(dtype, attribute, value)
    return dtype


bool_ = _make("bool", Kind.BOOL, 1, BoolCodec())
uint8 = _make("uint8", Kind.UNSIGNED, 1, IntegerCodec("B", register="q"))
uint16 = _make("uint16", Kind.UNSIGNED, 2, IntegerCodec("H", register="i"))
uint32 = _make("uint32", Kind.UNSIGNED, 4, IntegerCodec("I", register="q"))
uint64 = _make("uint64", Kind.UNSIGNED, 8, IntegerCodec("Q", register="Q"))
int8 = _make("int8", Kind.SIGNED, 1, IntegerCodec("b", register="i"))
int16 = _make("int16", Kind.SIGNED, 2, IntegerCodec("h", register="i"))
int32 = _make("int32", Kind.SIGNED, 4, IntegerCodec("i", register="i"))
int64 = _make("int64", Kind.SIGNED, 8, IntegerCodec("q", register="q"))
float16 = _make("float16", Kind.FLOAT, 2, Float16Codec())
bfloat16 = _make("bfloat16", Kind.FLOAT, 2, BFloat16Codec())
float32 = _make("float32", Kind.FLOAT, 4, FloatCodec("f"))
float64 = _make("float64", Kind.FLOAT, 8, FloatCodec("d"))

ALL_DTYPES: tuple[DType, ...] = (
    bool_,
    uint8,
    uint16,
    uint32,
    uint64,
    int8,
    int16,
    int32,
    int64,
    float16,
    bfloat16,
    float32,
    float64,
)
