"""How each dtype is stored on a device, and in which OpenCL C type kernels compute with it.

float16 and bfloat16 are 16 bits in memory and float32 in arithmetic: the sum, product, quotient
or root of two such numbers, rounded to float32 and again to 16 bits, is the exact one rounded
once. A bool is a byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Final, final

from gnomon.backend import DType, Kind, Scalar


@final
@dataclass(frozen=True, slots=True)
class ElementType:
    """One dtype in OpenCL C."""

    dtype: DType
    #: The type of a cell in memory.
    storage: str
    #: The type that arithmetic is done in, and the struct format of it.
    compute: str
    code: str

    @property
    def mask(self) -> str:
        """The integer type that comparisons of vectors of ``compute`` give."""
        return _MASKS[self.compute]

    @property
    def is_half(self) -> bool:
        return self.dtype.is_floating_point and self.dtype.itemsize == 2

    def packed(self, value: Scalar) -> bytes:
        """Return ``value``, an element, as the bytes of a kernel argument of ``compute``."""
        return _STRUCTS[self.code].pack(value)

    def load(self, lanes: int, pointer: str, position: str) -> str:
        """Return the expression of ``lanes`` neighbouring values in ``compute``."""
        name = self.dtype.name
        if name == "float16":
            if lanes == 1:
                return f"vload_half({position}, {pointer})"
            # Some compilers take vload_half for a load of an aligned vector.
            return f"float16_values{lanes}({_cells('const ushort', lanes, pointer, position)})"
        cells = f"vload{lanes}(0, {pointer} + {position})"
        if lanes == 1:
            cells = f"{pointer}[{position}]"
        elif self.dtype.itemsize <= 4:
            cells = _cells(f"const {self.storage}", lanes, pointer, position)
        if name == "bfloat16":
            return f"as_{wide('float', lanes)}(convert_{wide('uint', lanes)}({cells}) << 16)"
        if name == "bool":
            return f"truth_of_bytes{lanes}({cells})"
        return cells

    def rounded(self, lanes: int, value: str) -> str:
        """Return the expression of ``lanes`` values of ``compute`` as they would be loaded
        again after having been stored.
        """
        return f"{self.dtype.name}_rounded{lanes}({value})" if self.is_half else value

    def store(self, lanes: int, value: str, pointer: str, position: str) -> str:
        """Return the statement that writes ``lanes`` neighbouring values of ``compute``."""
        name = self.dtype.name
        if name == "float16":
            if lanes == 1:
                return f"vstore_half_rte({value}, {position}, {pointer});"
            cells = _cells("ushort", lanes, pointer, position)
            return f"{cells} = float16_bits{lanes}({value});"
        if name == "bfloat16":
            value = f"bfloat16_bits{lanes}({value})"
        if lanes == 1:
            return f"{pointer}[{position}] = {value};"
        if self.dtype.itemsize <= 4:
            return f"{_cells(self.storage, lanes, pointer, position)} = {value};"
        return f"vstore{lanes}({value}, 0, {pointer} + {position});"


def _cells(storage: str, lanes: int, pointer: str, position: str) -> str:
    """Return the expression of neighbouring cells in memory as one vector."""
    return f"(*(__global {storage}{lanes}_cells *)({pointer} + {position}))"


def wide(name: str, lanes: int) -> str:
    """Return the vector type of ``lanes`` of the scalar type ``name``."""
    return name if lanes == 1 else f"{name}{lanes}"


_MASKS: Final = {
    "uchar": "char",
    "ushort": "short",
    "uint": "int",
    "ulong": "long",
    "char": "char",
    "short": "short",
    "int": "int",
    "long": "long",
    "float": "int",
    "double": "long",
}
_STORAGE: Final = {
    "bool": ("uchar", "uchar", "B"),
    "uint8": ("uchar", "uchar", "B"),
    "uint16": ("ushort", "ushort", "H"),
    "uint32": ("uint", "uint", "I"),
    "uint64": ("ulong", "ulong", "Q"),
    "int8": ("char", "char", "b"),
    "int16": ("short", "short", "h"),
    "int32": ("int", "int", "i"),
    "int64": ("long", "long", "q"),
    "float16": ("half", "float", "f"),
    "bfloat16": ("ushort", "float", "f"),
    "float32": ("float", "float", "f"),
    "float64": ("double", "double", "d"),
}
_STRUCTS: Final = {code: Struct(code) for *_, code in _STORAGE.values()}
_types: Final[dict[DType, ElementType]] = {}


def is_storable(dtype: DType) -> bool:
    """Return whether kernels know ``dtype`` at all."""
    return dtype.name in _STORAGE


def element_type(dtype: DType) -> ElementType:
    """Return how ``dtype`` is stored and computed with."""
    found = _types.get(dtype)
    if found is None:
        found = _types[dtype] = ElementType(dtype, *_STORAGE[dtype.name])
    return found


def kind_of(dtype: DType) -> str:
    """Return which form of a meaning is for ``dtype``: floating, integer or boolean."""
    if dtype.kind >= Kind.FLOAT:
        return "floating"
    return "boolean" if dtype.kind is Kind.BOOL else "integer"
