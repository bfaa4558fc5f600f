"""Rules over dims and shapes alone: wrapping negative dims, inferring -1, broadcasting."""

from collections.abc import Iterable, Sequence
from math import prod

from gnomon.errors import explain


def normalize_dim(dim: int, ndim: int, operation: str) -> int:
    """`dim` counted from the front, in `[0, ndim)`; a 0-d operand counts as 1-d.

    Raises `IndexError` outside the integers `[-ndim, ndim - 1]`.

    >>> normalize_dim(-1, 3, "sum"), normalize_dim(-1, 0, "sum")
    (2, 0)
    """
    count = ndim or 1
    if type(dim) is int or hasattr(dim, "__index__"):
        if 0 <= dim < count:
            return dim
        if -count <= dim < 0:
            return dim + count
    raise IndexError(
        explain(
            operation,
            "Dimension out of range (expected to be in range of "
            f"[{-count}, {count - 1}], but got {dim})",
            remedy=f"The operand has {ndim} dims, name one of them.",
        )
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
            explain(
                operation,
                f"dim {repeated} appears multiple times in the list of dims {wrapped}",
                remedy="Name each dim once.",
            )
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
            explain(
                operation,
                f"invalid shape dimension {shape[position]} at index {position} "
                f"of shape {list(shape)}",
                remedy="Sizes are >= 0, or -1 once to infer one.",
            )
        )
    if inferred > 1:
        raise RuntimeError(
            explain(
                operation,
                f"only one dimension can be inferred, but shape {list(shape)} "
                f"holds -1 {inferred} times",
                remedy="Give all sizes but one.",
            )
        )
    if inferred and known == 0 and numel == 0:
        raise RuntimeError(
            explain(
                operation,
                f"cannot reshape tensor of 0 elements into shape {list(shape)} "
                "because the unspecified dimension size -1 can be any value and is ambiguous",
                remedy="Give every size.",
            )
        )
    if known == numel and not inferred:
        return shape
    if not inferred or known == 0 or numel % known:
        raise RuntimeError(
            explain(
                operation,
                f"shape '{list(shape)}' is invalid for input of size {numel}",
                remedy=f"The sizes given multiply to {known}, choose ones that make {numel}.",
            )
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
                explain(
                    operation,
                    f"The size of tensor a ({size_a}) must match the size of "
                    f"tensor b ({size_b}) at non-singleton dimension {dim}",
                    remedy=f"Shapes {list(a)} and {list(b)} do not broadcast: make the sizes "
                    "equal, or one of them 1.",
                )
            )
    return tuple(sizes)


def permutation(dims: Sequence[int], shape: Sequence[int]) -> list[int]:
    """`dims` counted from the front, checked to name every dim of `shape` once.

    >>> permutation((-1, 0, 1), (2, 3, 4))
    [2, 0, 1]
    """
    ndim = len(shape)
    if len(dims) != ndim:
        raise RuntimeError(
            explain(
                "permute",
                "number of dimensions in the tensor input does not match the length of "
                f"the desired ordering of dimensions i.e. input.dim() = {ndim} is not equal to "
                f"len(dims) = {len(dims)}",
                remedy=f"Name every dim of shape {list(shape)} once.",
            )
        )
    order = [normalize_dim(dim, ndim, "permute") for dim in dims]
    if len(set(order)) != ndim:
        raise RuntimeError(
            explain(
                "permute",
                f"permute(): duplicate dims are not allowed. Got {tuple(dims)} for shape "
                f"{list(shape)}",
                remedy="Name every dim once.",
            )
        )
    return order


def moved_order(source: Sequence[int], destination: Sequence[int], ndim: int) -> list[int]:
    """The order of dims once `source` stand at `destination` and the others keep theirs.

    >>> moved_order((0,), (-1,), 3)
    [1, 2, 0]
    """
    if len(source) != len(destination):
        raise RuntimeError(
            explain(
                "movedim",
                f"Invalid source or destination dims: source ({list(source)} dims) should "
                "contain the same number of dims as destination "
                f"({list(destination)} dims)",
                remedy="Give each dim its place.",
            )
        )
    moved = [normalize_dim(dim, ndim, "movedim") for dim in source]
    places = [normalize_dim(dim, ndim, "movedim") for dim in destination]
    _check_distinct(moved, source, "source")
    _check_distinct(places, destination, "destination")
    arrived = dict(zip(places, moved, strict=True))
    rest = iter([dim for dim in range(ndim) if dim not in moved])
    return [arrived[place] if place in arrived else next(rest) for place in range(ndim)]


def _check_distinct(wrapped: list[int], dims: Sequence[int], role: str) -> None:
    if len(set(wrapped)) != len(wrapped):
        raise RuntimeError(
            explain(
                "movedim",
                f"repeated dim in `{role}` ({list(dims)})",
                remedy="Name each dim once.",
            )
        )


def flattened_shape(shape: tuple[int, ...], start: int = 0, end: int = -1) -> tuple[int, ...]:
    """`shape` with dims `start` to `end`, both included, made one; () becomes (1,).

    >>> flattened_shape((2, 3, 4), 1), flattened_shape(())
    ((2, 12), (1,))
    """
    start = normalize_dim(start, len(shape), "flatten")
    end = normalize_dim(end, len(shape), "flatten")
    if start > end:
        raise RuntimeError(
            explain(
                "flatten",
                "flatten() has invalid args: start_dim cannot come after end_dim",
                remedy=f"Got dims {start} and {end} of shape {list(shape)}, swap them.",
            )
        )
    return (*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :])


def unflattened_sizes(sizes: Sequence[int], size: int, dim: int) -> tuple[int, ...]:
    """`sizes`, with a -1 inferred, into which `dim` of `size` elements can be split.

    >>> unflattened_sizes((3, -1), 6, 0)
    (3, 2)
    """
    if not sizes:
        raise RuntimeError(
            explain("unflatten", "sizes must be non-empty", remedy="Give at least one size.")
        )
    try:
        return infer_size(sizes, size, "unflatten")
    except RuntimeError as error:
        raise RuntimeError(
            explain(
                "unflatten",
                f"Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} "
                f"({size}) in the input tensor",
                remedy=f"Choose sizes that make {size}.",
            )
        ) from error
