"""``vmap``: a function of one example applied to a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Literal, TypeAlias

from gnomon.dispatch import values_of
from gnomon.func.trees import Tree, leaves_of, map_leaves
from gnomon.op.random_generator import default_stream
from gnomon.ops.joining import stack
from gnomon.tensor import Tensor

__all__ = ["vmap"]

#: A dim for every tensor, None for what is not mapped, or a tree of them like the arguments.
Dims: TypeAlias = object


def vmap(
    func: Callable[..., Tree],  # of any signature: that is the user's choice
    in_dims: Dims = 0,
    out_dims: Dims = 0,
    randomness: Literal["error", "different", "same"] = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Tree]:
    """Return ``func`` applied to every slice of its positional arguments along ``in_dims``, its
    results stacked along ``out_dims``.

    gnomon calls ``func`` once per slice, so it may do anything with its arguments, ``item()``
    included, and any ``chunk_size`` is kept to. ``in_dims`` and ``out_dims`` are a dim for
    every tensor, None for what is not mapped, or a tree of them like the arguments or results.
    ``randomness`` says what draws from default generators do: raise RuntimeError, differ from
    slice to slice, or be the same in all.

    Raises ValueError for dims that don't fit, sizes that differ, and results that are no
    tensors.

    >>> import gnomon as torch
    >>> torch.vmap(torch.dot)(torch.eye(2), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([1., 4.])
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(
            f"vmap: randomness is 'error', 'different' or 'same', given {randomness!r}."
        )
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"vmap: chunk_size should be greater than 0, given {chunk_size}.")
    if not isinstance(in_dims, int | tuple | list):
        raise ValueError(
            "vmap: expected `in_dims` to be int or a (potentially nested) tuple matching the "
            f"structure of inputs, got: {type(in_dims)}."
        )
    name = getattr(func, "__name__", type(func).__name__)

    @wraps(func)
    def mapped(*args: Tree, **kwargs: Tree) -> Tree:
        dims = list(_dims_for("in_dims", in_dims, args))
        size = _batch_size(name, list(leaves_of(args)), dims)
        random = _Randomness(randomness, args)
        results = []
        for index in range(size):
            random.before_slice()
            sliced = _slice(args, dims, index)
            assert isinstance(sliced, tuple)
            results.append(func(*sliced, **kwargs))
            random.after_slice()
        return _stacked(name, results, out_dims)

    return mapped


class _Randomness:
    """Lets the default generator of the arguments' device do as ``randomness`` says."""

    def __init__(self, mode: str, args: Tree) -> None:
        self.mode = mode
        tensor = next((leaf for leaf in leaves_of(args) if isinstance(leaf, Tensor)), None)
        self.stream = None if tensor is None else default_stream(tensor.device)
        self.start = (
            b"" if mode == "different" or not self.stream else self.stream.state_bytes()
        )

    def before_slice(self) -> None:
        if self.mode == "same" and self.stream is not None:
            self.stream.set_state_bytes(self.start)

    def after_slice(self) -> None:
        if self.mode == "error" and self.stream and self.stream.state_bytes() != self.start:
            raise RuntimeError(
                "vmap: called random operation while in randomness error mode. Say "
                "randomness='different' or 'same', or draw the numbers outside."
            )


def _dims_for(what: str, dims: Dims, tree: Tree) -> Iterator[int | None]:
    """Yield the dim of every leaf of ``tree``; a dim in place of a subtree is that of its
    leaves.
    """
    if dims is None or isinstance(dims, int):
        for _ in leaves_of(tree):
            yield dims
    elif isinstance(dims, dict) and isinstance(tree, dict) and dims.keys() == tree.keys():
        for key, value in tree.items():
            yield from _dims_for(what, dims[key], value)
    elif (
        isinstance(dims, list | tuple)
        and isinstance(tree, list | tuple)
        and len(dims) == len(tree)
    ):
        for inner, value in zip(dims, tree, strict=True):
            yield from _dims_for(what, inner, value)
    else:
        raise ValueError(
            f"vmap: {what}={dims!r} does not have the structure of what it is for."
        )


def _batch_size(name: str, leaves: Sequence[object], dims: Sequence[int | None]) -> int:
    if not leaves:
        raise ValueError(
            f"vmap({name})(<inputs>): got no inputs. Give at least one tensor to map over."
        )
    sizes = set()
    for leaf, dim in zip(leaves, dims, strict=True):
        if dim is None:
            continue
        if not isinstance(leaf, Tensor):
            raise ValueError(
                f"vmap({name}): Got in_dim={dim} for an input but the input is of type "
                f"{type(leaf)}. We cannot vmap over non-Tensor arguments, please use None as "
                "the respective in_dim."
            )
        if not -leaf.ndim <= dim < leaf.ndim:
            raise ValueError(
                f"vmap({name}): Got in_dim={dim} for some input, but that input is a Tensor of "
                f"dimensionality {leaf.ndim} so expected in_dim to satisfy -{leaf.ndim} <= "
                f"in_dim < {leaf.ndim}."
            )
        sizes.add(leaf.shape[dim])
    if len(sizes) != 1:
        raise ValueError(
            f"vmap({name}): Expected all tensors to have the same size in the mapped "
            f"dimension, got sizes {sorted(sizes)} for the mapped dimension."
        )
    (size,) = sizes
    if not size:
        raise ValueError(
            f"vmap({name}): the mapped dimension has size 0, so {name} would not be called and "
            "the shape of its results is not known."
        )
    return size


def _slice(tree: Tree, dims: Sequence[int | None], index: int) -> Tree:
    following = iter(dims)

    def select(leaf: object) -> object:
        dim = next(following)
        return leaf if dim is None or not isinstance(leaf, Tensor) else leaf.select(dim, index)

    return map_leaves(select, tree)


def _stacked(name: str, results: Sequence[Tree], out_dims: Dims) -> Tree:
    dims = iter(list(_dims_for("out_dims", out_dims, results[0])))
    columns = zip(*[list(leaves_of(result)) for result in results], strict=True)

    def join(_: object) -> object:
        column, dim = next(columns), next(dims)
        if dim is None:
            return _common(name, column)
        tensors = [value for value in column if isinstance(value, Tensor)]
        if len(tensors) != len(column):
            other = next(value for value in column if not isinstance(value, Tensor))
            raise ValueError(
                f"vmap({name}, ...): `{name}` must only return Tensors, got type "
                f"{type(other)}. Did you mean to set out_dims= to None for output?"
            )
        return stack(tensors, dim)

    return map_leaves(join, results[0])


def _common(name: str, column: Sequence[object]) -> object:
    """Return the value that all slices gave."""
    first = column[0]
    for value in column[1:]:
        if isinstance(first, Tensor) and isinstance(value, Tensor):
            same = list(values_of(first.operand)) == list(values_of(value.operand))
        else:
            same = first is value or first == value
        if not same:
            raise ValueError(
                f"vmap({name}, ...): `{name}` can not return a mapped value when out_dim is "
                "None: it differs from slice to slice."
            )
    return first
