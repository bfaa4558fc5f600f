"""`Layout` and its views: every view of a tensor is a function from layout to layout."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from operator import index as as_int
from typing import Final, final

from gnomon.errors import explain
from gnomon.layout import strides as rules
from gnomon.layout.dims import (
    flattened_shape,
    infer_size,
    moved_order,
    normalize_dim,
    normalize_dims,
    permutation,
    unflattened_sizes,
)
from gnomon.layout.facts import LayoutFacts
from gnomon.layout.pieces import (
    chunk_sizes,
    index_within,
    narrow_start,
    section_sizes,
    slice_bounds,
    split_sizes,
    window_count,
)
from gnomon.layout.reshaping import (
    check_strided,
    collapse_strides,
    expand_strides,
    view_strides,
)

_CACHED_SHAPES: Final = 4096


@final
class Layout(LayoutFacts):
    """Where the elements of a tensor lie: element `i` at `offset + sum(i_k * strides_k)`.

    Immutable and hashable. Each view method returns the layout of the view; none touches
    memory. Nothing is checked on construction, since only views and factories construct.

    >>> Layout.contiguous((2, 3))
    Layout(shape=(2, 3), strides=(3, 1), offset=0)
    >>> Layout.contiguous((2, 3)).transpose(0, 1).select(0, 1)
    Layout(shape=(2,), strides=(3,), offset=1)
    """

    __slots__ = ()

    @staticmethod
    @lru_cache(_CACHED_SHAPES)
    def contiguous(shape: tuple[int, ...]) -> "Layout":
        """The row-major layout of a fresh tensor, remembered per shape.

        Raises `RuntimeError` for a negative size.
        """
        shape = tuple([as_int(size) for size in shape])
        for size in shape:
            if size < 0:
                raise RuntimeError(
                    explain(
                        "empty",
                        f"Trying to create tensor with negative dimension {size}: "
                        f"{list(shape)}",
                        remedy="Give sizes of 0 or more.",
                    )
                )
        return Layout(shape, rules.contiguous_strides(shape), 0)

    # -- one dim at a time ---------------------------------------------------------------

    def slice(
        self, dim: int, start: int | None = None, stop: int | None = None, step: int = 1
    ) -> "Layout":
        """Elements `start:stop:step` of `dim`, bounds clamped as Python does; `step > 0`.

        >>> Layout.contiguous((2, 6)).slice(1, 1, -1, 2)
        Layout(shape=(2, 2), strides=(6, 2), offset=1)
        """
        self._needs_dims("slice", IndexError)
        shape, strides, offset = self
        dim = normalize_dim(dim, len(shape), "slice")
        first, length = slice_bounds(shape[dim], start, stop, step)
        stride = strides[dim]
        return Layout(
            (*shape[:dim], length, *shape[dim + 1 :]),
            (*strides[:dim], stride * step, *strides[dim + 1 :]),
            offset + first * stride,
        )

    def select(self, dim: int, index: int) -> "Layout":
        """The elements at `index` of `dim`, which goes away; a negative one counts back.

        >>> Layout.contiguous((2, 3)).select(1, -1)
        Layout(shape=(2,), strides=(3,), offset=2)
        """
        self._needs_dims("select", IndexError)
        shape, strides, offset = self
        dim = normalize_dim(dim, len(shape), "select")
        return Layout(
            shape[:dim] + shape[dim + 1 :],
            strides[:dim] + strides[dim + 1 :],
            offset + index_within(index, dim, shape) * strides[dim],
        )

    def narrow(self, dim: int, start: int, length: int) -> "Layout":
        """The `length` elements of `dim` from `start` on; unlike `slice`, nothing is clamped.

        >>> Layout.contiguous((2, 6)).narrow(1, 2, 3)
        Layout(shape=(2, 3), strides=(6, 1), offset=2)
        """
        self._needs_dims("narrow")
        shape, strides, offset = self
        dim = normalize_dim(dim, len(shape), "narrow")
        first = narrow_start(start, length, dim, shape)
        return Layout(
            (*shape[:dim], length, *shape[dim + 1 :]), strides, offset + first * strides[dim]
        )

    def squeeze(self, dim: int | Sequence[int] | None = None) -> "Layout":
        """Without the dims of size 1: all of them, or those among `dim`.

        >>> Layout.contiguous((1, 3, 1)).squeeze(0)
        Layout(shape=(3, 1), strides=(1, 1), offset=0)
        """
        shape, strides, offset = self
        if dim is None:
            kept = [k for k, size in enumerate(shape) if size != 1]
        else:
            dims = normalize_dims(
                (dim,) if isinstance(dim, int) else dim, len(shape), "squeeze"
            )
            kept = [k for k, size in enumerate(shape) if size != 1 or k not in dims]
        return Layout(
            tuple([shape[k] for k in kept]), tuple([strides[k] for k in kept]), offset
        )

    def unsqueeze(self, dim: int) -> "Layout":
        """With a dim of size 1 put in at `dim`, in `[-ndim - 1, ndim]`.

        >>> Layout.contiguous((2, 3)).unsqueeze(1)
        Layout(shape=(2, 1, 3), strides=(3, 3, 1), offset=0)
        """
        return _unsqueezed(self, dim)

    def unfold(self, dim: int, size: int, step: int) -> "Layout":
        """Windows of `size` elements every `step` along `dim`, elements in a new last dim.

        >>> Layout.contiguous((7,)).unfold(0, 3, 2)
        Layout(shape=(3, 3), strides=(2, 1), offset=0)
        """
        shape, strides, offset = self if self.shape else self.unsqueeze(0)
        dim = normalize_dim(dim, len(shape), "unfold")
        windows = window_count(shape[dim], size, step, dim)
        if not self.shape:
            return Layout((size,), strides, offset)
        stride = strides[dim]
        return Layout(
            (*shape[:dim], windows, *shape[dim + 1 :], size),
            (*strides[:dim], stride * step, *strides[dim + 1 :], stride),
            offset,
        )

    # -- dims in another order -----------------------------------------------------------

    def permute(self, dims: Sequence[int]) -> "Layout":
        """The dims in the order `dims`, which names each once.

        >>> Layout.contiguous((2, 3, 4)).permute((2, 0, 1))
        Layout(shape=(4, 2, 3), strides=(1, 12, 4), offset=0)
        """
        shape, strides, offset = self
        order = permutation(dims, shape)
        return Layout(
            tuple([shape[k] for k in order]), tuple([strides[k] for k in order]), offset
        )

    def transpose(self, a: int, b: int) -> "Layout":
        """The dims `a` and `b` exchanged.

        >>> Layout.contiguous((2, 3)).transpose(0, 1)
        Layout(shape=(3, 2), strides=(1, 3), offset=0)
        """
        return _transposed(self, a, b)

    def movedim(
        self, source: int | Sequence[int], destination: int | Sequence[int]
    ) -> "Layout":
        """The dims `source` moved to the places `destination`, the others kept in order.

        >>> Layout.contiguous((2, 3, 4)).movedim(0, -1)
        Layout(shape=(3, 4, 2), strides=(4, 1, 12), offset=0)
        """
        sources = (source,) if isinstance(source, int) else tuple(source)
        targets = (destination,) if isinstance(destination, int) else tuple(destination)
        return self.permute(moved_order(sources, targets, self.ndim))

    def diagonal(self, offset: int = 0, dim1: int = 0, dim2: int = 1) -> "Layout":
        """The elements whose index in `dim2` is the one in `dim1` plus `offset`, as a last dim.

        >>> Layout.contiguous((3, 4)).diagonal(1)
        Layout(shape=(3,), strides=(5,), offset=1)
        """
        shape, strides, start = self
        ndim = len(shape)
        dim1, dim2 = (
            normalize_dim(dim1, ndim, "diagonal"),
            normalize_dim(dim2, ndim, "diagonal"),
        )
        if dim1 == dim2:
            raise RuntimeError(
                explain(
                    "diagonal",
                    f"diagonal dimensions cannot be identical {dim1}, {dim2}",
                    remedy=f"Choose two dims of shape {list(shape)}.",
                )
            )
        above, below = max(offset, 0), max(-offset, 0)
        length = max(0, min(shape[dim1] - below, shape[dim2] - above))
        if length:
            start += below * strides[dim1] + above * strides[dim2]
        kept = [dim for dim in range(ndim) if dim != dim1 and dim != dim2]
        return Layout(
            (*[shape[dim] for dim in kept], length),
            (*[strides[dim] for dim in kept], strides[dim1] + strides[dim2]),
            start,
        )

    # -- other shapes --------------------------------------------------------------------

    def expand(self, shape: Sequence[int]) -> "Layout":
        """Dims of size 1 stretched to `shape` by a stride of 0; -1 keeps a size.

        >>> Layout.contiguous((3, 1)).expand((2, -1, 4))
        Layout(shape=(2, 3, 4), strides=(0, 1, 0), offset=0)
        """
        return _expanded(self, tuple(shape))

    def broadcast_to(self, shape: Sequence[int]) -> "Layout":
        """`expand` under its other name.

        >>> Layout.contiguous((3,)).broadcast_to((2, 3))
        Layout(shape=(2, 3), strides=(0, 1), offset=0)
        """
        return self if shape == self.shape else self.expand(shape)

    def view(self, shape: Sequence[int]) -> "Layout":
        """The same elements in the same order as `shape`, where -1 infers one size.

        Raises `RuntimeError` when the numbers of elements differ or no strides do it.

        >>> Layout.contiguous((2, 6)).view((2, -1, 2))
        Layout(shape=(2, 3, 2), strides=(6, 2, 1), offset=0)
        """
        return _viewed(self, tuple(shape))

    def view_or_none(self, shape: Sequence[int]) -> "Layout | None":
        """What `reshape` needs to know: the view as `shape`, or `None` when it must copy.

        Raises `RuntimeError` when the numbers of elements differ.

        >>> Layout.contiguous((2, 3)).transpose(0, 1).view_or_none((6,)) is None
        True
        """
        sizes = infer_size(shape, self.numel, "reshape")
        strides = view_strides(self.shape, self.strides, sizes)
        return None if strides is None else Layout(sizes, strides, self.offset)

    def flattened_shape(self, start: int = 0, end: int = -1) -> tuple[int, ...]:
        """The shape with dims `start` to `end`, both included, made one; 0-d becomes (1,).

        >>> Layout.contiguous((2, 3, 4)).flattened_shape(1)
        (2, 12)
        """
        return flattened_shape(self.shape, start, end)

    def flatten(self, start: int = 0, end: int = -1) -> "Layout":
        """The view with dims `start` to `end` made one; raises as `view` when there is none.

        >>> Layout.contiguous((2, 3, 4)).flatten(0, 1)
        Layout(shape=(6, 4), strides=(4, 1), offset=0)
        """
        return self.view(self.flattened_shape(start, end))

    def unflatten(self, dim: int, sizes: Sequence[int]) -> "Layout":
        """The view with `dim` split into `sizes`, where -1 infers one.

        >>> Layout.contiguous((2, 6)).unflatten(1, (3, -1))
        Layout(shape=(2, 3, 2), strides=(6, 2, 1), offset=0)
        """
        shape = self.shape
        dim = normalize_dim(dim, len(shape), "unflatten")
        self._needs_dims("unflatten")
        parts = unflattened_sizes(sizes, shape[dim], dim)
        return self.view((*shape[:dim], *parts, *shape[dim + 1 :]))

    def as_strided(
        self, shape: Sequence[int], strides: Sequence[int], offset: int | None = None
    ) -> "Layout":
        """Any layout of the same storage; `offset` counts from the storage's start.

        The storage's bounds are for the caller to check, against `span`.

        >>> Layout.contiguous((6,)).as_strided((2, 2), (1, 1), 3)
        Layout(shape=(2, 2), strides=(1, 1), offset=3)
        """
        start = self.offset if offset is None else offset
        check_strided(shape, strides, start)
        return Layout(tuple(shape), tuple(strides), start)

    # -- several views at once -----------------------------------------------------------

    def split(self, sizes: int | Sequence[int], dim: int = 0) -> "tuple[Layout, ...]":
        """Consecutive pieces along `dim`: of one size, the last maybe smaller, or of `sizes`.

        >>> [piece.shape for piece in Layout.contiguous((7,)).split(3)]
        [(3,), (3,), (1,)]
        """
        self._needs_dims("split")
        dim = normalize_dim(dim, len(self.shape), "split")
        return self._pieces(split_sizes(self.shape[dim], sizes, dim), dim)

    def chunk(self, chunks: int, dim: int = 0) -> "tuple[Layout, ...]":
        """At most `chunks` consecutive pieces along `dim`, all but the last of one size.

        >>> [piece.shape for piece in Layout.contiguous((7,)).chunk(3)]
        [(3,), (3,), (1,)]
        """
        self._needs_dims("chunk")
        dim = normalize_dim(dim, len(self.shape), "chunk")
        return self._pieces(chunk_sizes(self.shape[dim], chunks), dim)

    def tensor_split(self, sections: int | Sequence[int], dim: int = 0) -> "tuple[Layout, ...]":
        """That many nearly equal pieces along `dim`, or the pieces between given indices.

        >>> [piece.shape for piece in Layout.contiguous((7,)).tensor_split((2, 3))]
        [(2,), (1,), (4,)]
        """
        self._needs_dims("tensor_split")
        dim = normalize_dim(dim, len(self.shape), "tensor_split")
        if isinstance(sections, int):
            return self._pieces(section_sizes(self.shape[dim], sections), dim)
        bounds = [0, *sections, self.shape[dim]]
        return tuple([self.slice(dim, start, stop) for start, stop in pairwise(bounds)])

    def unbind(self, dim: int = 0) -> "tuple[Layout, ...]":
        """One view per index of `dim`, which goes away.

        >>> Layout.contiguous((2, 3)).unbind()[1]
        Layout(shape=(3,), strides=(1,), offset=3)
        """
        self._needs_dims("unbind", IndexError)
        dim = normalize_dim(dim, len(self.shape), "unbind")
        return tuple([self.select(dim, index) for index in range(self.shape[dim])])

    def _pieces(self, sizes: Sequence[int], dim: int) -> "tuple[Layout, ...]":
        shape, strides, offset = self
        before, after, stride = shape[:dim], shape[dim + 1 :], strides[dim]
        pieces = []
        for size in sizes:
            pieces.append(Layout((*before, size, *after), strides, offset))
            offset += size * stride
        return tuple(pieces)

    def _needs_dims(
        self, operation: str, error: type[RuntimeError | IndexError] = RuntimeError
    ) -> None:
        if not self.shape:
            raise error(
                explain(
                    operation,
                    f"{operation}() cannot be applied to a 0-dim tensor: it expects at least a "
                    "1-dimensional tensor",
                    remedy="Unsqueeze it first, or read it with item().",
                )
            )

    # -- layouts for others --------------------------------------------------------------

    def collapse(self) -> "Layout":
        """The fewest dims that visit the same positions in the same order.

        >>> Layout((2, 1, 3, 4), (24, 9, 4, 1), 5).collapse()
        Layout(shape=(2, 12), strides=(24, 1), offset=5)
        """
        shape, (strides,) = collapse_strides(self.shape, (self.strides,))
        return Layout(shape, strides, self.offset)

    def dense_like(self) -> "Layout":
        """The layout of a fresh tensor that preserves this one's format.

        Same strides when dense, else dense strides whose dims keep their order.

        >>> Layout((2, 3), (1, 4), 7).dense_like()
        Layout(shape=(2, 3), strides=(1, 2), offset=0)
        """
        return Layout(self.shape, rules.dense_strides(self.shape, self.strides), 0)

    def channels_last(self) -> "Layout":
        """The channels-last layout of a fresh tensor of this 4-d or 5-d shape.

        >>> Layout.contiguous((2, 3, 4, 5)).channels_last().strides
        (60, 1, 15, 3)
        """
        if len(self.shape) not in (4, 5):
            raise RuntimeError(
                explain(
                    "channels_last",
                    "required rank 4 tensor to use channels_last format",
                    remedy=f"Shape {list(self.shape)} has no channels_last layout; rank 5 has "
                    "channels_last_3d.",
                )
            )
        return Layout(self.shape, rules.channels_last_strides(self.shape), 0)


# What programs ask for at every step is remembered.


@lru_cache(_CACHED_SHAPES)
def _unsqueezed(layout: Layout, dim: int) -> Layout:
    shape, strides, offset = layout
    dim = normalize_dim(dim, len(shape) + 1, "unsqueeze")
    stride = shape[dim] * strides[dim] if dim < len(shape) else 1
    return Layout(
        (*shape[:dim], 1, *shape[dim:]), (*strides[:dim], stride, *strides[dim:]), offset
    )


@lru_cache(_CACHED_SHAPES)
def _transposed(layout: Layout, a: int, b: int) -> Layout:
    ndim = len(layout.shape)
    a, b = normalize_dim(a, ndim, "transpose"), normalize_dim(b, ndim, "transpose")
    if a == b:
        return layout
    shape, strides = list(layout.shape), list(layout.strides)
    shape[a], shape[b] = shape[b], shape[a]
    strides[a], strides[b] = strides[b], strides[a]
    return Layout(tuple(shape), tuple(strides), layout.offset)


@lru_cache(_CACHED_SHAPES)
def _expanded(layout: Layout, shape: tuple[int, ...]) -> Layout:
    sizes, strides = expand_strides(layout.shape, layout.strides, shape)
    return Layout(sizes, strides, layout.offset)


@lru_cache(_CACHED_SHAPES)
def _viewed(layout: Layout, shape: tuple[int, ...]) -> Layout:
    sizes = infer_size(shape, layout.numel, "view")
    strides = view_strides(layout.shape, layout.strides, sizes)
    if strides is None:
        raise RuntimeError(
            explain(
                "view",
                "view size is not compatible with input tensor's size and stride (at least "
                "one dimension spans across two contiguous subspaces): no strides show "
                f"shape {list(layout.shape)} with strides {list(layout.strides)} as "
                f"{list(sizes)}",
                remedy="Use .reshape(...) instead, which copies.",
            )
        )
    return Layout(sizes, strides, layout.offset)
