"""Sequences of different lengths as one tensor: padded to the longest, or packed by time step.

A packed batch holds the first steps of all sequences, then the second steps of those that have
one, and so on; sequences stand in the order of their lengths, the longest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import index
from typing import TYPE_CHECKING, NamedTuple, SupportsIndex, cast

from gnomon.dtypes import float16, float32, float64, int32, int64
from gnomon.errors import explain
from gnomon.formats import contiguous_format
from gnomon.ops.joining import cat
from gnomon.tensor import Tensor
from gnomon.tensor.conversion_methods import parse_to
from gnomon.tensor.creation import tensor as tensor_of

if TYPE_CHECKING:
    from typing import Self

    from gnomon.tensor.conversion_methods import ToArgument
    from gnomon.tensor.options import DeviceLike, DTypeLike

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class PackedSequenceParts(NamedTuple):
    """What a packed batch consists of."""

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(PackedSequenceParts):
    """Sequences packed by time step: their elements, and how many have each step.

    ``sorted_indices`` put a batch into the order of the pack, ``unsorted_indices`` back; None
    where the batch was in that order.
    """

    __slots__ = ()

    def __new__(
        cls,
        data: Tensor,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> Self:
        if batch_sizes is None:
            raise ValueError("PackedSequence: give batch_sizes, or use pack_sequence().")
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(
        self,
        *args: ToArgument,
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
        non_blocking: bool = False,
        copy: bool = False,
    ) -> Self:
        """Return the pack with its data as ``Tensor.to`` gives them; itself if it is the same.

        The indices go along to another device, the batch sizes stay on the CPU.
        """
        target = parse_to(args, device, dtype, non_blocking, copy)
        data = self.data.to(target.device, target.dtype, copy=target.copy)
        if data is self.data:
            return self
        moved = [
            None if indices is None else indices.to(data.device, copy=target.copy)
            for indices in (self.sorted_indices, self.unsorted_indices)
        ]
        return type(self)(data, self.batch_sizes, *moved)

    def cpu(self) -> Self:
        """Return the pack on the CPU."""
        return self.to("cpu")

    def cuda(self, device: DeviceLike = None) -> Self:
        """Return the pack on the device that "cuda" means."""
        return self.to(device="cuda" if device is None else device)

    def double(self) -> Self:
        """Return the pack as float64."""
        return self.to(dtype=float64)

    def float(self) -> Self:
        """Return the pack as float32."""
        return self.to(dtype=float32)

    def half(self) -> Self:
        """Return the pack as float16."""
        return self.to(dtype=float16)

    def long(self) -> Self:
        """Return the pack as int64."""
        return self.to(dtype=int64)

    def int(self) -> Self:
        """Return the pack as int32."""
        return self.to(dtype=int32)

    @property
    def is_cuda(self) -> bool:
        """Whether the data live on the device that "cuda" means."""
        return self.data.is_cuda


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """Return the indices that undo ``permutation``; None for None.

    >>> import gnomon as torch
    >>> invert_permutation(torch.tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    return None if permutation is None else permutation.argsort()


def pack_padded_sequence(
    input: Tensor,
    lengths: Tensor | Sequence[SupportsIndex],
    batch_first: bool = False,
    enforce_sorted: bool = True,
) -> PackedSequence:
    """Return the first ``lengths[j]`` steps of each sequence ``j`` of a padded batch, packed.

    ``input`` is (T, B, \\*), or (B, T, \\*) with ``batch_first``. Without ``enforce_sorted``
    the batch is put into the order of lengths first. Raises RuntimeError for lengths that are
    not in descending order, not between 1 and T, or not B of them.

    >>> import gnomon as torch
    >>> pack_padded_sequence(torch.tensor([[1, 2], [3, 0]]), [2, 1]).data
    tensor([1, 2, 3])
    """
    steps = input.transpose(0, 1) if batch_first else input
    given = _integers(lengths)
    order = None
    if not enforce_sorted:
        places = sorted(range(len(given)), key=lambda place: -given[place])
        order = tensor_of(places, dtype=int64, device=input.device)
        given = [given[place] for place in places]
        if len(given) == steps.size(1):
            steps = steps.index_select(1, order)
    _check_lengths(input, given, *steps.shape[:2])
    sizes = [sum(length > step for length in given) for step in range(given[0])]
    rows = [
        step * len(given) + place for step, size in enumerate(sizes) for place in range(size)
    ]
    data = steps.reshape(-1, *steps.shape[2:])
    picked = data.index_select(0, tensor_of(rows, dtype=int64, device=input.device))
    return PackedSequence(picked, tensor_of(sizes, dtype=int64), order)


def _check_lengths(input: Tensor, lengths: list[int], longest: int, batch: int) -> None:
    rule = ""
    if not input.numel():
        rule = "Cannot pack empty tensors"
    elif len(lengths) != batch:
        rule = f"Expected `len(lengths)` to be equal to batch_size, but got {len(lengths)}"
    elif min(lengths) <= 0:
        rule = "Length of all samples has to be greater than 0"
    elif lengths != sorted(lengths, reverse=True):
        rule = "`lengths` array must be sorted in decreasing order when enforce_sorted is True"
    elif lengths[0] > longest:
        rule = f"a length of {lengths[0]} is more than the {longest} steps there are"
    if rule:
        remedy = "Give one length for each sequence, or enforce_sorted=False for any order"
        raise RuntimeError(explain("pack_padded_sequence", rule, input, remedy=remedy))


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Return a packed batch padded, and the lengths of its sequences.

    The batch is (T, B, \\*), or (B, T, \\*) with ``batch_first``; T is ``total_length``, by
    default the longest length. Raises ValueError for a ``total_length`` below that.

    >>> import gnomon as torch
    >>> packed = pack_sequence([torch.tensor([1, 3]), torch.tensor([2])])
    >>> pad_packed_sequence(packed, batch_first=True)[0]
    tensor([[1, 3],
            [2, 0]])
    """
    data = sequence.data
    sizes = _integers(sequence.batch_sizes)
    steps = len(sizes) if total_length is None else total_length
    if steps < len(sizes):
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, "
            f"but got total_length={steps} and max sequence length being {len(sizes)}"
        )
    batch = sizes[0]
    # The padding is a row behind the others, which every place without a step reads.
    padded = cat([data, data.new_full((1, *data.shape[1:]), padding_value)])
    rows = [data.size(0)] * (steps * batch)
    row = 0
    for step, size in enumerate(sizes):
        rows[step * batch : step * batch + size] = range(row, row + size)
        row += size
    picked = padded.index_select(0, tensor_of(rows, dtype=int64, device=data.device))
    result = picked.reshape(steps, batch, *data.shape[1:])
    lengths = tensor_of(
        [sum(size > place for size in sizes) for place in range(batch)], dtype=int64
    )
    if batch_first:
        result = result.transpose(0, 1)
    order = sequence.unsorted_indices
    if order is None:
        return result, lengths
    sorted_back = result.index_select(0 if batch_first else 1, order)
    return sorted_back, lengths.index_select(0, order.cpu())


def pad_sequence(
    sequences: Tensor | Sequence[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Return sequences (L, \\*) padded to the longest, as (T, B, \\*) or with ``batch_first``
    (B, T, \\*).

    ``padding_side`` is "right" or "left". Raises RuntimeError for no sequences, another side,
    and sequences that differ in more than their lengths.

    >>> import gnomon as torch
    >>> pad_sequence([torch.tensor([1, 2]), torch.tensor([3])], batch_first=True)
    tensor([[1, 2],
            [3, 0]])
    """
    listed = list(sequences)
    if not listed:
        raise RuntimeError("pad_sequence: received an empty list of sequences.")
    if padding_side not in ("left", "right"):
        raise RuntimeError(
            f"pad_sequence: Expected padding_side to be one of left or right, but got "
            f"{padding_side}."
        )
    longest = max(each.size(0) for each in listed)
    first = listed[0]
    outer = (len(listed), longest) if batch_first else (longest, len(listed))
    result = first.new_full((*outer, *first.shape[1:]), padding_value)
    rows = result if batch_first else result.transpose(0, 1)
    for place, each in enumerate(listed):
        start = longest - each.size(0) if padding_side == "left" else 0
        rows[place, start : start + each.size(0)] = each
    return result


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """Return the first ``lengths[j]`` steps of each sequence of a padded batch."""
    batch = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [
        sequence[:length].clone(memory_format=contiguous_format)
        for sequence, length in zip(batch, _integers(lengths), strict=True)
    ]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Return sequences (L, \\*) packed; RuntimeError as ``pack_padded_sequence`` raises."""
    lengths = [each.size(0) for each in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, False, enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """Return the sequences of a packed batch."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)


def _integers(lengths: Tensor | Sequence[SupportsIndex]) -> list[int]:
    values: Iterable[SupportsIndex] = (
        cast("list[int]", lengths.long().tolist()) if isinstance(lengths, Tensor) else lengths
    )
    return [index(value) for value in values]
