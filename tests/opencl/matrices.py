"""What tests of matrices on a device share: matrices, and the comparison with the reference."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import gnomon
from gnomon import Tensor
from gnomon_opencl.backend import OpenCLBackend

from .devices import default_backend

Results = Tensor | Sequence[Tensor]


def drawn(shape: Sequence[int], dtype: gnomon.dtype, seed: str) -> Tensor:
    """Return numbers of which none is near 0, so that matrices are far from singular."""
    draw = random.Random(seed)
    count = math.prod(shape)
    values = [draw.choice((-1, 1)) * draw.uniform(0.5, 2) for _ in range(count)]
    return gnomon.tensor(values, dtype=dtype).reshape(shape)


def not_dense(x: Tensor) -> list[Tensor]:
    """Return matrices of numbers of (4, 7, 9): in steps, spread, permuted and transposed."""
    spread = x[:1, :5, :5].expand(3, 5, 5)
    return [x[1:3, 1:6:2, 3:6], spread, x.permute(1, 2, 0)[:4, :4], x[0, :6, 2:8].mT]


def parts_of(results: Results) -> list[Tensor]:
    return [results] if isinstance(results, Tensor) else list(results)


def agree(call: Callable[..., Results], *inputs: Tensor, factor: int = 64) -> None:
    """Compare results, their strides, and gradients, within a few units in the last place."""
    answers = []
    for device in ("cpu", str(default_backend().device)):
        leaves = [each.to(device).requires_grad_() for each in inputs]
        found = parts_of(call(*leaves))
        smooth = [each for each in found if each.requires_grad]
        slopes = []
        if smooth:
            total = gnomon.stack([_weighed(each) for each in smooth]).sum()
            slopes = list(gnomon.autograd.grad(total, leaves, allow_unused=True))
        answers.append([each for each in (*found, *slopes) if each is not None])
    for host, device_own in zip(*answers, strict=True):
        assert device_own.shape == host.shape
        assert device_own.stride() == host.stride()
        assert device_own.dtype == host.dtype
        size = max([1.0, *[abs(v) for v in host.flatten().tolist() if math.isfinite(v)]])
        close = factor * gnomon.finfo(inputs[0].dtype).eps * size
        gnomon.testing.assert_close(
            device_own.cpu(), host, rtol=close, atol=close, equal_nan=True
        )


def _weighed(x: Tensor) -> Tensor:
    """Return a sum that tells elements apart: sums of squares of what is orthogonal do not
    move.
    """
    ramp = gnomon.arange(x.numel(), dtype=x.dtype, device=x.device).reshape(x.shape)
    return (x * x * (1 + ramp.remainder(7))).sum()


def bytes_read(backend: OpenCLBackend, call: Callable[[], object]) -> int:
    """Return how many bytes are read for a call."""
    backend.synchronize()
    transfers = backend.runtime.pool.transfers
    before = transfers.bytes_read
    call()
    return transfers.bytes_read - before
