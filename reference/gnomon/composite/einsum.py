"""Einstein's summation convention: products of tensors with named dims, summed over some.

Operands are brought to one list of dims, those of the output before those that are summed, and
meet from left to right; a pair that shares dims to sum is a batch of matrix products.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from string import ascii_letters, ascii_uppercase
from types import EllipsisType
from typing import TypeAlias, TypeVar, overload

from gnomon.composite.matrix import bmm
from gnomon.core import TensorCore
from gnomon.op.foundation import sum_of
from gnomon.op.view import view_as
from gnomon.ops.arithmetic import mul
from gnomon.ops.slicing import DIAGONAL
from gnomon.ops.views import PERMUTE, reshape, unsqueeze

__all__ = ["einsum"]

T = TypeVar("T", bound=TensorCore)

_Sublist: TypeAlias = Sequence[int | EllipsisType]
#: The dims of one operand; ``...`` stands for any number of them.
_Term: TypeAlias = list[str]

_ELLIPSIS = "..."
_SUBLIST_LETTERS = ascii_uppercase + ascii_letters[:26]


@overload
def einsum(equation: str, /, *operands: T | Sequence[T]) -> T: ...
@overload
def einsum(operand: T, sublist: _Sublist, /, *others: T | _Sublist) -> T: ...
def einsum(*args: str | T | Sequence[T] | _Sublist) -> T:
    """Return the sum of products that an equation such as ``"bij,bjk->bik"`` describes.

    Each letter names a dim, ``...`` stands for dims that broadcast; a letter twice in one term
    takes the diagonal, and letters that the output lacks are summed. Without ``->``, the output
    has the ellipsis and then, in alphabetical order, the letters that occur once. Spaces do not
    count. Instead of an equation, each operand may be followed by a list of integers in
    ``[0, 52)``, and the output's list may come last.

    Raises RuntimeError for an equation that does not fit the operands, ValueError for arguments
    that are no equation and operands.

    >>> import gnomon as torch
    >>> a = torch.tensor([[1, 2], [3, 4]])
    >>> torch.einsum("ij,jk->ik", a, a)
    tensor([[ 7, 10],
            [15, 22]])
    >>> torch.einsum("ii", a)
    tensor(5)
    >>> torch.einsum(a, [0, 1], [1, 0]).stride()
    (1, 2)
    """
    equation, operands = _arguments(args)
    terms, output = _parse(equation, len(operands))
    ranks = [
        _named(position, term, operand)
        for position, (term, operand) in enumerate(zip(terms, operands, strict=True))
    ]
    broadcast = [f"{place}" for place in range(max(ranks))]
    named = [
        _expanded(term, broadcast[len(broadcast) - rank :])
        for term, rank in zip(terms, ranks, strict=True)
    ]
    kept = _output(output, named, broadcast)
    summed = sorted({label for term in named for label in term if label not in kept})
    _check_sizes(named, operands)
    labels = kept + summed
    aligned = [
        _aligned(position, operand, term, labels)
        for position, (operand, term) in enumerate(zip(operands, named, strict=True))
    ]
    return _contracted(aligned, named, labels, len(kept))


def _arguments(args: Sequence[str | T | Sequence[T] | _Sublist]) -> tuple[str, list[T]]:
    """Return equation and operands, whichever of the two forms the arguments have."""
    if len(args) < 2:
        raise ValueError(
            "einsum: must specify the equation string and at least one operand, or at least "
            "one operand and its subscripts list."
        )
    operands: list[T] = []
    if isinstance(args[0], str):
        given = args[1:]
        if len(given) == 1 and isinstance(given[0], tuple | list):
            given = tuple(given[0])
        for operand in given:
            operands.append(_tensor(operand))
        return args[0], operands
    terms: list[str] = []
    for position in range(0, len(args) - 1, 2):
        operands.append(_tensor(args[position]))
        terms.append(_letters(args[position + 1]))
    equation = ",".join(terms)
    if len(args) % 2:
        equation += "->" + _letters(args[-1])
    return equation, operands


def _tensor(argument: str | T | Sequence[T] | _Sublist | int | EllipsisType) -> T:
    if not isinstance(argument, TensorCore):
        raise TypeError(
            f"einsum: expected a tensor as operand, got {type(argument).__name__}. Give the "
            "equation first, or a list of integers after each operand."
        )
    return argument


def _letters(sublist: str | TensorCore | Sequence[TensorCore] | _Sublist) -> str:
    if isinstance(sublist, str | TensorCore):
        raise TypeError(
            "einsum: expected a list of integers after an operand, got "
            f"{type(sublist).__name__}."
        )
    letters = ""
    for item in sublist:
        if item is Ellipsis:
            letters += _ELLIPSIS
        elif isinstance(item, int) and 0 <= item < len(_SUBLIST_LETTERS):
            letters += _SUBLIST_LETTERS[item]
        else:
            raise ValueError(
                f"einsum: subscript {item!r} in subscript list is not within the valid range "
                "[0, 52)."
            )
    return letters


def _parse(equation: str, count: int) -> tuple[list[_Term], _Term | None]:
    """Return the dims of each operand, and those of the output if the equation has them."""
    left, arrow, right = equation.partition("->")
    terms = [_term(text, f"operand {place}") for place, text in enumerate(left.split(","))]
    if len(terms) != count:
        compared = "fewer" if len(terms) > count else "more"
        raise RuntimeError(
            f"einsum: {compared} operands were provided than specified in the equation "
            f"{equation!r}: {count} for {len(terms)} terms."
        )
    return terms, _term(right, "the output") if arrow else None


def _term(text: str, where: str) -> _Term:
    labels: _Term = []
    place = 0
    while place < len(text):
        character = text[place]
        if text.startswith(_ELLIPSIS, place) and _ELLIPSIS not in labels:
            labels.append(_ELLIPSIS)
            place += len(_ELLIPSIS)
            continue
        if character in ascii_letters:
            labels.append(character)
        elif character != " ":
            raise RuntimeError(
                f"einsum: invalid subscript {character!r} for {where}, subscripts must be in "
                "[a-zA-Z], and an ellipsis may occur once."
            )
        place += 1
    return labels


def _named(position: int, term: _Term, operand: TensorCore) -> int:
    """Return how many dims of ``operand`` the ellipsis of ``term`` stands for."""
    ndim = operand.operand.layout.ndim
    letters = len(term) - term.count(_ELLIPSIS)
    if letters > ndim or (letters < ndim and _ELLIPSIS not in term):
        raise RuntimeError(
            f"einsum: the number of subscripts ({letters}) does not match the number of "
            f"dimensions ({ndim}) for operand {position}, {operand.describe()}. Name each dim, "
            "or write an ellipsis for the others."
        )
    return ndim - letters


def _expanded(term: _Term, broadcast: list[str]) -> _Term:
    if _ELLIPSIS not in term:
        return term
    place = term.index(_ELLIPSIS)
    return [*term[:place], *broadcast, *term[place + 1 :]]


def _output(output: _Term | None, terms: list[_Term], broadcast: list[str]) -> _Term:
    """Return the labels of the result: as written, or by the rule for an equation without."""
    occurrences = [label for term in terms for label in term]
    if output is None:
        letters = sorted(set(occurrences) - set(broadcast))
        return broadcast + [label for label in letters if occurrences.count(label) == 1]
    labels = _expanded(output, broadcast)
    for label in labels:
        if labels.count(label) > 1:
            raise RuntimeError(
                f"einsum: output subscript {label} appears more than once in the output."
            )
        if label not in occurrences and label not in broadcast:
            raise RuntimeError(
                f"einsum: output subscript {label} does not appear in the equation for any "
                "input operand."
            )
    return labels


def _check_sizes(terms: list[_Term], operands: Sequence[TensorCore]) -> None:
    sizes: dict[str, int] = {}
    for position, (term, operand) in enumerate(zip(terms, operands, strict=True)):
        within: dict[str, int] = {}
        for label, size in zip(term, operand.operand.layout.shape, strict=True):
            if within.setdefault(label, size) != size:
                raise RuntimeError(
                    f"einsum: subscript {label} is repeated for operand {position}, "
                    f"{operand.describe()}, but the sizes don't match, {size} != "
                    f"{within[label]}."
                )
        for label, size in within.items():
            seen = sizes.get(label, 1)
            if 1 != size != seen != 1:
                raise RuntimeError(
                    f"einsum: subscript {label} has size {size} for operand {position}, "
                    f"{operand.describe()}, which does not broadcast with previously seen size "
                    f"{seen}."
                )
            sizes[label] = size if seen == 1 else seen


def _aligned(position: int, operand: T, term: _Term, labels: list[str]) -> T:
    """Return ``operand`` with one dim for each of ``labels``, of size 1 where it lacks it."""
    present = list(term)
    for label in term:
        while present.count(label) > 1:
            first = present.index(label)
            second = present.index(label, first + 1)
            operand = DIAGONAL(operand, 0, first, second)
            del present[second], present[first]
            present.append(label)
    for label in labels:
        if label not in present:
            operand = unsqueeze(operand, len(present))
            present.append(label)
    return PERMUTE(operand, tuple([present.index(label) for label in labels]))


def _contracted(operands: list[T], terms: list[_Term], labels: list[str], kept: int) -> T:
    """Multiply aligned operands from left to right, summing each dim after its last operand."""
    if len(operands) == 1:
        summed = list(range(kept, len(labels)))
        return sum_of(operands[0], summed) if summed else operands[0]
    last = {label: place for place, term in enumerate(terms) for label in term}
    result = operands[0]
    for position, operand in enumerate(operands):
        ended = [dim for dim in range(kept, len(labels)) if last[labels[dim]] == position]
        if position:
            result = _pair(result, operand, ended)
        elif wide := [dim for dim in ended if operand.operand.layout.shape[dim] != 1]:
            result = sum_of(result, wide, True)
    if kept < len(labels):
        result = view_as(result, result.operand.layout.shape[:kept])
    return result


def _pair(left: T, right: T, ended: list[int]) -> T:
    """Return ``left * right`` summed over ``ended``, which stay with size 1."""
    left_shape, right_shape = left.operand.layout.shape, right.operand.layout.shape
    only_right = [dim for dim in ended if left_shape[dim] == 1 != right_shape[dim]]
    only_left = [dim for dim in ended if right_shape[dim] == 1 != left_shape[dim]]
    summed = [dim for dim in ended if left_shape[dim] != 1 != right_shape[dim]]
    if only_left:
        left = sum_of(left, only_left, True)
    if only_right:
        right = sum_of(right, only_right, True)
    return _products(left, right, summed) if summed else mul(left, right)


def _products(left: T, right: T, summed: list[int]) -> T:
    """Return ``left * right`` summed over ``summed``, as a batch of matrix products."""
    left_shape, right_shape = left.operand.layout.shape, right.operand.layout.shape
    free = [dim for dim in range(len(left_shape)) if dim not in summed]
    batch = [dim for dim in free if left_shape[dim] != 1 and right_shape[dim] != 1]
    rows = [dim for dim in free if left_shape[dim] != 1 and dim not in batch]
    columns = [dim for dim in free if dim not in batch and dim not in rows]
    wide = [dim for dim in columns if right_shape[dim] != 1]
    if rows and wide and wide[-1] < rows[0]:
        # The dims of the result then stand in the order in which the product makes them.
        return _products(right, left, summed)
    sizes = [
        high if low == 1 else low for low, high in zip(left_shape, right_shape, strict=True)
    ]
    count, height, width, terms = (
        prod([sizes[dim] for dim in dims]) for dims in (batch, rows, columns, summed)
    )
    product = bmm(
        reshape(PERMUTE(left, (*batch, *rows, *summed, *columns)), (count, height, terms)),
        reshape(PERMUTE(right, (*batch, *summed, *columns, *rows)), (count, terms, width)),
    )
    order = (*batch, *rows, *columns, *summed)
    shape = tuple([1 if dim in summed else sizes[dim] for dim in order])
    return PERMUTE(view_as(product, shape), tuple(map(order.index, range(len(order)))))
