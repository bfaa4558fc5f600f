"""Copies: elements moved as they are, converted to another dtype, or made of one number.

The rules of conversion are those of gnomon's dtypes: integers wrap; floats are cut toward zero
in a register of 32 or 64 bits, where what does not fit gives the register's minimum, then wrap;
and floats are rounded once, also on the way from 64 bits to 16.
"""

from __future__ import annotations

from typing import Final

from gnomon.backend import DType, Kind, Layout, Operand, Scalar, Storage, uint16, uint64
from gnomon_opencl.element_types import element_type
from gnomon_opencl.kernels import elementwise
from gnomon_opencl.kernels.expressions import Formula
from gnomon_opencl.runtime import Runtime

#: The register, in bits, in which a float is cut for an integer dtype; 0 for that of uint64.
_REGISTERS: Final = {
    "int8": 32,
    "int16": 32,
    "int32": 32,
    "uint16": 32,
    "uint8": 64,
    "uint32": 64,
    "int64": 64,
    "uint64": 0,
}


def fresh(like: Operand, dtype: DType) -> Operand:
    """Return a contiguous operand of the shape of ``like`` in memory of its own."""
    backend, layout = like.storage.backend, Layout.contiguous(like.layout.shape)
    memory = backend.allocate(layout.numel * dtype.itemsize)
    return Operand(Storage(backend, memory), layout, dtype)


def copy(runtime: Runtime, value: Operand | Scalar, output: Operand) -> None:
    """Write ``value``, converted, to ``output``."""
    if not isinstance(value, Operand):
        _fill(runtime, value, output)
    elif value.dtype is output.dtype:
        cells = _moved_as(output.dtype)
        moved = value._replace(dtype=cells)
        elementwise.launch(runtime, _AS_IT_IS, cells, [moved], output._replace(dtype=cells))
    else:
        formula = conversion(value.dtype, output.dtype)
        elementwise.launch(runtime, formula, value.dtype, [value], output)


def _fill(runtime: Runtime, value: Scalar, output: Operand) -> None:
    dtype, cells = output.dtype, _moved_as(output.dtype)
    (cell,) = memoryview(dtype.pack([dtype.convert(value)])).cast("B").cast(cells.cell)
    elementwise.launch(runtime, _AS_IT_IS, cells, [cell], output._replace(dtype=cells))


def _moved_as(dtype: DType) -> DType:
    """Return a dtype whose cells move as they are: floats of 16 bits would pass through 32, and
    those of 64 need a device that has them.
    """
    if dtype.is_floating_point and dtype.itemsize != 4:
        return uint16 if dtype.itemsize == 2 else uint64
    return dtype


_AS_IT_IS: Final = Formula("a")


def conversion(source: DType, target: DType) -> Formula:
    """Return the formula of ``target``'s arithmetic type for elements of ``source``."""
    if target.kind is Kind.BOOL:
        return _AS_IT_IS
    floating = source.kind >= Kind.FLOAT
    if floating and target.kind < Kind.FLOAT:
        return _cut(target)
    loses_twice = source.itemsize == 8 if floating else source.itemsize >= 4
    if target.is_floating_point and target.itemsize == 2 and loses_twice:
        return Formula("rounded_to_odd(a)", "conversions")
    return Formula("CONVERT(a)")


def _cut(target: DType) -> Formula:
    register = _REGISTERS[target.name]
    cut = {0: "cut_to_unsigned", 32: "cut_to_32", 64: "cut_to_64"}[register]
    return Formula(f"({element_type(target).compute}){cut}(a)", "conversions")
