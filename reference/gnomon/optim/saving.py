"""What an optimizer saves: its groups and its state, with numbers in place of parameters.

Numbers count the parameters through all groups, in order; they are how PyTorch's checkpoints
refer to them, so that a state dict written by either loads in the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from copy import deepcopy
from itertools import chain
from typing import cast

from gnomon.dtypes import float32
from gnomon.errors import explain
from gnomon.optim.groups import Group, parameters_of
from gnomon.tensor import Tensor

#: ``state`` by number of the parameter, and ``param_groups``.
StateDict = dict[str, object]
#: What an optimizer remembers of each parameter between steps.
Memory = defaultdict[Tensor, dict[str, object]]


def packed(groups: list[Group], state: Memory) -> StateDict:
    """Return groups and state with numbers in place of the parameters.

    Values are those of the optimizer itself, not copies.
    """
    numbers: dict[Tensor, int] = {}
    count = 0
    packed_groups = []
    for group in groups:
        parameters = parameters_of(group)
        for number, parameter in enumerate(parameters, count):
            numbers.setdefault(parameter, number)
        count += len(parameters)
        options = {name: value for name, value in group.items() if name != "params"}
        packed_groups.append({**options, "params": [numbers[p] for p in parameters]})
    entries = cast("Mapping[object, object]", state)
    packed_state = {
        numbers[key] if isinstance(key, Tensor) else key: value
        for key, value in entries.items()
    }
    return {"state": packed_state, "param_groups": packed_groups}


def unpacked(state_dict: StateDict, groups: list[Group]) -> tuple[list[Group], Memory]:
    """Return the groups and the state of ``state_dict`` for the parameters of ``groups``.

    Tensors of the state take the device of their parameter, and its dtype where that is a
    floating-point one. Raises ValueError when the groups do not have the same sizes.
    """
    saved = cast("list[Group]", state_dict["param_groups"])
    found, expected = (_sizes(saved), _sizes(groups))
    if found != expected:
        raise ValueError(
            explain(
                "load_state_dict",
                f"loaded state dict has parameter groups of sizes {found}, the optimizer has "
                f"groups of sizes {expected}",
                remedy="Make the optimizer with the groups it was saved with",
            )
        )
    numbers = chain.from_iterable(cast("list[int]", group["params"]) for group in saved)
    parameters = chain.from_iterable(map(parameters_of, groups))
    parameter_of = dict(zip(numbers, parameters, strict=True))
    on_device = {
        number
        for group in saved
        if group.get("capturable") or group.get("fused")
        for number in cast("list[int]", group["params"])
    }
    state: Memory = defaultdict(dict)
    for number, memory in cast("Mapping[int, dict[str, object]]", state_dict["state"]).items():
        parameter = parameter_of.get(number)
        if parameter is None:
            # PyTorch's optimizers may keep something that belongs to no parameter.
            state[cast("Tensor", number)] = memory
        else:
            state[parameter] = cast(
                "dict[str, object]", _fitted(memory, parameter, number in on_device)
            )
    return [_renewed(old, new) for old, new in zip(saved, groups, strict=True)], state


def _sizes(groups: list[Group]) -> list[int]:
    return [len(cast("list[object]", group["params"])) for group in groups]


def _renewed(saved: Group, group: Group) -> Group:
    """Return the saved options with the parameters of ``group``."""
    renewed = deepcopy(saved)
    renewed["params"] = group["params"]
    if "param_names" in group:
        renewed.setdefault("param_names", group["param_names"])
    return renewed


def _fitted(value: object, parameter: Tensor, on_device: bool, name: object = None) -> object:
    """Return ``value``, which may hold tensors, with these on the parameter's device.

    A count of steps is not rounded to the dtype of the parameter: float16 stops at 2048.
    """
    if isinstance(value, Tensor):
        if name == "step":
            return value.to(parameter.device, float32) if on_device else value
        if parameter.is_floating_point():
            return value.to(parameter.device, parameter.dtype)
        return value.to(parameter.device)
    if isinstance(value, dict):
        return {key: _fitted(part, parameter, on_device, key) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        parts: Iterable[object] = (_fitted(part, parameter, on_device) for part in value)
        return type(value)(parts)
    return value
