"""Transforms of functions into their derivatives.

A function takes and returns trees of tensors (see :mod:`gnomon.func.trees`). It is called with
tensors of the transform's own, so results belong to a graph only where something from outside
needs them: an argument that requires grad, a tensor the function refers to, or another
transform around this one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TypeAlias

from gnomon.autograd.differentiation import grad as gradients_of
from gnomon.core import Node
from gnomon.func.trees import Tree, map_tensors, tensors_of
from gnomon.graph.edges import AccumulateGrad, edge_of
from gnomon.graph.modes import enable_grad
from gnomon.tensor import Tensor
from gnomon.tensor.factories import eye, zeros, zeros_like

__all__ = [
    "grad",
    "grad_and_value",
    "vjp",
    "jvp",
    "linearize",
    "jacrev",
    "jacfwd",
    "hessian",
]

Function: TypeAlias = Callable[..., Tree]  # of any signature: that is the user's choice
ArgumentNumbers: TypeAlias = int | tuple[int, ...]


def grad(
    func: Function, argnums: ArgumentNumbers = 0, has_aux: bool = False
) -> Callable[..., Tree]:
    """Return the function that gives the gradient of ``func`` with respect to the arguments
    ``argnums``.

    ``func`` returns a 0-d tensor; with ``has_aux`` a pair of it and anything else, which is
    returned along with the gradient. Raises RuntimeError where it does not.

    >>> import gnomon as torch
    >>> torch.func.grad(torch.func.grad(lambda x: x * x * x))(torch.tensor(2.0))
    tensor(12.)
    """
    both = grad_and_value(func, argnums, has_aux)

    @wraps(func)
    def gradient(*args: Tree, **kwargs: Tree) -> Tree:
        found, value = _pair("grad", both(*args, **kwargs))
        return (found, _pair("grad", value)[1]) if has_aux else found

    return gradient


def grad_and_value(
    func: Function, argnums: ArgumentNumbers = 0, has_aux: bool = False
) -> Callable[..., tuple[Tree, Tree]]:
    """Return the function that gives the gradient of ``func``, and what it returned.

    Everything else is as for :func:`grad`.
    """

    @wraps(func)
    def gradient_and_value(*args: Tree, **kwargs: Tree) -> tuple[Tree, Tree]:
        with enable_grad():
            entry = _Entry(args, argnums)
            output = func(*entry.arguments, **kwargs)
            value = _pair("grad_and_value", output)[0] if has_aux else output
            if not isinstance(value, Tensor):
                raise RuntimeError(
                    "grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got "
                    f"{type(value)}."
                )
            if value.ndim:
                raise RuntimeError(
                    "grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, "
                    f"got tensor with {value.ndim} dims, {value.describe()}. Sum it, or use "
                    "jacrev."
                )
            found = _pulled_back([value], entry.tensors, None)
            return entry.left(entry.structured(found)), entry.left(output)

    return gradient_and_value


def vjp(func: Function, *primals: Tree, has_aux: bool = False) -> tuple[Tree, ...]:
    """Return ``func(*primals)`` and the function that multiplies a cotangent, structured like
    it, with its Jacobian: a tuple with a gradient per primal.

    With ``has_aux``, ``func`` returns a pair, and its second part is returned as the third.

    >>> import gnomon as torch
    >>> output, pull_back = torch.func.vjp(torch.sin, torch.tensor([0.0]))
    >>> pull_back(torch.tensor([2.0]))
    (tensor([2.]),)
    """
    with enable_grad():
        entry = _Entry(primals, tuple(range(len(primals))))
        output = func(*entry.arguments)
        value, aux = _pair("vjp", output) if has_aux else (output, None)
    outputs = tensors_of(value)

    def pull_back(cotangents: Tree) -> Tree:
        weights = tensors_of(cotangents)
        if [weight.shape for weight in weights] != [tensor.shape for tensor in outputs]:
            raise RuntimeError(
                "vjp: Expected the cotangents to have the structure and shapes of the output, "
                f"given {', '.join(weight.describe() for weight in weights)} for "
                f"{', '.join(tensor.describe() for tensor in outputs)}."
            )
        with enable_grad():
            found = _pulled_back(outputs, entry.tensors, weights)
            return entry.left(entry.structured(found))

    left = entry.left(value)
    return (left, pull_back, entry.left(aux)) if has_aux else (left, pull_back)


def linearize(func: Function, *primals: Tree) -> tuple[Tree, Callable[..., Tree]]:
    """Return ``func(*primals)`` and the function that multiplies its Jacobian with tangents,
    given as the primals are.
    """
    with enable_grad():
        entry = _Entry(primals, tuple(range(len(primals))))
        output = func(*entry.arguments)
        # u -> J^T u is linear in u, so its derivative is J; the value of u does not matter.
        outputs = tensors_of(output)
        weights = [zeros_like(tensor).detach().requires_grad_() for tensor in outputs]
        pulled = _pulled_back(outputs, entry.tensors, weights)

    def push_forward(*tangents: Tree) -> Tree:
        vectors = tensors_of(tangents)
        if [vector.shape for vector in vectors] != [value.shape for value in entry.tensors]:
            raise RuntimeError(
                "jvp: Expected the tangents to have the structure and shapes of the primals, "
                f"given {', '.join(vector.describe() for vector in vectors)} for "
                f"{', '.join(value.describe() for value in entry.tensors)}."
            )
        with enable_grad():
            products = iter(_pulled_back(pulled, weights, vectors))
            entry.own.update(map(id, weights))
            return entry.left(map_tensors(lambda _: next(products), output))

    return entry.left(output), push_forward


def jvp(
    func: Function,
    primals: tuple[Tree, ...],
    tangents: tuple[Tree, ...],
    *,
    strict: bool = False,
    has_aux: bool = False,
) -> tuple[Tree, ...]:
    """Return ``func(*primals)`` and its Jacobian times ``tangents``.

    Made of two backward passes, see :func:`linearize`. With ``has_aux``, ``func`` returns a
    pair, and its second part is returned as the third. ``strict`` raises RuntimeError where the
    output does not depend on the primals.

    >>> import gnomon as torch
    >>> torch.func.jvp(torch.sin, (torch.tensor([0.0]),), (torch.tensor([2.0]),))
    (tensor([0.]), tensor([2.]))
    """
    aux: list[Tree] = []

    def main(*args: Tree) -> Tree:
        output = func(*args)
        if has_aux:
            output, rest = _pair("jvp", output)
            aux.append(map_tensors(Tensor.detach, rest))
        if strict and not all(tensor.requires_grad for tensor in tensors_of(output)):
            raise RuntimeError("jvp: an output of the function does not depend on the primals.")
        return output

    output, push_forward = linearize(main, *primals)
    return (output, push_forward(*tangents), *aux)


def jacrev(
    func: Function,
    argnums: ArgumentNumbers = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
) -> Callable[..., Tree]:
    """Return the function that gives the Jacobian of ``func`` with respect to the arguments
    ``argnums``: for each tensor of the output a tree like the arguments, shaped output by
    input.

    A backward pass per element of the output, one at a time, so that any ``chunk_size`` is kept
    to.

    >>> import gnomon as torch
    >>> torch.func.jacrev(lambda x: x * x)(torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"jacrev: `chunk_size` should be greater than 0, given {chunk_size}.")

    @wraps(func)
    def jacobian(*args: Tree, **kwargs: Tree) -> Tree:
        with enable_grad():
            entry = _Entry(args, argnums)
            output = func(*entry.arguments, **kwargs)
            value, aux = _pair("jacrev", output) if has_aux else (output, None)
            rows = map_tensors(
                lambda tensor: entry.structured(_rows(tensor, entry.tensors)), value
            )
            return (entry.left(rows), entry.left(aux)) if has_aux else entry.left(rows)

    return jacobian


