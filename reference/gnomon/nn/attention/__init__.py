"""What programs say about implementations of attention; there is one here.

>>> import gnomon as torch
>>> with sdpa_kernel(SDPBackend.MATH):
...     torch.nn.functional.scaled_dot_product_attention(*[torch.ones(1, 2, 2)] * 3)
tensor([[[1., 1.],
         [1., 1.]]])
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from gnomon.nn.attention import bias as bias

__all__ = ["SDPBackend", "bias", "sdpa_kernel"]


class SDPBackend(IntEnum):
    """PyTorch's implementations of scaled dot-product attention."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


@contextmanager
def sdpa_kernel(
    backends: list[SDPBackend] | SDPBackend, set_priority: bool = False
) -> Iterator[dict[str, object]]:
    """Choose among implementations in a ``with`` block, which changes nothing.

    Raises AssertionError for what is no implementation nor a list of them.
    """
    assert isinstance(backends, list | SDPBackend), (
        "Backend must be an instance of SDPBackend or a list of SDPBackend instances, got "
        f"{type(backends).__name__}"
    )
    yield {}
