"""Rules over dims and shapes alone: wrapping negative dims, inferring -1, broadcasting."""

from collections.abc import Iterable, Sequence
from math import prod


def normalize_dim(dim: int, ndim: int, operation: str) -> int:
    """`dim` counted from the front, in `[0, ndim)`; a 0-d operand counts as 1-d.

    Raises `IndexError` outside `[-ndim, ndim - 1]`.

    >>> normalize_dim(-1, 3, "sum"), normalize_dim(-1, 0, "sum")
    (2, 0)
    """
    count = ndim or 1
    if 0 <= dim < count:
        return dim
    if -count <= dim < 0:
        return dim + count
    raise IndexError(
        f"{operation}: Dimension out of range (expected to be in range of "
        f"[{-count}, {count - 1}], but got {dim}); the operand has {ndim} dims, "
        "pass one of them"
    )


def normalize_dims(dims: Iterable[int], ndim: int, operation: str) -> tuple[int, ...]:
    """Each of `dims` counted from the front, in the order given.

    Raises `IndexError` for a dim out of range and `RuntimeError` for a dim named twice.

    >>> normalize_dims((-1, 0), 3, "sum")
    (2, 0)
    """
    wrapped = tuple([normalize_dim(dim, ndim, operation) for dim in dims])
    if len(set(wrapped)) != len(wrapped):
        repeated = next(dim for dim in wrapped if wrapped.count(dim) > 1)
        raise RuntimeError(
            f"{operation}: dim {repeated} appears multiple times in the list of dims "
            f"{wrapped}; name each dim once"
        )
    return wrapped


def infer_size(shape: Sequence[int], numel: int, operation: str = "view") -> tuple[int, ...]:
    """`shape` with its -1, if any, replaced by what `numel` elements leave for it.

    Raises `RuntimeError` when no size fits.

    >>> infer_size((2, -1), 6)
    (2, 3)
    """
    shape = tuple(shape)
    known = prod([size for size in shape if size != -1])
    inferred = shape.count(-1)
    if shape and min(shape) < -1:
        position = next(k for k, size in enumerate(shape) if size < -1)
        raise RuntimeError(
            f"{operation}: invalid shape dimension {shape[position]} at index {position} "
            f"of shape {list(shape)}; sizes are >= 0, or -1 once to infer one"
        )
    if inferred > 1:
        raise RuntimeError(
            f"{operation}: only one dimension can be inferred, but shape {list(shape)} "
            f"holds -1 {inferred} times; give all sizes but one"
        )
    if inferred and known == 0 and numel == 0:
        raise RuntimeError(
            f"{operation}: cannot reshape tensor of 0 elements into shape {list(shape)} "
            "because the unspecified dimension size -1 can be any value and is ambiguous; "
            "give every size"
        )
    if known == numel and not inferred:
        return shape
    if not inferred or known == 0 or numel % known:
        raise RuntimeError(
            f"{operation}: shape '{list(shape)}' is invalid for input of size {numel}; "
            f"the sizes given multiply to {known}, choose sizes that multiply to {numel}"
        )
    return tuple([numel // known if size == -1 else size for size in shape])


def broadcast_shapes(
    *shapes: tuple[int, ...], operation: str = "broadcast_shapes"
) -> tuple[int, ...]:
    """The shape that operands of `shapes` have together: aligned right, size 1 stretches.

    Raises `RuntimeError` when two sizes differ and neither is 1.

    >>> broadcast_shapes((3, 1), (4,), ())
    (3, 4)
    """
    result: tuple[int, ...] = shapes[0] if shapes else ()
    for shape in shapes[1:]:
        if shape != result:
            result = _broadcast_pair(result, shape, operation)
    return result


def _broadcast_pair(a: tuple[int, ...], b: tuple[int, ...], operation: str) -> tuple[int, ...]:
    ndim = max(len(a), len(b))
    padded_a = (1,) * (ndim - len(a)) + a
    padded_b = (1,) * (ndim - len(b)) + b
    sizes = [
        size_a if size_b == 1 else size_b
        for size_a, size_b in zip(padded_a, padded_b, strict=True)
    ]
    for dim in reversed(range(ndim)):
        size_a, size_b = padded_a[dim], padded_b[dim]
        if size_a != size_b and size_a != 1 and size_b != 1:
            raise RuntimeError(
                f"{operation}: The size of tensor a ({size_a}) must match the size of "
                f"tensor b ({size_b}) at non-singleton dimension {dim}; shapes {list(a)} "
                f"and {list(b)} do not broadcast, sizes must be equal or 1"
            )
    return tuple(sizes)


def split_sizes(size: int, pieces: Sequence[int] | int, dim: int) -> tuple[int, ...]:
    """The sizes of the pieces that `split` cuts a dim of `size` into.

    >>> split_sizes(7, 3, 0), split_sizes(7, (2, 5), 0)
    ((3, 3, 1), (2, 5))
    """
    if isinstance(pieces, int):
        return _equal_pieces(size, pieces)
    sizes = tuple(pieces)
    if sizes and min(sizes) < 0:
        raise RuntimeError(
            "split: split_with_sizes expects split_sizes have only non-negative entries, "
            f"but got split_sizes={list(sizes)}"
        )
    if sum(sizes) != size:
        raise RuntimeError(
            f"split: split_with_sizes expects split_sizes to sum exactly to {size} (input "
            f"tensor's size at dimension {dim}), but got split_sizes={list(sizes)}, which "
            f"sum to {sum(sizes)}"
        )
    return sizes


def _equal_pieces(size: int, length: int) -> tuple[int, ...]:
    if length < 0:
        raise RuntimeError(
            f"split: split expects split_size be non-negative, but got split_size={length}"
        )
    if length == 0 and size != 0:
        raise RuntimeError(
            "split: split_size can only be 0 if dimension size is 0, but got dimension "
            f"size of {size}; pass a split_size of at least 1"
        )
    if size <= length:
        return (size,)
    whole, rest = divmod(size, length)
    return (length,) * whole + ((rest,) if rest else ())


def chunk_sizes(size: int, chunks: int) -> tuple[int, ...]:
    """The sizes of at most `chunks` pieces, all but the last equal; as many when empty.

    >>> chunk_sizes(7, 3), chunk_sizes(4, 3), chunk_sizes(0, 2)
    ((3, 3, 1), (2, 2), (0, 0))
    """
    if chunks <= 0:
        raise RuntimeError(f"chunk: chunk expects `chunks` to be greater than 0, got: {chunks}")
    if size == 0:
        return (0,) * chunks
    return _equal_pieces(size, -(-size // chunks))


def section_sizes(size: int, sections: int) -> tuple[int, ...]:
    """The sizes of exactly `sections` pieces that differ by at most one, larger first.

    >>> section_sizes(7, 3)
    (3, 2, 2)
    """
    if sections <= 0:
        raise RuntimeError(
            "tensor_split: number of sections must be larger than 0, "
            f"got {sections}; ask for at least one"
        )
    length, longer = divmod(size, sections)
    return (length + 1,) * longer + (length,) * (sections - longer)
