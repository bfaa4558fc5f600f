"""All parameters of a model as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from gnomon.nn.modules.core import type_name
from gnomon.ops.joining import cat
from gnomon.tensor import Tensor


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Return the elements of all parameters as one vector, which gradients flow through.

    Raises TypeError for parameters on different devices.

    >>> import gnomon as torch
    >>> parameters_to_vector([torch.ones(2), torch.zeros(1, 1)])
    tensor([1., 1., 0.])
    """
    listed = _on_one_device(parameters)
    return cat([parameter.view(-1) for parameter in listed])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Let the parameters have the elements of ``vec``, one after the other, as views of it.

    Raises TypeError for what is no tensor, and for parameters on different devices.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type_name(vec)}")
    start = 0
    for parameter in _on_one_device(parameters):
        end = start + parameter.numel()
        parameter.data = vec[start:end].view(parameter.shape).data
        start = end


def _on_one_device(parameters: Iterable[Tensor]) -> list[Tensor]:
    listed = list(parameters)
    if len({parameter.device for parameter in listed}) > 1:
        raise TypeError(
            "Found two parameters on different devices, this is currently not supported. Move "
            "them to one device first."
        )
    return listed
