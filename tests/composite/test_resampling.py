"""What a resampling is made of gives what the reference's kernel gives."""

from __future__ import annotations

from gnomon import Tensor, tensor
from gnomon.composite.resampling import Resampling, resampled, resampling_of


def test_a_weight_of_zero_beside_a_one_reads_nothing() -> None:
    # As interpolation to corners that coincide has it: every place is one of the input's.
    taps = (((0, 1.0), (1, 0.0)), ((2, 1.0), (3, 0.0)))
    resampling = Resampling((taps,), (4,))
    x = tensor([[5.0, 7.0, 2.0, 9.0]])
    whole = resampled("ResamplingBackward0", x, resampling)
    parts = resampling_of.decompose(x, resampling, None)
    assert isinstance(parts, Tensor)
    assert whole.tolist() == parts.tolist() == [[5.0, 2.0]]
