"""``autograd.functional`` and ``func``: derivatives of functions, and functions of batches."""

from __future__ import annotations

from autograd.backward_programs import leaf
from autograd.observing import Torch, Value, error, program


def vector(torch: Torch, *values: float) -> Value:
    return torch.tensor(values or (0.5, 1.0, 2.0), dtype=torch.float64)


def cube(x: Value) -> Value:
    return x * x * x


def mixed(x: Value, y: Value) -> Value:
    return x * y.sum(), (x * x).sum() * y


@program
def products_with_the_jacobian(torch: Torch) -> Value:
    functional = torch.autograd.functional
    x, y = vector(torch), vector(torch, 3.0, -1.0)
    return (
        functional.vjp(cube, x, torch.ones_like(x) * 2),
        functional.jvp(cube, x, torch.ones_like(x) * 2),
        functional.vjp(mixed, (x, y), (torch.ones_like(x), torch.ones_like(y))),
        functional.jvp(mixed, (x, y), (torch.ones_like(x), torch.ones_like(y))),
        functional.vjp(lambda v: cube(v).sum(), x),
    )


@program
def jacobians(torch: Torch) -> Value:
    functional = torch.autograd.functional
    x, y = vector(torch), vector(torch, 3.0, -1.0)
    return (
        functional.jacobian(cube, x),
        functional.jacobian(mixed, (x, y)),
        functional.jacobian(lambda v: (v.sum(), v * 2), x),
        functional.jacobian(lambda v, w: v.sum() * w, (x, y)),
        functional.jacobian(cube, x, vectorize=True),
        functional.jacobian(lambda v: torch.ones(2, dtype=torch.float64), x),
    )


@program
def hessians(torch: Torch) -> Value:
    functional = torch.autograd.functional
    x, y = vector(torch), vector(torch, 3.0, -1.0)

    def scalar(v: Value, w: Value) -> Value:
        return cube(v).sum() * (w * w).sum()

    ones = (torch.ones_like(x), torch.ones_like(y))
    return (
        functional.hessian(lambda v: cube(v).sum(), x),
        functional.hessian(scalar, (x, y)),
        functional.vhp(scalar, (x, y), ones),
        functional.hvp(scalar, (x, y), ones),
        functional.hvp(lambda v: cube(v).sum(), x, ones[0]),
    )


@program
def functional_results_in_the_graph(torch: Torch) -> Value:
    x = leaf(torch, 0.5, 2.0)
    rows = torch.autograd.functional.jacobian(cube, x, create_graph=True)
    rows.sum().backward()
    free = torch.autograd.functional.jacobian(cube, x)
    return rows.requires_grad, rows.detach(), x.grad, free.requires_grad


@program
def what_functional_refuses(torch: Torch) -> Value:
    functional = torch.autograd.functional
    x = vector(torch)

    def constant(v: Value) -> Value:
        return torch.ones(2, dtype=torch.float64)

    return (
        error(lambda: functional.jacobian(constant, x, strict=True), "strict"),
        error(lambda: functional.hessian(cube, x), "a single element"),
        error(lambda: functional.hessian(lambda v: (v, v), x), "a single Tensor"),
        error(lambda: functional.vjp(cube, x), "v"),
        error(lambda: functional.vjp(cube, x, torch.ones(5)), "v has invalid size"),
    )


@program
def transformed_gradients(torch: Torch) -> Value:
    func = torch.func
    x = vector(torch)

    def product(v: Value, d: Value) -> Value:
        return (v * d["a"] * d["b"]).sum()

    d = {"a": x + 1, "b": x * 2}
    return (
        func.grad(lambda v: cube(v).sum())(x),
        func.grad(lambda v: (cube(v).sum(), {"aux": v}), has_aux=True)(x),
        func.grad(product, argnums=(0, 1))(x, d),
        func.grad(product, argnums=-1)(x, d),
        func.grad_and_value(lambda v: cube(v).sum())(x),
        func.grad(lambda v: torch.ones((), dtype=torch.float64))(x),
        func.grad(func.grad(cube))(torch.tensor(2.0)),
        func.grad(func.grad(func.grad(cube)))(torch.tensor(2.0)),
        func.grad(lambda v, scale=1.0: v * scale)(torch.tensor(2.0), scale=3.0),
    )


@program
def transforms_and_the_graph_around(torch: Torch) -> Value:
    x, w = torch.tensor([1.0, 2.0]), torch.tensor(2.0, requires_grad=True)
    outer = torch.func.grad(lambda v: (v * v * w).sum())(x)
    outer.sum().backward()
    y = leaf(torch)
    through = torch.func.grad(lambda v: cube(v).sum())(y)
    through.sum().backward()
    with torch.no_grad():
        quiet = torch.func.grad(lambda v: cube(v).sum())(x)
    free = torch.func.grad(lambda v: cube(v).sum())(x)
    return outer.requires_grad, w.grad, y.grad, quiet.requires_grad, free.requires_grad


