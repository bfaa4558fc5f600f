"""The sizes of the pieces that `split`, `chunk` and `tensor_split` cut a dim into."""

from collections.abc import Sequence


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
