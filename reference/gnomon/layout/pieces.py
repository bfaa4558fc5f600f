"""Rules along one dim: which indices a slice, a window or a piece covers."""

from collections.abc import Sequence

from gnomon.errors import explain


def index_within(index: int, dim: int, shape: tuple[int, ...]) -> int:
    """`index` of `dim`, counted from the front.

    >>> index_within(-1, 0, (5,))
    4
    """
    size = shape[dim]
    if -size <= index < size:
        return index if index >= 0 else index + size
    raise IndexError(
        explain(
            "select",
            f"select(): index {index} out of range for tensor of size {list(shape)} at "
            f"dimension {dim}: index {index} is out of bounds for dimension {dim} with size "
            f"{size}",
            remedy="Indices run from 0 to size - 1, negative ones count back from the end.",
        )
    )


def slice_bounds(size: int, start: int | None, stop: int | None, step: int) -> tuple[int, int]:
    """The first index and the number of indices of `start:stop:step`, clamped as Python does.

    >>> slice_bounds(6, 1, -1, 2), slice_bounds(6, 9, None, 1)
    ((1, 2), (6, 0))
    """
    if step <= 0:
        raise RuntimeError(
            explain(
                "slice",
                f"slice step must be positive, got {step}",
                remedy="Use flip() to reverse a dim.",
            )
        )
    first, end, _ = slice(start, stop, step).indices(size)
    return first, max(0, -((first - end) // step))


def narrow_start(start: int, length: int, dim: int, shape: tuple[int, ...]) -> int:
    """The first of `length` indices of `dim`, which must all exist.

    >>> narrow_start(-3, 2, 0, (5,))
    2
    """
    size = shape[dim]
    if length < 0:
        raise RuntimeError(
            explain(
                "narrow",
                f"narrow(): length must be non-negative, got {length}",
                remedy="Pass the number of elements to keep.",
            )
        )
    if not -size <= start <= size:
        raise IndexError(
            explain(
                "narrow",
                f"start out of range (expected to be in range of [{-size}, {size}], but got "
                f"{start}) for dim {dim} of shape {list(shape)}",
                remedy="Start inside the dim.",
            )
        )
    first = start if start >= 0 else start + size
    if first + length > size:
        raise RuntimeError(
            explain(
                "narrow",
                f"start ({first}) + length ({length}) exceeds dimension size ({size})",
                remedy="Shorten the length, or slice, which clamps.",
            )
        )
    return first


def window_count(extent: int, size: int, step: int, dim: int) -> int:
    """How many windows of `size` fit, one every `step`, into a dim of `extent`.

    >>> window_count(7, 3, 2, 0)
    3
    """
    if size < 0:
        rule = f"size is {size} but must be >= 0"
    elif size > extent:
        rule = f"maximum size for tensor at dimension {dim} is {extent} but size is {size}"
    elif step <= 0:
        rule = f"step is {step} but must be > 0"
    else:
        return (extent - size) // step + 1
    raise RuntimeError(
        explain("unfold", rule, remedy="Choose windows that fit into the dim and advance.")
    )


def split_sizes(size: int, pieces: Sequence[int] | int, dim: int) -> tuple[int, ...]:
    """The sizes of the pieces that `split` cuts a dim of `size` into.

    >>> split_sizes(7, 3, 0), split_sizes(7, (2, 5), 0)
    ((3, 3, 1), (2, 5))
    """
    if isinstance(pieces, int):
        return _equal_pieces(size, pieces)
    sizes = tuple(pieces)
    if sizes and min(sizes) < 0:
        rule = "have only non-negative entries, "
    elif sum(sizes) != size:
        rule = f"to sum exactly to {size} (input tensor's size at dimension {dim}), "
    else:
        return sizes
    raise RuntimeError(
        explain(
            "split",
            f"split_with_sizes expects split_sizes {rule}but got split_sizes={list(sizes)}",
            remedy=f"The sizes given sum to {sum(sizes)}, the dim holds {size}.",
        )
    )


def _equal_pieces(size: int, length: int) -> tuple[int, ...]:
    if length < 0:
        rule = f"split expects split_size be non-negative, but got split_size={length}"
    elif length == 0 and size != 0:
        rule = (
            f"split_size can only be 0 if dimension size is 0, but got dimension size of {size}"
        )
    elif size <= length:
        return (size,)
    else:
        whole, rest = divmod(size, length)
        return (length,) * whole + ((rest,) if rest else ())
    raise RuntimeError(explain("split", rule, remedy="Pass a split_size of at least 1."))


def chunk_sizes(size: int, chunks: int) -> tuple[int, ...]:
    """The sizes of at most `chunks` pieces, all but the last equal; as many when empty.

    >>> chunk_sizes(7, 3), chunk_sizes(4, 3), chunk_sizes(0, 2)
    ((3, 3, 1), (2, 2), (0, 0))
    """
    if chunks <= 0:
        raise RuntimeError(
            explain(
                "chunk",
                f"chunk expects `chunks` to be greater than 0, got: {chunks}",
                remedy="Ask for at least one.",
            )
        )
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
            explain(
                "tensor_split",
                f"number of sections must be larger than 0, got {sections}",
                remedy="Ask for at least one.",
            )
        )
    length, longer = divmod(size, sections)
    return (length + 1,) * longer + (length,) * (sections - longer)
