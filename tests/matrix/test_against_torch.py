"""Products and linear algebra against PyTorch: values, shapes, dtypes, strides, nodes,
gradients, second gradients and the classes of errors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from types import ModuleType
from typing import Protocol

import pytest

import gnomon

torch = pytest.importorskip("torch", reason="PyTorch is what gnomon is compared with")

Shape = tuple[int, ...]
#: A program of the module (gnomon or torch) and its tensors; typed loosely, as it serves both.
Program = Callable[..., object]


class Leaf(Protocol):
    """What the comparison needs of a tensor of either library."""

    shape: Shape
    requires_grad: bool

    def stride(self) -> Shape: ...
    def tolist(self) -> object: ...
    def detach(self) -> Leaf: ...


def leaves(
    module: ModuleType, shapes: Sequence[Shape], dtype: str, transposed: bool
) -> list[Leaf]:
    made = []
    for seed, shape in enumerate(shapes):
        sizes = (*shape[:-2], *shape[:-3:-1]) if transposed and len(shape) > 1 else shape
        count = math.prod(sizes)
        values = [((7 * k * k + 3 * k + 5 * seed) % 11 - 5) / 4 for k in range(count)]
        if "float" not in dtype:
            values = [int(4 * abs(value)) % 3 for value in values]
        tensor = module.tensor(values, dtype=getattr(module, dtype)).reshape(sizes)
        made.append(tensor.requires_grad_() if dtype == "float64" else tensor)
    return made


def outcome(
    module: ModuleType, program: Program, shapes: Sequence[Shape], dtype: str, transposed: bool
) -> tuple[list[Leaf], list[Leaf]] | Exception:
    """Return leaves and results, or what was raised."""
    made = leaves(module, shapes, dtype, transposed)
    inputs = [x.mT if transposed and len(x.shape) > 1 else x for x in made]
    try:
        result = program(module, *inputs)
    except (RuntimeError, IndexError, TypeError, ValueError) as error:
        return error
    return made, list(result) if isinstance(result, tuple) else [result]


def flat(value: object) -> list[float]:
    if isinstance(value, list):
        return [number for item in value for number in flat(item)]
    assert isinstance(value, int | float)
    return [float(value)]


def assert_close(ours: Leaf, theirs: Leaf, relative: float) -> None:
    assert tuple(ours.shape) == tuple(theirs.shape)
    expected = flat(theirs.detach().tolist())
    scale = max((abs(x) for x in expected if math.isfinite(x)), default=1.0)
    tolerance = relative * max(scale, 1.0)
    assert flat(ours.detach().tolist()) == pytest.approx(
        expected, rel=relative, abs=tolerance, nan_ok=True
    )


def strides(tensor: Leaf) -> Shape:
    """Strides of the dims that have more than one index; of no elements, none mean anything."""
    shape = tuple(tensor.shape)
    if 0 in shape:
        return ()
    return tuple(s for size, s in zip(shape, tensor.stride(), strict=True) if size > 1)


def compare(
    program: Program,
    shapes: Sequence[Shape],
    dtype: str = "float64",
    transposed: bool = False,
    layout: bool = True,
) -> None:
    theirs = outcome(torch, program, shapes, dtype, transposed)
    ours = outcome(gnomon, program, shapes, dtype, transposed)
    if isinstance(theirs, Exception):
        assert isinstance(ours, Exception), f"PyTorch raises {theirs!r}"
        family = RuntimeError if isinstance(theirs, RuntimeError) else type(theirs)
        assert isinstance(ours, family)
        return
    assert not isinstance(ours, Exception), repr(ours)
    # n * eps, times the condition of the matrices here, which is below 1000.
    relative = {"float64": 1e-9, "float32": 1e-3}.get(dtype, 1e-2)
    for mine, other in zip(ours[1], theirs[1], strict=True):
        assert str(mine.dtype) == str(other.dtype)
        assert_close(mine, other, relative)
        if layout:
            assert strides(mine) == strides(other)
            if other.grad_fn is not None:
                assert mine.grad_fn is not None and mine.grad_fn.name() == other.grad_fn.name()
    if dtype == "float64":
        compare_gradients(ours, theirs)


def compare_gradients(
    ours: tuple[list[Leaf], list[Leaf]], theirs: tuple[list[Leaf], list[Leaf]]
) -> None:
    firsts = []
    for module, (made, results) in ((gnomon, ours), (torch, theirs)):
        total = sum((x * x).sum() for x in results if x.requires_grad)
        if isinstance(total, int):
            return
        firsts.append(module.autograd.grad(total, made, create_graph=True, allow_unused=True))
    for mine, other in zip(*firsts, strict=True):
        assert (mine is None) == (other is None)
        if mine is not None:
            assert_close(mine, other, 1e-8)
    seconds = []
    for module, (made, _), first in ((gnomon, ours, firsts[0]), (torch, theirs, firsts[1])):
        total = sum((x * x).sum() for x in first if x is not None and x.requires_grad)
        if isinstance(total, int):
            return
        seconds.append(module.autograd.grad(total, made, allow_unused=True))
    for mine, other in zip(*seconds, strict=True):
        if mine is not None and other is not None:
            assert_close(mine, other, 1e-6)


PAIRS: list[tuple[Shape, Shape]] = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3,)),
    ((5, 2, 3), (3, 4)),
    ((3,), (5, 3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (1, 3, 4)),
    ((1, 2, 3), (5, 3, 4)),
    ((6, 5, 2, 3), (6, 1, 3, 4)),
    ((0, 2, 3), (3, 4)),
    ((2, 0), (0, 3)),
    ((2, 3), (4,)),
    ((3,), ()),
    ((5, 2, 3), (4, 3, 4)),
]


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("shapes", PAIRS)
def test_matmul(shapes: tuple[Shape, Shape], transposed: bool) -> None:
    compare(lambda lib, x, y: lib.matmul(x, y), shapes, transposed=transposed)
    compare(lambda lib, x, y: lib.inner(x, y), shapes, transposed=transposed)
    for dtype in ("float32", "float16", "bfloat16", "int64", "uint8"):
        compare(lambda lib, x, y: lib.matmul(x, y), shapes, dtype, transposed)


@pytest.mark.parametrize("name", ["mm", "bmm", "mv", "dot", "vdot", "outer", "ger"])
def test_products_of_one_rank(name: str) -> None:
    for shapes in [*PAIRS[:10], ((2,), (3,))]:
        for dtype in ("float64", "int64", "bool"):
            compare(lambda lib, x, y: getattr(lib, name)(x, y), shapes, dtype)
        compare(lambda lib, x, y: getattr(lib, name)(x, y.float()), shapes)


SUMS: dict[str, list[tuple[Shape, Shape, Shape]]] = {
    "addmm": [((2, 4), (2, 3), (3, 4)), ((4,), (2, 3), (3, 4)), ((3, 4), (2, 3), (3, 4))],
    "addmv": [((2,), (2, 3), (3,)), ((), (2, 3), (3,)), ((3,), (2, 3), (3,))],
    "addr": [((2, 3), (2,), (3,)), ((3,), (2,), (3,)), ((4, 3), (2,), (3,))],
    "addbmm": [((2, 4), (5, 2, 3), (5, 3, 4)), ((), (5, 2, 3), (5, 3, 4))],
    "baddbmm": [((5, 2, 4), (5, 2, 3), (5, 3, 4)), ((4,), (5, 2, 3), (5, 3, 4))],
}


@pytest.mark.parametrize("beta, alpha", [(1, 1), (0, 2), (2, -3), (0.5, 1.5)])
@pytest.mark.parametrize("name", SUMS)
def test_sums_with_products(name: str, beta: float, alpha: float) -> None:
    def program(lib: ModuleType, x: Leaf, y: Leaf, z: Leaf) -> object:
        return getattr(lib, name)(x, y, z, beta=beta, alpha=alpha)

    for shapes in SUMS[name]:
        for dtype in ("float64", "float16", "int64"):
            compare(program, shapes, dtype)
    first = SUMS[name][0]
    in_place = f"{name}_"
    compare(lambda _, x, y, z: getattr(x.clone(), in_place)(y, z, alpha=alpha), first)
    compare(lambda lib, x, y, z: getattr(lib, name)(x * math.nan, y, z, beta=0), first)


EQUATIONS: list[tuple[str, tuple[Shape, ...]]] = [
    ("ij,jk", ((2, 3), (3, 4))),
    ("ij,jk->ki", ((2, 3), (3, 4))),
    ("bij,bjk->kib", ((5, 2, 3), (5, 3, 4))),
    ("abcd,efbd->eacf", ((2, 3, 4, 5), (6, 7, 3, 5))),
    ("abj,jkl->klab", ((2, 3, 6), (6, 4, 5))),
    ("bn,anm,bm->ba", ((2, 5), (3, 5, 4), (2, 4))),
    ("ii", ((3, 3),)),
    ("iijj->ij", ((2, 2, 3, 3),)),
    ("i,j,k->kji", ((2,), (3,), (4,))),
    ("ij,kl->", ((2, 3), (4, 5))),
    ("ij,ik->jk", ((1, 3), (2, 4))),
    ("...ij,...jk", ((5, 2, 3), (1, 3, 4))),
    ("i...,...i->...i", ((3, 2), (4, 2, 3))),
    ("...a,a", ((2, 3), (3,))),
    (" i j , j k -> k i", ((2, 3), (3, 4))),
    ("ij,jk->ik", ((2, 0), (0, 4))),
    ("ij,jk->il", ((2, 3), (3, 4))),
    ("ij,jk", ((2, 3), (2, 4))),
    ("i.j", ((2, 3),)),
    ("ij->ii", ((2, 3),)),
    ("ij", ((2, 3), (2, 3))),
    ("ij,jk", ((2, 3),)),
    ("i", ((2, 3),)),
    ("ii", ((2, 3),)),
    ("...i...", ((2, 3),)),
]


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("equation, shapes", EQUATIONS)
def test_einsum(equation: str, shapes: tuple[Shape, ...], transposed: bool) -> None:
    compare(lambda lib, *x: lib.einsum(equation, *x), shapes, transposed=transposed)
    compare(lambda lib, *x: lib.einsum(equation, list(x)), shapes, "int64", transposed)


def test_einsum_of_sublists() -> None:
    shapes = ((2, 3), (3, 4))
    compare(lambda lib, x, y: lib.einsum(x, [0, 1], y, [1, 2], [2, 0]), shapes)
    compare(lambda lib, x, y: lib.einsum(x, [26, 0], y, [0, 2]), shapes)
    compare(lambda lib, x, _: lib.einsum(x, [0, 52]), shapes)


@pytest.mark.parametrize("dims", [0, 1, 2, 3, -1, ([1], [0]), ([-1], [-2]), ([0], [0, 1])])
def test_tensordot(dims: int | tuple[list[int], list[int]]) -> None:
    compare(lambda lib, x, y: lib.tensordot(x, y, dims), ((2, 3), (3, 2)), layout=False)
    compare(lambda lib, x, y: lib.tensordot(x, y, dims), ((4, 2, 3), (3, 2, 5)), layout=False)


def test_kron_and_cross() -> None:
    for shapes in [((2,), (3,)), ((2, 3), (4, 5)), ((), (3, 4)), ((2, 3, 4), (2,))]:
        compare(lambda lib, x, y: lib.kron(x, y), shapes)
    for shapes in [((3,), (3,)), ((2, 3), (1, 3)), ((4,), (4,)), ((3,), (2, 3)), ((), ())]:
        for dtype in ("float64", "int64", "bool"):
            compare(lambda lib, x, y: lib.linalg.cross(x, y), shapes, dtype)


@pytest.mark.filterwarnings("ignore:cross")
@pytest.mark.filterwarnings("ignore:Using torch.cross")
def test_cross_without_a_dim_takes_the_first_of_size_3() -> None:
    compare(lambda lib, x, y: lib.cross(x, y), ((3, 2, 3), (3, 2, 3)))
    compare(lambda lib, x, y: lib.cross(x, y), ((2, 4), (2, 4)))


def conditioned(lib: ModuleType, x: Leaf) -> Leaf:
    return x + 4 * lib.eye(x.shape[-1], dtype=x.dtype)


def positive(lib: ModuleType, x: Leaf) -> Leaf:
    return x @ x.mT + lib.eye(x.shape[-1], dtype=x.dtype)


SQUARES: dict[str, Program] = {
    "det": lambda lib, x: lib.linalg.det(x),
    "slogdet": lambda lib, x: lib.linalg.slogdet(x),
    "logdet": lambda lib, x: lib.logdet(positive(lib, x)),
    "inv": lambda lib, x: lib.linalg.inv(conditioned(lib, x)),
    "inv_ex": lambda lib, x: lib.linalg.inv_ex(conditioned(lib, x)),
    "cholesky": lambda lib, x: lib.linalg.cholesky(positive(lib, x)),
    "upper": lambda lib, x: lib.linalg.cholesky(positive(lib, x), upper=True),
    "cholesky_inverse": lambda lib, x: lib.cholesky_inverse(
        lib.linalg.cholesky(positive(lib, x))
    ),
    "eigvalsh": lambda lib, x: lib.linalg.eigvalsh(positive(lib, x)),
    "matrix_exp": lambda lib, x: lib.linalg.matrix_exp(x / 2),
    "lu": lambda lib, x: lib.linalg.lu(conditioned(lib, x)),
    "lu_factor": lambda lib, x: lib.linalg.lu_factor(conditioned(lib, x)),
    "power": lambda lib, x: lib.linalg.matrix_power(x, 5),
    "negative power": lambda lib, x: lib.linalg.matrix_power(conditioned(lib, x), -2),
}


@pytest.mark.parametrize("name", SQUARES)
def test_functions_of_square_matrices(name: str) -> None:
    for shape in [(3, 3), (2, 3, 3), (1, 1), (0, 3, 3), (2, 3)]:
        compare(SQUARES[name], (shape,))
    compare(SQUARES[name], ((3, 3),), transposed=True)
    compare(SQUARES[name], ((3, 3),), "float32")


RECTANGLES: dict[str, Program] = {
    "lu": lambda lib, x: lib.linalg.lu(x),
    "lu_unpack": lambda lib, x: lib.lu_unpack(*lib.linalg.lu_factor(x)),
    "qr": lambda lib, x: lib.linalg.qr(x),
    "svdvals": lambda lib, x: lib.linalg.svdvals(x),
    # Signs of singular vectors are open; their squares are not.
    "svd": lambda lib, x: tuple(p * p for p in lib.linalg.svd(x, full_matrices=False)),
    "pinv": lambda lib, x: lib.linalg.pinv(x),
    "matrix_rank": lambda lib, x: lib.linalg.matrix_rank(x),
    **{
        f"norm {order}": partial(lambda order, lib, x: lib.linalg.matrix_norm(x, order), order)
        for order in ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf, 3)
    },
}


@pytest.mark.parametrize("name", RECTANGLES)
def test_functions_of_all_matrices(name: str) -> None:
    for shape in [(3, 3), (4, 3), (3, 4), (2, 4, 3), (1, 3), (3, 1)]:
        compare(RECTANGLES[name], (shape,))
    compare(RECTANGLES[name], ((4, 3),), "float32")


@pytest.mark.parametrize(
    "shapes",
    [
        ((3, 3), (3,)),
        ((3, 3), (3, 2)),
        ((5, 3, 3), (3, 2)),
        ((3, 3), (5, 3, 2)),
        ((3, 3), (4,)),
    ],
)
def test_systems(shapes: tuple[Shape, Shape]) -> None:
    compare(lambda lib, a, b: lib.linalg.solve(conditioned(lib, a), b), shapes)
    compare(
        lambda lib, a, b: lib.linalg.solve_triangular(conditioned(lib, a), b, upper=True),
        shapes,
    )
    compare(
        lambda lib, a, b: lib.linalg.solve_triangular(conditioned(lib, a), b, upper=False),
        shapes,
    )
    compare(lambda lib, a, b: lib.linalg.lu_solve(*lib.linalg.lu_factor(a), b), shapes)


@pytest.mark.parametrize("driver", [None, "gelsd"])
def test_least_squares(driver: str | None) -> None:
    def program(lib: ModuleType, a: Leaf, b: Leaf) -> object:
        return lib.linalg.lstsq(a, b, driver=driver)[0]

    for shapes in [((4, 2), (4, 3)), ((3, 3), (3, 1)), ((4, 2), (3, 1))]:
        compare(program, shapes, layout=False)


def test_chains() -> None:
    for shapes in [((2, 3), (3, 4)), ((3,), (3, 4), (4,)), ((10, 2), (2, 8), (8, 1), (1, 6))]:
        compare(lambda lib, *x: lib.linalg.multi_dot(x), shapes)


SINGULAR: dict[str, Program] = {
    "inv": lambda lib: lib.linalg.inv(lib.zeros(2, 2)),
    "solve": lambda lib: lib.linalg.solve(lib.zeros(2, 2), lib.ones(2)),
    "cholesky": lambda lib: lib.linalg.cholesky(-lib.eye(2)),
    "svd": lambda lib: lib.linalg.svd(lib.full((2, 2), math.nan)),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_what_has_no_factorization_is_an_error(name: str) -> None:
    with pytest.raises(torch.linalg.LinAlgError):
        SINGULAR[name](torch)
    with pytest.raises(gnomon.linalg.LinAlgError):
        SINGULAR[name](gnomon)


@pytest.mark.parametrize("name", ["mm", "addmm"])
def test_gradients_of_transposed_factors_lie_as_the_factors_do(name: str) -> None:
    """So that the gradient of a linear layer's weight is kept as it is, without a copy."""
    found = []
    for module in (gnomon, torch):
        wide = module.rand(3, 2).t().requires_grad_()
        tall = module.rand(4, 3).t().requires_grad_()
        product = wide @ tall if name == "mm" else module.addmm(module.ones(4), wide, tall)
        gradients = module.autograd.grad(product.sum(), (wide, tall))
        found.append([gradient.stride() for gradient in gradients])
    assert found[0] == found[1] == [(1, 2), (1, 3)]
