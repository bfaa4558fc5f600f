"""Parameter groups: which tensors an optimizer changes, and with which options."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, cast

from gnomon.errors import explain, warn
from gnomon.tensor import Tensor

#: The tensors to optimize, plain or with their names, or groups of them with their options.
Parameters = Iterable[Tensor] | Iterable[tuple[str, Tensor]] | Iterable[dict[str, object]]
#: ``params``, and the options of these parameters by name.
Group = dict[str, object]


class Required:
    """What stands in an optimizer's defaults for an option that every group must give."""

    def __repr__(self) -> str:
        return "<required parameter>"


required: Final = Required()


def groups_of(params: Parameters) -> list[Group]:
    """Return ``params`` as groups: one group of all where they are tensors or named tensors.

    Raises TypeError for a single tensor, ValueError for nothing at all.
    """
    if isinstance(params, Tensor):
        raise TypeError(
            explain(
                "Optimizer",
                "params should be an iterable of Tensors or dicts, not one Tensor",
                remedy="Give a list of it",
            )
        )
    given: list[object] = list(params)
    if not given:
        raise ValueError(
            explain(
                "Optimizer",
                "optimizer got an empty parameter list",
                remedy="Give at least one tensor; an iterator may have been used up before",
            )
        )
    if isinstance(given[0], dict):
        return cast("list[Group]", given)
    return [{"params": given}]


def parameters_of(group: Group) -> list[Tensor]:
    """Return the tensors of a group."""
    return cast("list[Tensor]", group["params"])


def complete(group: Group, defaults: Group, others: list[Group]) -> None:
    """Make ``group`` ready to join ``others``: its tensors in a list, its options complete.

    Raises TypeError when its parameters are no tensors or have no order; ValueError when one
    is not a leaf, belongs to another group already, lacks a name that others have, or when a
    required option is missing.
    """
    names, parameters = _named_parameters(group["params"])
    _check_leaves(parameters, bool(defaults.get("differentiable")))
    group["params"] = parameters
    if names:
        group["param_names"] = names
    for name, default in defaults.items():
        if default is required and name not in group:
            raise ValueError(
                explain(
                    "add_param_group",
                    f"parameter group didn't specify a value of required option {name}",
                    remedy=f"Give {name} to the group, or to the optimizer",
                )
            )
        group.setdefault(name, default)
    if len(set(parameters)) < len(parameters):
        warn(
            "optimizer contains a parameter group with duplicate parameters: each step "
            "changes them once for every time they are listed"
        )
    _check_joins(group, others)


def _named_parameters(params: object) -> tuple[list[str], list[Tensor]]:
    if isinstance(params, set | frozenset):
        raise TypeError(
            explain(
                "add_param_group",
                "parameters need an order, which state dicts refer to, and a set has none",
                remedy="Give a list",
            )
        )
    listed = [params] if isinstance(params, Tensor) else list(cast("Iterable[object]", params))
    names: list[str] = []
    parameters: list[Tensor] = []
    for item in listed:
        name, parameter = item if isinstance(item, tuple) else (None, item)
        if not isinstance(parameter, Tensor):
            raise TypeError(
                explain(
                    "add_param_group",
                    "optimizer can only optimize Tensors, but one of the params is "
                    f"{type(parameter).__name__}",
                )
            )
        parameters.append(parameter)
        if name is not None:
            names.append(name)
    if names and len(names) < len(parameters):
        raise ValueError(
            explain(
                "add_param_group",
                "all optimizer params should be with/without names; some names are missing",
                remedy="Give (name, tensor) for all of them, or tensors alone",
            )
        )
    return names, parameters


def _check_leaves(parameters: list[Tensor], differentiable: bool) -> None:
    for parameter in parameters:
        if not (differentiable or parameter.is_leaf or parameter.retains_grad):
            raise ValueError(
                explain(
                    "add_param_group",
                    "can't optimize a non-leaf Tensor, which has no gradient of its own",
                    parameter.operand,
                    remedy="Optimize the tensors it was computed from, or detach() it first",
                )
            )


def _check_joins(group: Group, others: list[Group]) -> None:
    for other in others:
        if ("param_names" in group) != ("param_names" in other):
            raise ValueError(
                explain(
                    "add_param_group",
                    "all optimizer param groups should be with/without names",
                    remedy="Give (name, tensor) pairs in all groups, or in none",
                )
            )
        if not set(parameters_of(group)).isdisjoint(parameters_of(other)):
            raise ValueError(
                explain(
                    "add_param_group",
                    "some parameters appear in more than one parameter group",
                    remedy="List each tensor in one group only",
                )
            )