def jacfwd(
    func: Function, argnums: ArgumentNumbers = 0, has_aux: bool = False
) -> Callable[..., Tree]:
    """Return what :func:`jacrev` returns; gnomon has no forward mode."""
    return jacrev(func, argnums, has_aux=has_aux)


def hessian(func: Function, argnums: ArgumentNumbers = 0) -> Callable[..., Tree]:
    """Return the function that gives the second derivatives of ``func``.

    >>> import gnomon as torch
    >>> torch.func.hessian(lambda x: (x * x).sum())(torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 2.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)


class _Entry:
    """The arguments a function is called with: fresh tensors for ``argnums``."""

    def __init__(self, args: tuple[Tree, ...], argnums: ArgumentNumbers) -> None:
        numbers = (argnums,) if isinstance(argnums, int) else argnums
        for number in numbers:
            if not -len(args) <= number < len(args):
                raise RuntimeError(
                    f"Got argnum={number}, but only {len(args)} positional inputs."
                )
        #: Leaves made here, by id: nothing outside depends on them.
        self.own: set[int] = set()
        self.arguments = list(args)
        self.single = isinstance(argnums, int)
        self.trees: list[Tree] = []
        for number in numbers:
            entered = map_tensors(self._entered, args[number])
            self.arguments[number] = entered
            self.trees.append(entered)
        self.tensors = tensors_of(self.trees)

    def _entered(self, tensor: Tensor) -> Tensor:
        if tensor.requires_grad:
            return tensor.view_as(tensor)
        if not tensor.is_floating_point():
            raise RuntimeError(
                "Only Tensors of floating point dtype can be differentiated, given "
                f"{tensor.describe()}. Leave it out of argnums, or convert it."
            )
        fresh = tensor.detach().requires_grad_()
        self.own.add(id(fresh))
        return fresh

    def structured(self, results: Sequence[Tensor]) -> Tree:
        """Return one result per tensor in the structure of the arguments."""
        following = iter(results)
        trees = tuple([map_tensors(lambda _: next(following), tree) for tree in self.trees])
        return trees[0] if self.single else trees

    def left(self, tree: Tree) -> Tree:
        """Return a result without the history that only leads to tensors made here."""
        return map_tensors(
            lambda tensor: tensor if _leads_outside(tensor, self.own) else tensor.detach(), tree
        )


def _leads_outside(tensor: Tensor, own: set[int]) -> bool:
    edge = edge_of(tensor)
    if edge is None:
        return False
    seen: set[Node] = {edge.node}
    pending = [edge.node]
    while pending:
        node = pending.pop()
        if isinstance(node, AccumulateGrad) and id(node.variable) not in own:
            return True
        for following in node.edges:
            if following is not None and following.node not in seen:
                seen.add(following.node)
                pending.append(following.node)
    return False


def _pulled_back(
    outputs: Sequence[Tensor], inputs: Sequence[Tensor], weights: Sequence[Tensor] | None
) -> list[Tensor]:
    """Return the gradients of the weighted outputs, zeros where nothing depends."""
    used = [index for index, output in enumerate(outputs) if output.requires_grad]
    if not used or not inputs:
        return [zeros_like(value).detach() for value in inputs]
    found = gradients_of(
        [outputs[index] for index in used],
        inputs,
        None if weights is None else [weights[index] for index in used],
        create_graph=True,
        materialize_grads=True,
    )
    return [gradient for gradient in found if gradient is not None]


def _rows(output: Tensor, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the Jacobian of ``output``, shaped output by input, for every input."""
    shapes = [(*output.shape, *value.shape) for value in inputs]
    if not output.requires_grad or not output.numel() or not inputs:
        return [
            zeros(shape, dtype=value.dtype, device=value.device)
            for shape, value in zip(shapes, inputs, strict=True)
        ]
    weights = eye(output.numel(), dtype=output.dtype, device=output.device)
    found = gradients_of(
        output,
        inputs,
        weights.view((output.numel(), *output.shape)),
        create_graph=True,
        is_grads_batched=True,
        materialize_grads=True,
    )
    return [
        rows.view(shape) for rows, shape in zip(found, shapes, strict=True) if rows is not None
    ]


def _pair(operation: str, output: Tree) -> tuple[Tree, Tree]:
    if not isinstance(output, tuple) or len(output) != 2:
        raise RuntimeError(
            f"{operation}(f)(*args): output of function f should be a tuple: (output, aux) if "
            f"has_aux is True, given {type(output).__name__}."
        )
    return output
