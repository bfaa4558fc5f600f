"""Nested tuples, lists and dicts with tensors in them, as functions take and return them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from gnomon.tensor import Tensor

#: A tensor, another value, or a tuple, list or dict of trees.
Tree: TypeAlias = object


def map_leaves(function: Callable[[object], object], tree: Tree) -> Tree:
    """Return a tree of the same structure, every leaf replaced by ``function`` of it."""
    if isinstance(tree, dict):
        return type(tree)((key, map_leaves(function, value)) for key, value in tree.items())
    if isinstance(tree, list):
        return [map_leaves(function, value) for value in tree]
    if isinstance(tree, tuple):
        mapped = [map_leaves(function, value) for value in tree]
        make = getattr(type(tree), "_make", tuple)  # a named tuple has _make
        return make(mapped)
    return function(tree)


def map_tensors(function: Callable[[Tensor], object], tree: Tree) -> Tree:
    """Return a tree of the same structure, every tensor replaced by ``function`` of it."""
    return map_leaves(lambda leaf: function(leaf) if isinstance(leaf, Tensor) else leaf, tree)


def leaves_of(tree: Tree) -> Iterator[object]:
    """Yield what stands in the tree, in order."""
    if isinstance(tree, dict):
        for value in tree.values():
            yield from leaves_of(value)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from leaves_of(value)
    else:
        yield tree


def tensors_of(tree: Tree) -> list[Tensor]:
    """Return the tensors in the tree, in order."""
    return [leaf for leaf in leaves_of(tree) if isinstance(leaf, Tensor)]
