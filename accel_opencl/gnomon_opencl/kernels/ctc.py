"""Losses of connectionist temporal classification, and their slopes: see ``ctc.cl``."""

from __future__ import annotations

from functools import cache, lru_cache
from struct import pack
from typing import Final, NamedTuple, final

from gnomon.backend import DType, Layout, Operand, int32, int64
from gnomon_opencl.element_types import element_type, wide
from gnomon_opencl.generation import exponential_text, source_file, whole_source
from gnomon_opencl.kernels.walks import integers
from gnomon_opencl.runtime import REFUSED, Argument, Runtime, buffer_of
from gnomon_opencl.traits import Traits

_CACHED: Final = 1024
_NO_COTANGENTS: Final = Layout((1,), (0,), 0)


@final
class _Task(NamedTuple):
    """What a kernel is told of its operands, and the bytes of scratch of all its items."""

    batch: int
    plan: bytes
    scratch: int


def add_up_paths(
    runtime: Runtime,
    log_probs: Operand,
    targets: Operand,
    input_lengths: Operand,
    target_lengths: Operand,
    blank: int,
    labels: int,
    losses: Operand,
    forward: Operand,
) -> None:
    """Write the losses of sequences, and the logarithms of the probabilities of all paths that
    begin and come to each place of the spelling.

    Raises RuntimeError for lengths and labels that do not fit.
    """
    given = log_probs, targets, input_lengths, target_lengths
    task = _task(
        *[each.layout for each in given], log_probs.dtype, blank, labels, runtime.traits
    )
    arguments: list[Argument] = [
        *map(buffer_of, _not_empty(*given)),
        *map(buffer_of, (losses, forward)),
        runtime.pool.allocate(task.scratch).buffer,
        task.plan,
    ]
    source = _source(log_probs.dtype, runtime.traits)
    if runtime.flag_is_set([(source, "ctc_losses", arguments, task.batch)]):
        raise RuntimeError("a length or a label does not fit the log-probabilities.")


def find_slopes(
    runtime: Runtime,
    cotangents: Operand,
    log_probs: Operand,
    targets: Operand,
    input_lengths: Operand,
    target_lengths: Operand,
    losses: Operand,
    forward: Operand,
    blank: int,
    zero_infinity: bool,
    output: Operand,
) -> None:
    """Write the cotangent of the scores, of which ``log_probs`` are the log_softmax."""
    given = log_probs, targets, input_lengths, target_lengths
    task = _task(
        *[each.layout for each in given],
        log_probs.dtype,
        blank,
        (forward.layout.shape[2] - 1) // 2,
        runtime.traits,
        cotangents.layout,
    )
    arguments: list[Argument] = [
        *map(buffer_of, (cotangents, *_not_empty(*given), losses, forward, output)),
        runtime.pool.allocate(task.scratch).buffer,
        task.plan,
        pack("i", zero_infinity),
    ]
    source = _source(log_probs.dtype, runtime.traits)
    runtime.launch(source, "ctc_losses_backward", arguments, task.batch)


def _not_empty(
    log_probs: Operand, targets: Operand, input_lengths: Operand, target_lengths: Operand
) -> list[Operand]:
    """Return operands all of which have memory: of no labels none is read."""
    labels = targets if targets.layout.numel else log_probs
    return [log_probs, labels, input_lengths, target_lengths]


@lru_cache(_CACHED)
def _task(
    log_probs: Layout,
    targets: Layout,
    input_lengths: Layout,
    target_lengths: Layout,
    dtype: DType,
    blank: int,
    labels: int,
    traits: Traits,
    cotangents: Layout = _NO_COTANGENTS,
) -> _Task:
    moments, batch, classes = log_probs.shape
    lanes = traits.lanes_of(dtype.itemsize)
    border = max(lanes, 2)
    row, row_of_classes = (-(-count // lanes) * lanes for count in (2 * labels + 1, classes))
    # The state within its borders, and three other rows of places; two of classes.
    cells = 2 * border + 4 * row + 2 * row_of_classes
    is_padded = len(targets.shape) > 1
    plan = integers(
        moments,
        batch,
        classes,
        labels,
        is_padded,
        targets.shape[-1],
        blank,
        cells,
        log_probs.offset,
        *log_probs.strides,
        targets.offset,
        targets.strides[0] if is_padded else 0,
        targets.strides[-1],
        input_lengths.offset,
        target_lengths.offset,
        cotangents.offset,
        cotangents.strides[0],
    )
    return _Task(batch, plan, batch * cells * dtype.itemsize)


@cache
def _source(dtype: DType, traits: Traits) -> str:
    kind = element_type(dtype)
    mask = element_type(int32 if dtype.itemsize == 4 else int64)
    lanes = traits.lanes_of(dtype.itemsize)
    write = kind.store(lanes, "(x)", "(p)", "0").removesuffix(";")
    return whole_source(
        f"#define COMPUTE {kind.compute}\n",
        f"#define MASK {mask.compute}\n",
        f"#define LANES {lanes}\n",
        f"#define V {wide(kind.compute, lanes)}\n",
        f"#define M {wide(mask.compute, lanes)}\n",
        f"#define LARGEST {'FLT_MAX' if dtype.itemsize == 4 else 'DBL_MAX'}\n",
        f"#define REFUSED {REFUSED}\n",
        f"#define READ(p) {kind.load(lanes, '(p)', '0')}\n",
        f"#define READ_MASK(p) {mask.load(lanes, '(p)', '0')}\n",
        f"#define WRITE(x, p) {write}\n",
        exponential_text(kind, lanes, traits),
        source_file("ctc"),
    )
