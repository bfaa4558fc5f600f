"""What test suites use: comparing values with tolerances, and making inputs.

>>> import gnomon as torch
>>> torch.testing.assert_close(torch.tensor([1.0]) / 3 * 3, torch.tensor([1.0]))
"""

from gnomon.testing.comparison import assert_close as assert_close
from gnomon.testing.creation import make_tensor as make_tensor

__all__ = ["assert_close", "make_tensor"]