@program
def transformed_products(torch: Torch) -> Value:
    func = torch.func
    x = vector(torch)
    output, pull_back = func.vjp(lambda v: {"c": cube(v), "s": v.sum()}, x)
    value, aux_pull_back, aux = func.vjp(lambda v: (cube(v), v), x, has_aux=True)
    _, pull_two = func.vjp(lambda v, w: v * w, x, x + 1)
    linear, push = func.linearize(cube, x)
    return (
        output,
        pull_back({"c": x, "s": torch.tensor(3.0, dtype=torch.float64)}),
        value,
        aux_pull_back(x),
        aux,
        pull_two(x),
        func.jvp(cube, (x,), (x,)),
        func.jvp(lambda v, w: v * w, (x, x + 1), (x, x)),
        func.jvp(lambda v: (cube(v), v), (x,), (x,), has_aux=True),
        linear,
        push(x),
        push(x * 2),
    )


@program
def transformed_jacobians(torch: Torch) -> Value:
    func = torch.func
    x = vector(torch, 0.5, 2.0)
    return (
        func.jacrev(cube)(x),
        func.jacfwd(cube)(x),
        func.jacrev(lambda v, w: {"p": v * w, "s": v.sum()}, argnums=(0, 1))(x, x),
        func.jacrev(lambda v: (cube(v), v), has_aux=True)(x),
        func.jacrev(lambda v: torch.ones(3, dtype=torch.float64))(x),
        func.hessian(lambda v: cube(v).sum())(x),
        func.hessian(lambda v, w: (v * v * w).sum(), argnums=(0, 1))(x, x),
        func.jacrev(func.jacfwd(cube))(x),
    )


@program
def what_transforms_refuse(torch: Torch) -> Value:
    func = torch.func
    x = vector(torch)
    return (
        error(lambda: func.grad(cube)(x), "to return a scalar Tensor"),
        error(lambda: func.grad(lambda v: 3)(x), "to return a Tensor"),
        error(lambda: func.grad(cube, argnums=2)(x), "Got argnum=2"),
        error(lambda: func.grad(lambda v: v.sum(), has_aux=True)(x), "(output, aux)"),
    )


@program
def mapped_functions(torch: Torch) -> Value:
    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    y = torch.tensor([10.0, 20.0, 30.0])
    vmap = torch.func.vmap
    return (
        vmap(lambda v: v * 2)(x),
        vmap(lambda v: v.sum(), in_dims=1)(x),
        vmap(lambda v, w: (v * w, w), in_dims=(0, None), out_dims=(1, 0))(x, y),
        vmap(lambda d: d["a"] + d["b"], in_dims=({"a": 1, "b": None},))({"a": x, "b": y[:2]}),
        vmap(vmap(lambda v, w: v + w))(x, x),
        vmap(torch.func.grad(cube))(y),
        vmap(lambda v, w: v + w, in_dims=(0, None))(x, 3),
        vmap(lambda v: torch.ones(2), out_dims=None)(y),
        vmap(lambda v: v, in_dims=-1, out_dims=-1)(x),
        vmap(torch.func.jacrev(cube))(x),
        vmap(lambda v: v * 2, chunk_size=2)(y),
        torch.vmap(lambda v, factor: v * factor)(y, factor=y),
    )


@program
def what_vmap_refuses(torch: Torch) -> Value:
    x, y = torch.ones(2, 3), torch.ones(3)
    vmap = torch.func.vmap
    return (
        error(lambda: vmap(lambda v, w: v)(x, y), "same size in the mapped dimension"),
        error(lambda: vmap(lambda v, w: v)(x, 3), "non-Tensor"),
        error(lambda: vmap(lambda v: 3)(x), "must only return Tensors"),
        error(lambda: vmap(lambda: 3)(), "got no inputs"),
        error(lambda: vmap(lambda v: v)(torch.tensor(1.0)), "dimensionality 0"),
        error(lambda: vmap(lambda v: v, in_dims=2)(x), "in_dim=2"),
        error(lambda: vmap(lambda v: v, in_dims=(0, 0))(x), ""),
        error(lambda: vmap(lambda v: v, in_dims="0")(x), "expected `in_dims` to be int"),
        error(lambda: vmap(lambda v: v, out_dims=None)(y + torch.arange(3)), "out_dim is None"),
        error(lambda: vmap(lambda v: torch.rand(()))(y), "random"),
        error(lambda: vmap(lambda v: v, chunk_size=0)(y), "chunk_size"),
    )


@program
def random_numbers_under_vmap(torch: Torch) -> Value:
    y = torch.ones(3)
    torch.manual_seed(0)
    same = torch.func.vmap(lambda v: torch.rand(()), randomness="same")(y)
    different = torch.func.vmap(lambda v: torch.rand(()), randomness="different")(y)
    return len(set(same.tolist())), len(set(different.tolist()))
