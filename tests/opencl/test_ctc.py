"""Losses of connectionist temporal classification on the device are those of the reference."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest

import gnomon
from gnomon import Tensor
from gnomon.backend import NotSupported
from gnomon.nn.functional import ctc_loss

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from gnomon_opencl.backend import OpenCLBackend

from .devices import default_backend, served_device, with_short_vectors, with_traits_of_a_gpu
from .test_without_float64 import without_float64

DTYPES = (gnomon.float32, gnomon.float64)
REDUCTIONS = ("none", "sum", "mean")


class Batch(NamedTuple):
    """Moments, sequences and classes, the lengths of inputs and targets, the widest target."""

    shape: tuple[int, int, int]
    lengths: tuple[int, ...]
    sizes: tuple[int, ...]
    width: int
    blank: int = 0


BATCHES = {
    "usual": Batch((12, 4, 6), (12, 9, 12, 7), (3, 4, 5, 1), 5),
    "last is blank": Batch((12, 2, 3), (12, 11), (3, 4), 4, blank=2),
    "one": Batch((1, 1, 2), (1,), (1,), 1),
    "no labels": Batch((3, 2, 4), (3, 2), (0, 0), 0),
    "no labels in rows of some": Batch((3, 2, 4), (3, 0), (0, 0), 3),
    "too many labels": Batch((3, 4, 5), (3, 1, 0, 0), (7, 2, 1, 0), 7),
    "many labels": Batch((50, 2, 40), (50, 47), (19, 20), 23),
}


def _scores(batch: Batch, dtype: gnomon.dtype) -> Tensor:
    gnomon.manual_seed(7)
    return gnomon.randn(*batch.shape, dtype=dtype).log_softmax(2)


def _rows(batch: Batch) -> Tensor:
    """Return targets in rows, none of which is the blank; some follow themselves."""
    gnomon.manual_seed(8)
    _, count, classes = batch.shape
    labels = gnomon.randint(0, classes - 1, (count, batch.width))
    return labels + (labels >= batch.blank)


def _line(batch: Batch) -> Tensor:
    """Return the same targets, one after the other."""
    rows = zip(_rows(batch), batch.sizes, strict=True)
    return gnomon.cat([row[:size] for row, size in rows])


def _results(
    log_probs: Tensor,
    targets: Tensor,
    lengths: Tensor | Sequence[int],
    sizes: Tensor | Sequence[int],
    blank: int = 0,
    reduction: str = "none",
    zero_infinity: bool = False,
) -> list[Tensor]:
    """Return losses, and gradients by cotangents that differ."""
    leaf = log_probs.detach().requires_grad_()
    found = ctc_loss(leaf, targets, lengths, sizes, blank, reduction, zero_infinity)
    weights = gnomon.arange(1, found.numel() + 1, device=leaf.device).reshape(found.shape)
    (slopes,) = gnomon.autograd.grad((found * weights).sum(), leaf)
    return [found.detach().cpu(), slopes.cpu()]


def _close(found: Sequence[Tensor], expected: Sequence[Tensor]) -> None:
    for own, right in zip(found, expected, strict=True):
        assert own.stride() == right.stride()
        finite = [abs(value) for value in right.flatten().tolist() if math.isfinite(value)]
        close = 32 * gnomon.finfo(right.dtype).eps * max([1.0, *finite])
        gnomon.testing.assert_close(own, right, rtol=close, atol=close, equal_nan=True)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", BATCHES)
def test_losses_and_gradients(name: str, dtype: gnomon.dtype) -> None:
    batch = BATCHES[name]
    device = str(default_backend().device)
    scores = _scores(batch, dtype)
    lengths, sizes = gnomon.tensor(batch.lengths), gnomon.tensor(batch.sizes)
    for targets in (_rows(batch), _line(batch)):
        for reduction in REDUCTIONS:
            for zero in (False, True):
                options = batch.blank, reduction, zero
                right = _results(scores, targets, lengths, sizes, *options)
                there = [each.to(device) for each in (scores, targets, lengths, sizes)]
                _close(_results(*there, *options), right)
                mixed = *there[:2], batch.lengths, batch.sizes
                _close(_results(*mixed, *options), right)


def test_operands_that_lie_anyhow() -> None:
    batch = BATCHES["usual"]
    device = str(default_backend().device)
    scores, rows, line = _scores(batch, gnomon.float32), _rows(batch), _line(batch)
    lengths = gnomon.tensor(batch.lengths, dtype=gnomon.int32)
    right = _results(scores, rows, lengths, batch.sizes)
    by_sample = scores.transpose(0, 1).contiguous().to(device).transpose(0, 1)
    by_class = scores.permute(2, 0, 1).contiguous().to(device).permute(1, 2, 0)
    apart = gnomon.stack([line, line], 1).to(device)[:, 1]
    for each in (by_sample, by_class, scores):  # and targets on the host, or of few bits
        for targets in (rows.t().contiguous().to(device).t(), apart, rows, rows.byte()):
            spread = gnomon.stack([lengths, lengths], 1).to(device)[:, 0]
            _close(_results(each.to(device), targets, spread, batch.sizes), right)
            _close(_results(each.to(device), targets, lengths, batch.sizes), right)


def test_one_sequence_without_a_batch() -> None:
    device = str(default_backend().device)
    gnomon.manual_seed(3)
    scores = gnomon.randn(6, 4).log_softmax(1)
    targets = gnomon.tensor([1, 1, 3])
    right = _results(scores, targets, (6,), (3,))
    there = scores.to(device), targets.to(device)
    _close(_results(*there, (6,), (3,)), right)
    lengths = gnomon.tensor(6, device=device), gnomon.tensor(3, device=device)
    _close(_results(*there, *lengths), right)


def test_probabilities_of_nothing_and_nan() -> None:
    batch = BATCHES["usual"]
    device = str(default_backend().device)
    for place, value in (((3, 0, 0), -math.inf), ((2, 1, 3), -math.inf), ((4, 2, 0), math.nan)):
        scores = _scores(batch, gnomon.float32)
        scores[place] = value
        right = _results(scores, _rows(batch), batch.lengths, batch.sizes)
        found = _results(scores.to(device), _rows(batch), batch.lengths, batch.sizes)
        _close(found, right)
    nothing = gnomon.full(batch.shape, -math.inf)
    right = _results(nothing, _rows(batch), batch.lengths, batch.sizes)
    _close(_results(nothing.to(device), _rows(batch), batch.lengths, batch.sizes), right)


def test_second_derivatives() -> None:
    batch = BATCHES["usual"]
    found = []
    for device in ("cpu", str(default_backend().device)):
        leaf = _scores(batch, gnomon.float64).to(device).requires_grad_()
        loss = ctc_loss(leaf.log_softmax(2), _rows(batch), batch.lengths, batch.sizes)
        (slopes,) = gnomon.autograd.grad(loss, leaf, create_graph=True)
        (again,) = gnomon.autograd.grad(slopes.square().sum(), leaf)
        found.append([again.cpu()])
    _close(*found)


@pytest.mark.parametrize("make", (with_traits_of_a_gpu, with_short_vectors, without_float64))
def test_on_other_devices(make: Callable[[], OpenCLBackend]) -> None:
    device = served_device(make())
    for batch in (BATCHES["usual"], BATCHES["too many labels"], BATCHES["many labels"]):
        scores = _scores(batch, gnomon.float32)
        right = _results(scores, _rows(batch), batch.lengths, batch.sizes, batch.blank)
        there = scores.to(device), _rows(batch).to(device)
        _close(_results(*there, batch.lengths, batch.sizes, batch.blank), right)


def test_float64_needs_a_device_with_it() -> None:
    device = served_device(without_float64())
    scores = gnomon.zeros(2, 1, 3, dtype=gnomon.float64).to(device)
    with pytest.raises(NotSupported):
        ctc_loss(scores, gnomon.tensor([[1]]), (2,), (1,))


#: Targets, lengths and sizes for four moments, two sequences and three classes; what is said.
WRONG = {
    "length": ([[1, 2], [1, 2]], [4, 5], [2, 2], "input_lengths to have value at most 4"),
    "negative length": ([[1, 2], [1, 2]], [-1, 4], [2, 2], "none below 0"),
    "negative size": ([[1, 2], [1, 2]], [4, 4], [2, -1], "no value below 0"),
    "width": ([[1, 2], [1, 2]], [4, 4], [3, 2], "targets to have size at least 3"),
    "label": ([[1, 2], [1, 3]], [4, 4], [2, 2], "label 3 is out of range of 3 classes"),
    "negative label": ([[1, -2], [1, 2]], [4, 4], [2, 2], "label -2 is out of range"),
    "too few": ([1, 2, 1], [4, 4], [2, 2], "Expected 4 targets in all"),
    "too many": ([1, 2, 1], [4, 4], [2, 0], "Expected 2 targets in all"),
    "below 0 before others": ([1, 2, 1], [4, 4], [-1, 4], "no value below 0"),
    "label in a line": ([1, 9, 1], [4, 4], [1, 2], "label 9 is out of range"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_refused(name: str) -> None:
    device = str(default_backend().device)
    targets, lengths, sizes, message = WRONG[name]
    scores = gnomon.zeros(4, 2, 3)
    errors = []
    for where in ("cpu", device):
        there = [gnomon.tensor(each, device=where) for each in (targets, lengths, sizes)]
        for given in (there, (there[0], lengths, sizes)):
            with pytest.raises(RuntimeError, match=message) as raised:
                ctc_loss(scores.to(where), *given)
            errors.append(str(raised.value).replace(device, "cpu"))
    assert len(set(errors)) == 1
    fine = gnomon.tensor([[1, 7], [2, -1]], device=device)  # what is no label is not looked at
    assert ctc_loss(scores.to(device), fine, [4, 4], [1, 1]).isfinite()


def test_calls_are_recorded_and_refuse_late() -> None:
    batch = BATCHES["usual"]
    device = str(default_backend().device)

    def step(scores: Tensor, targets: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor]:
        leaf = scores.detach().requires_grad_()
        loss = ctc_loss(leaf.log_softmax(2), targets, batch.lengths, sizes)
        return loss.detach(), gnomon.autograd.grad(loss, leaf)[0]

    compiled = gnomon.compile(step)
    scores, rows = _scores(batch, gnomon.float32).to(device), _rows(batch).to(device)
    for moved in range(5):
        sizes = gnomon.tensor(batch.sizes, device=device).roll(moved)
        given = scores + moved, rows.roll(moved, 0), sizes
        for found, expected in zip(compiled(*given), step(*given), strict=True):
            gnomon.testing.assert_close(found, expected)
    assert "replayed" in str(compiled.explain())
    compiled(scores, rows + 9, sizes)
    with pytest.raises(RuntimeError, match="in a compiled call, a value was refused"):
        gnomon.synchronize()
