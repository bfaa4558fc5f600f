"""NVIDIA's CUDA, which gnomon does not use; ``gnomon.cuda`` is about what "cuda" means."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, final


@final
class _Products:
    """How exact products are to be."""

    allow_tf32: bool = False
    allow_fp16_reduced_precision_reduction: bool = True
    allow_bf16_reduced_precision_reduction: bool = True


matmul: Final = _Products()


def is_built() -> bool:
    """Return False.

    >>> is_built()
    False
    """
    return False


def flash_sdp_enabled() -> bool:
    """Return True, as PyTorch does; whether attention is one kernel is the device's choice."""
    return True


mem_efficient_sdp_enabled = flash_sdp_enabled
math_sdp_enabled = flash_sdp_enabled


def enable_flash_sdp(enabled: bool) -> None:
    """Do nothing: attention is the same whichever way it is computed."""


enable_mem_efficient_sdp = enable_flash_sdp
enable_math_sdp = enable_flash_sdp
enable_cudnn_sdp = enable_flash_sdp


@contextmanager
def sdp_kernel(
    enable_flash: bool = True,
    enable_math: bool = True,
    enable_mem_efficient: bool = True,
    enable_cudnn: bool = True,
) -> Iterator[None]:
    """Run the block: attention is the same whichever way it is computed."""
    yield
