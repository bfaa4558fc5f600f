"""Losses of classes on the device are what the reference gives, and wait for nothing."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Final

import pytest

import gnomon
from gnomon import Tensor
from gnomon.backend import DType, Layout, bfloat16, float16, float32, float64, int64
from gnomon.composite.classification_losses import class_losses, class_losses_backward
from gnomon.composite.cross_entropy import cross_entropy_backward_of, cross_entropy_of
from gnomon.composite.standardization import wide_dtype
from gnomon.nn import functional

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from gnomon_opencl.backend import OpenCLBackend

from .devices import BACKENDS, default_backend, elements, pair

IGNORED: Final = -3
#: Scores, of which the second dim, or the only one, is that of the classes.
SHAPES: Final = ((5,), (4, 3), (0, 3), (3, 4, 0), (7, 10, 2, 3), (300, 2), (9000, 2))
EPS: Final = {float32: 2.0**-23, float64: 2.0**-52, float16: 2.0**-10, bfloat16: 2.0**-7}


class Problem:
    """Scores, targets of which some are ignored, perhaps weights; and what becomes of them."""

    def __init__(
        self, backend: OpenCLBackend, shape: tuple[int, ...], dtype: DType, number: int
    ) -> None:
        draw = random.Random(number)
        layout = Layout.contiguous(shape)
        if number % 2 and len(shape) > 1:
            layout = Layout.contiguous((shape[1], shape[0], *shape[2:])).transpose(0, 1)
        classes = shape[0] if len(shape) == 1 else shape[1]
        self.of_targets = Layout.contiguous(() if len(shape) == 1 else shape[:1] + shape[2:])
        chosen = [draw.choice((IGNORED, *range(classes))) for _ in range(97)]
        values = [dtype.round(draw.uniform(-4.0, 0.0)) for _ in range(499)]
        self.scores = pair(backend, values, layout, dtype)
        self.targets = pair(backend, chosen, self.of_targets, int64)
        self.weights = None
        by_class = [1.0] * classes
        if number % 3:
            of_classes = Layout.contiguous((classes,))
            self.weights = pair(backend, [0.5, 0.0, 2.0], of_classes, dtype)
            by_class = list(map(float, elements(self.weights.host)))
        wanted = [int(target) for target in elements(self.targets.host)]
        self.shares = [0.0 if each == IGNORED else by_class[each] for each in wanted]
        inner = max(math.prod(shape[2:]), 1)
        #: Where the score of each target is among all.
        self.places = [
            (k // inner * classes + each) * inner + k % inner for k, each in enumerate(wanted)
        ]
        given = elements(self.scores.host)
        self.losses = [
            -float(given[place]) * share if share else 0.0
            for place, share in zip(self.places, self.shares, strict=True)
        ]

    def shares_of_classes(self) -> tuple[list[float], list[float]]:
        """Return the softmax of the scores, and the loss of each target by its logarithm."""
        given, shape = (
            list(map(float, elements(self.scores.host))),
            self.scores.host.layout.shape,
        )
        classes, inner = (shape[0], 1) if len(shape) == 1 else (shape[1], math.prod(shape[2:]))
        found, losses = [0.0] * len(given), []
        for number, (place, share) in enumerate(zip(self.places, self.shares, strict=True)):
            first = number // inner * classes * inner + number % inner
            row = range(first, first + classes * inner, inner)
            largest = max(given[k] for k in row)
            total = math.fsum(math.exp(given[k] - largest) for k in row)
            for k in row:
                found[k] = math.exp(given[k] - largest) / total
            losses.append((math.log(total) + largest - given[place]) * share if share else 0.0)
        return found, losses

    def cotangent(self, slopes: list[float], total: float) -> list[float]:
        """Return that of the scores, for the slope of each loss."""
        result = [0.0] * self.scores.host.layout.numel
        for place, share, slope in zip(self.places, self.shares, slopes, strict=True):
            if share:
                result[place] = -slope * (share / total)
        return result


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("reduction", ("none", "sum", "mean"))
@pytest.mark.parametrize("dtype", EPS, ids=str)
def test_losses_and_their_cotangents(dtype: DType, reduction: str, traits: str) -> None:
    backend = BACKENDS[traits]()
    forward = class_losses.kernel_on(backend)
    backward = class_losses_backward.kernel_on(backend)
    assert forward is not None and backward is not None
    for number, shape in enumerate(SHAPES):
        problem = Problem(backend, shape, dtype, number)
        scores, targets, losses = problem.scores, problem.targets.device, problem.losses
        weights = None if problem.weights is None else problem.weights.device
        of_result = problem.of_targets if reduction == "none" else Layout.contiguous(())
        result = pair(backend, [9.0], of_result, dtype).device
        total = None
        whole = 1.0
        right = losses if reduction == "none" else [math.fsum(losses)]
        if reduction == "mean":
            total = pair(backend, [9.0], Layout.contiguous(()), dtype).device
            whole = math.fsum(problem.shares)
            right = [right[0] / whole if whole else math.nan]
        forward(scores.device, targets, weights, IGNORED, reduction, result, total)
        # A product, n sums of terms of one sign, a quotient; then the result is rounded.
        relative = (len(losses) + 2) * 2.0**-52 + 2 * EPS[dtype]
        assert elements(result) == pytest.approx(right, rel=relative, abs=0.0, nan_ok=True)
        if total is not None:
            assert elements(total) == pytest.approx([whole], rel=relative)

        cotangent = pair(backend, [-1.5, 0.25], of_result, dtype)
        output = pair(backend, [9.0], scores.device.layout, dtype).device
        backward(cotangent.device, targets, weights, total, IGNORED, output)
        slopes = list(map(float, elements(cotangent.host)))
        slopes *= len(losses) if reduction != "none" else 1
        expected = problem.cotangent(slopes, whole)
        assert elements(output) == pytest.approx(expected, rel=4 * EPS[dtype], abs=0.0)


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("reduction", ("none", "sum", "mean"))
@pytest.mark.parametrize("dtype", EPS, ids=str)
def test_cross_entropies_and_their_cotangents(
    dtype: DType, reduction: str, traits: str
) -> None:
    backend = BACKENDS[traits]()
    forward = cross_entropy_of.kernel_on(backend)
    backward = cross_entropy_backward_of.kernel_on(backend)
    assert forward is not None and backward is not None
    wide, eps = wide_dtype(dtype), EPS[dtype]
    for number, shape in enumerate(filter(math.prod, SHAPES)):
        problem = Problem(backend, shape, dtype, number)
        scores, targets = problem.scores.device, problem.targets.device
        weights = None if problem.weights is None else problem.weights.device
        softmax, losses = problem.shares_of_classes()
        of_result = problem.of_targets if reduction == "none" else Layout.contiguous(())
        result = pair(backend, [9.0], of_result, dtype).device
        classes = 0 if len(shape) == 1 else 1
        rows = Layout.contiguous((*shape[:classes], 1, *shape[classes + 1 :]))
        peaks, sums = [pair(backend, [9.0], rows, wide).device for _ in range(2)]
        total, whole = None, 1.0
        right = losses if reduction == "none" else [math.fsum(losses)]
        if reduction == "mean":
            total = pair(backend, [9.0], Layout.contiguous(()), dtype).device
            whole = math.fsum(problem.shares)
            right = [right[0] / whole if whole else math.nan]
        forward(scores, targets, weights, IGNORED, reduction, result, total, peaks, sums)
        # A row's terms are at most 1 and 4, and its sum within some ULPs for each class.
        close = (8 + shape[classes]) * EPS[wide]
        many = len(losses) if reduction == "sum" else 1
        bound = 4.0 * many * close
        assert elements(result) == pytest.approx(right, rel=2 * eps, abs=bound, nan_ok=True)

        cotangent = pair(backend, [-1.5, 0.25], of_result, dtype)
        output = pair(backend, [9.0], scores.layout, dtype).device
        backward(
            *(cotangent.device, scores, targets, weights, total, peaks, sums, IGNORED, output)
        )
        slopes = list(map(float, elements(cotangent.host)))
        slopes *= len(losses) if reduction != "none" else 1
        inner = math.prod(shape[classes + 1 :])
        of_row = [
            slope * share / whole if share else 0.0
            for slope, share in zip(slopes, problem.shares, strict=True)
        ]
        expected = problem.cotangent(slopes, whole)
        for k, share in enumerate(softmax):
            expected[k] += of_row[k // (shape[classes] * inner) * inner + k % inner] * share
        found = list(map(float, elements(output)))
        largest = max(map(abs, of_row))
        assert found == pytest.approx(expected, rel=4 * eps, abs=largest * (close + 2 * eps))


@pytest.mark.parametrize("loss", (functional.nll_loss, functional.cross_entropy))
@pytest.mark.parametrize("reduction", ("none", "sum", "mean"))
def test_a_target_that_is_no_class_is_an_error(
    reduction: str, loss: Callable[..., Tensor]
) -> None:
    device = str(default_backend().device)
    scores = gnomon.zeros(2, 3, device=device)
    written = gnomon.tensor([1, 3], device=device)
    for targets in (written, written + 0, written - 4):
        with pytest.raises(IndexError, match=r"target (3|-3) is out of bounds"):
            loss(scores, targets, reduction=reduction)


def test_a_cross_entropy_takes_no_memory_but_for_its_gradient() -> None:
    backend = default_backend()
    pool, device = backend.runtime.pool, str(backend.device)
    scores = gnomon.rand(512, 256, device=device, requires_grad=True)
    targets = gnomon.tensor([k % 256 for k in range(512)], device=device)
    functional.cross_entropy(scores, targets)  # which reads the scores
    pool.reset_peaks()
    before = pool.stats().active_bytes
    functional.cross_entropy(scores, targets).backward()
    assert pool.stats().active_peak - before < 1.1 * scores.nbytes


#: What goes through indices: whose values must be in range.
READERS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "nll_loss": lambda x, i: functional.nll_loss(x, i),
    "cross_entropy": lambda x, i: functional.cross_entropy(x, i),
    "index_select": lambda x, i: x.index_select(1, i),
    "indexing": lambda x, i: x[:, i],
    "embedding": lambda x, i: functional.embedding(i, x),
    "scatter": lambda x, i: x.index_add(0, i, x),
}


@pytest.mark.parametrize("reader", READERS)
def test_indices_from_the_host_are_checked_there(reader: str) -> None:
    backend = default_backend()
    x = gnomon.zeros(3, 3, device=str(backend.device))
    for is_written in (True, False):
        indices = gnomon.tensor([2, 0, 1], device=x.device)
        if not is_written:
            indices = indices + 0
        before = backend.runtime.pool.transfers.signals
        READERS[reader](x, indices)
        assert backend.runtime.pool.transfers.signals == before + (not is_written)


@pytest.mark.parametrize("reader", READERS)
def test_what_the_host_wrote_does_not_count_once_it_has_changed(reader: str) -> None:
    device = str(default_backend().device)
    x = gnomon.zeros(3, 3, device=device)
    indices = gnomon.tensor([2, 0, 1], device=device)
    indices[0] = 3
    with pytest.raises((IndexError, RuntimeError), match="out of bounds"):
        READERS[reader](x, indices)
