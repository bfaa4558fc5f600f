"""The zoo of layouts, and operands laid out in it with guard zones and poison around them.

Every kind of layout is a function from a shape to a layout over a larger storage. Whatever of
the storage no element stands on is poison before a launch and must be the same afterwards.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias, cast

from gnomon.backend import DType, Layout, Scalar
from gnomon_conformance.launches import Place

Kind: TypeAlias = Callable[[tuple[int, ...]], Layout]

#: How many elements of guard lie behind the last one of every operand.
GUARD: Final = 9
#: The byte of which the gaps and guards of inputs are made: no bool, and in every dtype a large
#: number, so that it shows in sums.
POISON: Final = 0x7B
#: The byte of which outputs are made before a launch.
UNWRITTEN: Final = 0xA5


def contiguous(shape: tuple[int, ...]) -> Layout:
    return Layout.contiguous(shape)


def offset(shape: tuple[int, ...]) -> Layout:
    """Contiguous, five elements into the storage; strides of dims of size 1 mean nothing."""
    layout = Layout.contiguous(shape)
    strides = [
        stride if size != 1 else 1009 + dim
        for dim, (size, stride) in enumerate(zip(shape, layout.strides, strict=True))
    ]
    return Layout(shape, tuple(strides), 5)


#: How far into a storage an operand may begin: farther than 16 bits count.
FAR: Final = 70000


def shifted(by: int) -> Kind:
    """Return the layouts that are contiguous from element ``by`` of the storage on."""
    return lambda shape: Layout.contiguous(shape)._replace(offset=by)


def permuted(shape: tuple[int, ...]) -> Layout:
    """Dense with the dims in the opposite order: a transposed matrix. Of four dims and more the
    inner two are exchanged, as between the heads and the places of attention.
    """
    order = [*range(len(shape))][::-1]
    if len(shape) > 3:
        order = [0, 2, 1, *range(3, len(shape))]
    return Layout.contiguous(tuple([shape[dim] for dim in order])).permute(order)


def stepped(shape: tuple[int, ...]) -> Layout:
    """Every third element along the last dim."""
    if not shape:
        return Layout.contiguous(())._replace(offset=2)
    return Layout.contiguous((*shape[:-1], 3 * shape[-1])).slice(len(shape) - 1, 1, None, 3)


def padded(shape: tuple[int, ...]) -> Layout:
    """A window into longer rows."""
    if not shape:
        return Layout.contiguous(())._replace(offset=7)
    last = len(shape) - 1
    return Layout.contiguous((*shape[:-1], shape[-1] + 3)).narrow(last, 2, shape[-1])


def turned(shape: tuple[int, ...]) -> Layout:
    """Dims in another order, with gaps in each, and an offset."""
    if not shape:
        return Layout.contiguous(())._replace(offset=3)
    turn = [*range(1, len(shape)), 0]
    sizes = [2 * shape[dim] + 1 for dim in turn]
    layout = Layout.contiguous(tuple(sizes)).permute([turn.index(d) for d in range(len(shape))])
    for dim, size in enumerate(shape):
        layout = layout.slice(dim, 1, 2 * size + 1, 2)
    return layout


def exchanged(shape: tuple[int, ...]) -> Layout:
    """Dense with the outer two dims exchanged, the others as they are."""
    order = [1, 0, *range(2, len(shape))] if len(shape) > 1 else [*range(len(shape))]
    return Layout.contiguous(tuple([shape[dim] for dim in order])).permute(order)


def expanded_middle(shape: tuple[int, ...]) -> Layout:
    """One row of each block read again and again: a dim between two others is expanded."""
    return _repeating(shape, range(1, max(len(shape) - 1, 1)))


def expanded_first(shape: tuple[int, ...]) -> Layout:
    """One row read again and again."""
    return _repeating(shape, range(min(1, len(shape))))


def expanded_last(shape: tuple[int, ...]) -> Layout:
    """One element of each row read again and again."""
    return _repeating(shape, range(max(len(shape) - 1, 0), len(shape)))


def expanded_all(shape: tuple[int, ...]) -> Layout:
    """One element read again and again."""
    return _repeating(shape, range(len(shape)))


def windows(shape: tuple[int, ...]) -> Layout:
    """Overlapping windows: every stride is 1 but the first, which is 2."""
    strides = (2, *[1] * (len(shape) - 1)) if shape else ()
    return Layout(shape, strides, 1)


def _repeating(shape: tuple[int, ...], dims: Sequence[int]) -> Layout:
    kept = tuple([1 if dim in dims else size for dim, size in enumerate(shape)])
    return Layout.contiguous(kept)._replace(offset=4).expand(shape)


#: What may be written to: no two elements share a position.
INJECTIVE: Final[tuple[Kind, ...]] = (
    contiguous,
    permuted,
    stepped,
    offset,
    padded,
    turned,
)
DENSE: Final[tuple[Kind, ...]] = (contiguous, offset)
SPARSE: Final[tuple[Kind, ...]] = (permuted, stepped, padded, turned)
#: What may be read, over and above these.
REPEATING: Final[tuple[Kind, ...]] = (expanded_first, expanded_last, expanded_all, windows)
ALL: Final[tuple[Kind, ...]] = (*INJECTIVE, *REPEATING)

#: Shapes that are special in some way, with up to seven dims.
SHAPES: Final[tuple[tuple[int, ...], ...]] = (
    (),
    (1,),
    (0,),
    (7,),
    (1, 1),
    (3, 0, 2),
    (5, 13),
    (1, 17),
    (17, 1),
    (4, 4),
    (2, 3, 5),
    (3, 1, 4, 1),
    (3, 2, 5, 4),
    (2, 1, 3, 2, 2),
    (2, 2, 2, 2, 2, 2),
    (2, 1, 2, 1, 2, 2, 3),
    (2,) * 8,
    (1, 1, 1, 1, 1),
    (2, 515),
    (257, 2),
)
#: Shapes that take turns, so that not all launches have two dims: of launches in place, with
#: few values of all sorts, and with some more.
WRITTEN: Final[tuple[tuple[int, ...], ...]] = (
    (6, 11),
    (67,),
    (3, 2, 11),
    (6, 11),
    (2, 3, 4, 3),
)
FEW: Final[tuple[tuple[int, ...], ...]] = ((13, 7), (13, 7), (3, 5, 7), (2, 3, 4, 5))
SOME: Final[tuple[tuple[int, ...], ...]] = ((19, 13), (19, 13), (5, 4, 13), (2, 5, 5, 5))
#: Lengths around which loops are unrolled, vectorised, blocked and split.
LENGTHS: Final[tuple[int, ...]] = (
    *range(37),
    *(47, 48, 49, 63, 64, 65, 95, 97, 127, 128, 129, 191, 193, 255, 256, 257),
    *(383, 511, 512, 513, 767, 1000, 1023, 1024, 1025, 1500, 2047, 2048, 2049),
)
#: More rows than a small counter has room for.
MANY_ROWS: Final = 66001
LONG: Final[tuple[int, ...]] = (4095, 4096, 4097, 8191, 8193, 16385, 65537)


def placed(
    stores: list[bytes], values: Sequence[Scalar], layout: Layout, dtype: DType
) -> Place:
    """Put an operand into a storage of its own, appended to ``stores``.

    Its elements are ``values``, in logical order; where elements share a position, the last
    stays. ``values`` repeat if there are too few.
    """
    size, count = dtype.itemsize, layout.numel
    data = bytearray([POISON]) * ((layout.span[1] + GUARD) * size)
    cells = dtype.pack(list(values))
    if count > len(cells):
        cells = (cells * -(-count // len(cells)))[:count]
    even = layout.as_range()
    with memoryview(data).cast(dtype.cell) as target:
        if even is not None:
            target[even.start : even.stop : even.step] = memoryview(cells)[:count]
        else:
            words = cast("array[int]", cells)  # or floats, which it takes as well
            for position, cell in zip(layout.positions(), words, strict=False):
                target[position] = cell
    if layout.span[1] == layout.numel and layout.is_contiguous and not layout.offset:
        # Whole storages are the common case: half of them go without a guard.
        del data[layout.numel * size + (GUARD * size if layout.numel % 2 else 0) :]
    stores.append(bytes(data))
    return Place(len(stores) - 1, layout, dtype)


def blank(stores: list[bytes], layout: Layout, dtype: DType) -> Place:
    """Put an output into a storage of its own, full of bytes to be written."""
    size = dtype.itemsize
    stores.append(bytes([UNWRITTEN]) * ((layout.span[1] + GUARD) * size))
    return Place(len(stores) - 1, layout, dtype)
