"""Linear algebra: ``gnomon.linalg``, with PyTorch's names.

>>> import gnomon as torch
>>> torch.linalg.vector_norm(torch.tensor([3.0, 4.0]))
tensor(5.)
"""

from gnomon.ops.norms import vector_norm as vector_norm
