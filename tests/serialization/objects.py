"""Objects that a file may hold, made with gnomon or with PyTorch, and what they look like."""

# ruff: noqa: ANN401  # the values are those of two libraries

from __future__ import annotations

import warnings
from collections import Counter, OrderedDict
from types import ModuleType
from typing import Any

DTYPES = (
    *("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
    *("float16", "bfloat16", "float32", "float64"),
)


def weights(torch: ModuleType) -> dict[str, Any]:
    """Return one of everything that a file of weights may hold."""
    nn = torch.nn
    base = torch.arange(6.0)
    noted = torch.ones(2)
    noted.note = "kept"
    parameter = nn.Parameter(torch.tensor([1.25, -2.0]))
    with_state = nn.Parameter(torch.ones(1), requires_grad=False)
    with_state.note = [1, "two"]
    network = nn.Sequential(nn.Linear(2, 3, bias=False), nn.BatchNorm1d(3))
    with torch.no_grad():
        network[0].weight.copy_(torch.arange(6.0).view(3, 2) / 8)
    optimizer = torch.optim.Adam([parameter], lr=0.5)
    parameter.sum().backward()
    optimizer.step()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        typed = torch.tensor([1, 2]).storage()
    return {
        "views": [base, base[2:4], base.view(2, 3).t(), base[5]],
        "shapes": [torch.tensor(2.5), torch.empty(0, 3), torch.ones(1, 2, 1), torch.ones(0)],
        "expanded": torch.ones(1).expand(3),
        "non-finite": torch.tensor([float("inf"), float("-inf"), float("nan"), -0.0]),
        "dtypes": {name: torch.tensor([0, 1, 3]).to(getattr(torch, name)) for name in DTYPES},
        "requires_grad": [
            torch.ones(1, requires_grad=True),
            torch.ones(1).requires_grad_() * 2,
        ],
        "attributes": noted,
        "parameters": [parameter, with_state],
        "storages": [torch.arange(3, dtype=torch.uint8).untyped_storage(), typed],
        "torch's own": [torch.Size([2, 3]), torch.float32, torch.device("cpu"), torch.strided],
        "containers": (OrderedDict(b=1, a=[2]), {1, 2}, Counter("aab"), (), [()], {"": None}),
        "numbers": [True, 2**70, -(2**40), 255, 65536, 1.5, 2.5 - 1j],
        "texts": ["ü", "", b"bytes", bytearray(b"more"), "\udcff"],
        "state": network.state_dict(),
        "optimizer": optimizer.state_dict(),
    }


def described(value: Any, module: ModuleType) -> Any:
    """Return what ``value`` looks like, in words that are the same for both libraries."""
    if isinstance(value, module.Tensor):
        return {
            "type": type(value).__name__,
            "dtype": str(value.dtype),
            "shape": list(value.shape),
            "strides": list(value.stride()),
            "offset": value.storage_offset(),
            "values": str(value.detach().tolist()),
            "requires_grad": value.requires_grad,
            "note": getattr(value, "note", None),
        }
    if isinstance(value, dict):
        items = [(repr(key), described(item, module)) for key, item in value.items()]
        return [type(value).__name__, items, repr(getattr(value, "_metadata", None))]
    if isinstance(value, list | tuple):
        return [type(value).__name__, *[described(item, module) for item in value]]
    if type(value).__name__.endswith("Storage"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ["storage", value.tolist()]  # PyTorch itself reads untyped ones as typed
    return repr(value)
