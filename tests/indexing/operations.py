"""Programs that call the functions which read and write through indices and masks."""

from __future__ import annotations

from collections.abc import Iterator

from indexing.programs import DTYPES, Program, Torch, Value, derivatives, filled

# A source text is evaluated with t, the module, and these tensors made by it.
TENSORS = {
    "x": lambda t: filled(t, 3, 4),
    "z": lambda t: filled(t, 3, 4).t(),
    "e": lambda t: filled(t, 3, 1).expand(3, 4),
    "v": lambda t: filled(t, 5),
    "s": lambda t: t.tensor(2.5),
    "n": lambda t: filled(t, 3, 4, dtype="int64"),
    "b": lambda t: filled(t, 3, 4) % 2 == 0,
    "i": lambda t: t.tensor([[0, 1, 2, 0], [2, 1, 0, 0]]),
    "j": lambda t: t.tensor([2, 0]),
    "d": lambda t: t.tensor([1, 1, 0]),
    "m": lambda t: filled(t, 3, 4) % 3 == 1,
    "w": lambda t: filled(t, 2, 4, start=50),
    "r": lambda t: filled(t, 3, 4, start=90),
    "nothing": lambda t: t.tensor([], dtype=t.int64),
}

CALLS = """
t.gather(x, 0, i)
t.gather(x, 1, i)
t.gather(x, -1, i)
t.gather(z, 0, i.t())
t.gather(x, 0, cast(i, t.int32))
t.gather(x, 0, cast(i, t.int16))
t.gather(x, 0, cast(i, t.float32))
t.gather(x, 0, j)
t.gather(x, 2, i)
t.gather(x, 0, -i)
t.gather(x, 0, i + 1)
t.gather(x, 0, t.zeros(3, 5, dtype=t.int64))
t.gather(x, 0, t.zeros(5, 2, dtype=t.int64))
t.gather(x, 0, nothing)
t.gather(s, 0, t.tensor([0, 0]))
t.gather(s, 0, t.tensor(0))
t.gather(v, 0, t.tensor(3))
t.gather(x, 0, i, sparse_grad=True)
t.gather(x, 0, i, out=t.empty(0))
t.gather(x, 0, i, out=t.empty(2, 4))
t.gather(x, 0, i, out=t.empty(0, dtype=t.float64))
x.gather(0, i)
t.index_select(x, 0, j)
t.index_select(x, 1, j)
t.index_select(z, 0, j)
t.index_select(z, -1, cast(j, t.int32))
t.index_select(x, 0, cast(j, t.int16))
t.index_select(x, 0, j + 1)
t.index_select(x, 0, -j)
t.index_select(x, 0, i)
t.index_select(x, 0, t.tensor(1))
t.index_select(x, 0, nothing)
t.index_select(x, 2, j)
t.index_select(s, 0, t.tensor([0]))
t.index_select(s, 0, t.tensor([0, 0]))
t.index_select(s, 0, t.tensor(0))
t.index_select(x, 0, j, out=t.empty(0))
t.index_select(x, 0, j, out=t.empty(0, dtype=t.float64))
x.index_select(0, j)
t.take(x, i)
t.take(z, i.t())
t.take(x, -i)
t.take(x, i + 12)
t.take(x, cast(i, t.int32))
t.take(s, t.tensor([[0, -1]]))
t.take(t.ones(0), j)
t.take(t.ones(0), nothing)
t.take(x, i, out=t.empty(0))
x.take(j)
t.take_along_dim(x, i[:, :1], 1)
t.take_along_dim(x, i[:1], 0)
t.take_along_dim(x, i[:1], dim=0)
t.take_along_dim(x, i)
t.take_along_dim(x, -i)
t.take_along_dim(x, t.tensor([[-1]]), 0)
t.take_along_dim(x, t.tensor([[4]]), 0)
t.take_along_dim(x, cast(i, t.int32), 0)
t.take_along_dim(x, j, 0)
x.take_along_dim(i[:1], 0)
t.scatter(x, 0, i, w)
t.scatter(x, 1, i, w)
t.scatter(z, 0, i.t(), w.t())
t.scatter(x, 0, i[:, :2], w)
t.scatter(x, 0, i, 7)
t.scatter(x, 0, i, value=7.5)
t.scatter(x, 0, i, src=w)
t.scatter(n, 0, i, 7.5)
t.scatter(n, 0, i, float("nan"))
t.scatter(cast(n, t.uint8), 0, i, 300)
t.scatter(cast(n, t.uint8), 0, i, -1)
t.scatter(b, 0, i, 7)
t.scatter(x, 0, i, cast(w, t.float64))
t.scatter(x, 0, cast(i, t.int32), w)
t.scatter(x, 0, cast(i, t.int16), w)
t.scatter(x, 0, -i, w)
t.scatter(x, 0, i + 1, w)
t.scatter(x, 0, i, w[:1])
t.scatter(x, 0, j, w)
t.scatter(x, 0, nothing, w)
t.scatter(s, 0, t.tensor(0), t.tensor(4.0))
t.scatter(v, 0, t.tensor(2), t.tensor(4.0))
t.scatter(e, 0, i, w)
t.scatter(x, 0, i, w, reduce="add")
t.scatter(x, 0, i, w, reduce="multiply")
t.scatter(x, 0, i, 3, reduce="multiply")
t.scatter(x, 0, i, 3, reduce="mean")
t.scatter(x, 0, i, w, out=t.empty(0))
t.scatter(x, 0, i, w, out=t.empty(0, dtype=t.float64))
x.scatter(0, i, w)
x.scatter_(0, i, w)
z.scatter_(1, i, w)
x.scatter_(0, i, 3, reduce="multiply")
x.scatter_(0, i, w, reduce="add")
x.scatter_(0, i + 1, w)
e.scatter_(0, i, w)
x.scatter_(0, i, x[:2])
t.scatter_add(x, 0, i, w)
t.scatter_add(x, 1, i, w)
t.scatter_add(x, 0, i[:, :1], w)
t.scatter_add(b, 0, i, w > 51)
t.scatter_add(n, 0, i, n[:2])
t.scatter_add(x, 0, i, n[:2])
t.scatter_add(x, 0, i + 1, w)
t.scatter_add(x, 0, i, w, out=t.empty(0))
x.scatter_add_(0, i, w)
z.scatter_add_(0, i.t(), w.t())
t.index_add(x, 0, j, w)
t.index_add(x, 0, j, w, alpha=2.5)
t.index_add(n, 0, j, n[:2], alpha=2.5)
t.index_add(x, 1, j, r[:, :2])
t.index_add(z, 1, j, w.t())
t.index_add(x, 0, cast(j, t.int32), w)
t.index_add(x, 0, cast(j, t.int16), w)
t.index_add(x, 0, j + 1, w)
t.index_add(x, 0, -j, w)
t.index_add(x, 0, j, cast(w, t.float64))
t.index_add(x, 0, j, w[:, :3])
t.index_add(x, 0, j, r)
t.index_add(x, 0, i, w)
t.index_add(x, 0, t.tensor(1), w[:1])
t.index_add(s, 0, t.tensor([0]), t.tensor(2.0))
t.index_add(b, 0, j, w > 52)
t.index_add(x, 0, j, w, out=t.empty(0))
x.index_add(0, d, r)
x.index_add_(0, d, r, alpha=-1)
z.index_add_(1, d, r.t())
t.index_copy(x, 0, j, w)
t.index_copy(x, 1, j, r[:, :2])
t.index_copy(x, 0, d, r)
t.index_copy(x, 0, cast(j, t.int32), w)
t.index_copy(x, 0, j + 1, w)
t.index_copy(x, 0, -j, w)
t.index_copy(x, 0, j, cast(w, t.float64))
t.index_copy(x, 0, j, w[:, :3])
t.index_copy(x, 0, j, r)
t.index_copy(v, 0, t.tensor([1]), s)
t.index_copy(x, 0, t.tensor([1]), s)
t.index_copy(x, 0, j, w, out=t.empty(0))
x.index_copy_(0, j, w)
z.index_copy_(1, j, w.t())
t.index_fill(x, 0, j, 9)
t.index_fill(z, 1, j, 9)
t.index_fill(e, 1, j, 9)
t.index_fill(x, 0, -j, 9)
t.index_fill(x, 0, j + 1, 9)
t.index_fill(x, 0, j, s)
t.index_fill(n, 0, j, s)
t.index_fill(x, 0, j, v)
t.index_fill(n, 0, j, 1.7)
t.index_fill(n, 0, j, float("inf"))
t.index_fill(x, 0, cast(j, t.int32), 9)
t.index_fill(x, 0, i, 9)
t.index_fill(x, 0, t.tensor(1), 9)
t.index_fill(s, 0, t.tensor(0), 9)
x.index_fill_(0, j, 9)
z.index_fill_(0, j, t.tensor(8))
t.index_put(x, (j,), s)
t.index_put(x, (j, d[:2]), w[0, :2])
t.index_put(x, (d, d), s, accumulate=True)
t.index_put(x, (d, d), t.tensor([1.0, 2.0, 3.0]))
t.index_put(x, [d, d], t.tensor([1.0, 2.0, 3.0]), True)
t.index_put(x, (m,), s)
t.index_put(x, (m,), v)
t.index_put(x, (m,), v[:4])
t.index_put(z, (j,), s)
t.index_put(x, (j,), n[0])
t.index_put(x, (j,), v)
t.index_put(x, (j + 1,), s)
t.index_put(x, (j, j, j), s)
t.index_put(x, (None, j), s)
t.index_put(x, (), s)
x.index_put((j,), s)
x.index_put_((j,), w)
t.index_put_(x, (j,), w)
z.index_put_((j,), s, accumulate=True)
t.put(x, i, w)
t.put(x, -j, w[0, :2])
t.put(z, i, w)
t.put(x, i, w, accumulate=True)
t.put(x, j, w)
t.put(x, j, n[0, :2])
t.put(x, cast(j, t.int32), w[0, :2])
t.put(x, j + 11, w[0, :2])
t.put(s, t.tensor([0]), t.tensor([1.0]))
x.put(i, w)
x.put_(i, w)
z.put_(i, w)
z.put_(i, w, True)
x.put_(j + 11, w[0, :2])
t.masked_fill(x, m, 9)
t.masked_fill(z, m.t(), 9)
t.masked_fill(x, m[:, :1], 9)
t.masked_fill(x, t.ones(2, 3, 4) > 0, 9)
t.masked_fill(x, m, s)
t.masked_fill(n, m, s)
t.masked_fill(x, m, v)
t.masked_fill(x, m, t.tensor(9))
t.masked_fill(cast(x, t.float16), m, t.tensor(9.0))
t.masked_fill(x, cast(m, t.uint8), 9)
t.masked_fill(x, cast(m, t.int64), 9)
t.masked_fill(n, m, 1.5)
t.masked_fill(n, m, float("inf"))
t.masked_fill(x, m, float("-inf"))
t.masked_fill(cast(n, t.uint8), m, 300)
t.masked_fill(b, m, 2)
t.masked_fill(x, t.ones(5) > 0, 9)
t.masked_fill(s, t.tensor(True), 1)
x.masked_fill(m, 9)
x.masked_fill_(m, 9)
z.masked_fill_(m.t(), s)
n.masked_fill_(m, 1.5)
x.masked_fill_(t.ones(2, 3, 4) > 0, 9)
e.masked_fill_(m, 9)
t.masked_select(x, m)
t.masked_select(z, m.t())
t.masked_select(x, m[:1])
t.masked_select(x, t.ones(2, 3, 4) > 0)
t.masked_select(x, cast(m, t.uint8))
t.masked_select(x, t.ones(5) > 0)
t.masked_select(s, t.tensor(True))
t.masked_select(s, t.tensor(False))
t.masked_select(x, m, out=t.empty(0))
t.masked_select(x, m, out=t.empty(0, dtype=t.float64))
x.masked_select(m)
t.masked_scatter(x, m, r)
t.masked_scatter(z, m.t(), r)
t.masked_scatter(x, m, v)
t.masked_scatter(x, m, v[:2])
t.masked_scatter(x, m, cast(r, t.float64))
t.masked_scatter(x, cast(m, t.uint8), r)
t.masked_scatter(x, t.ones(2, 3, 4) > 0, t.cat([r, r]))
t.masked_scatter(x, m[0], r)
x.masked_scatter_(m, r)
z.masked_scatter_(m.t(), r)
x.masked_scatter_(t.ones(2, 3, 4) > 0, t.cat([r, r]))
t.nonzero(x)
t.nonzero(z)
t.nonzero(x, as_tuple=True)
t.nonzero(b)
t.nonzero(s)
t.nonzero(s, as_tuple=True)
t.nonzero(t.tensor(0))
t.nonzero(t.tensor(0), as_tuple=True)
t.nonzero(t.ones(0, 3))
t.nonzero(t.tensor([0.0, -0.0, float("nan")]))
t.nonzero(v, out=t.empty(0, dtype=t.int64))
t.nonzero(v, out=t.empty(0))
x.nonzero()
x.nonzero(as_tuple=True)
t.argwhere(m)
x.argwhere()
t.where(m)
t.select_scatter(x, r[0], 0, 1)
t.select_scatter(z, r[:, 0], 0, -1)
t.select_scatter(x, r[0, :3], 0, 1)
t.select_scatter(x, v[:1], 0, 1)
t.select_scatter(x, n[0], 0, 1)
t.select_scatter(x, r[0], 0, 3)
x.select_scatter(r[0], 0, 1)
t.slice_scatter(x, w, 0, 1)
t.slice_scatter(x, w, 0, 0, None, 2)
t.slice_scatter(x, r)
t.slice_scatter(x, w)
t.slice_scatter(z, r.t())
t.slice_scatter(x, r[:, :2], 1, 1, 3)
x.slice_scatter(w, end=-1)
t.diagonal_scatter(x, r[0, :3])
t.diagonal_scatter(x, r[0, :3], 1)
t.diagonal_scatter(x, r[0])
x.diagonal_scatter(r[0, :3])
t.as_strided_scatter(x, w[:, :2], (2, 2), (1, 2))
t.as_strided_scatter(x, w[:, :2], (2, 2), (1, 2), 3)
t.as_strided_scatter(x, w[:, :3], (2, 2), (1, 2))
x.as_strided_scatter(w[:, :2], (2, 2), (1, 2))
t.embedding(x, i)
t.embedding(x, cast(i, t.int32))
t.embedding(z, t.tensor(3))
t.embedding(x, i + 1)
t.embedding(x, -i)
t.embedding(x, cast(i, t.int16))
t.embedding(v, j)
t.embedding(x, nothing)
""".strip().splitlines()

REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")

DERIVED: dict[str, tuple[Value, tuple[tuple[int, ...], ...]]] = {
    "gather": (lambda t, x: t.gather(x, 0, TENSORS["i"](t)), ((3, 4),)),
    "index_select": (lambda t, x: t.index_select(x, 1, TENSORS["d"](t)), ((3, 4),)),
    "take": (lambda t, x: t.take(x.t(), TENSORS["i"](t)), ((3, 4),)),
    "take_along_dim": (
        lambda t, x: t.take_along_dim(x, TENSORS["i"](t)[:1], 0),
        ((3, 4),),
    ),
    "scatter": (
        lambda t, x, y: t.scatter(x, 0, t.tensor([[0, 2], [1, 0]]), y),
        ((3, 4), (2, 2)),
    ),
    "scatter number": (lambda t, x: t.scatter(x, 0, TENSORS["i"](t), 2.0), ((3, 4),)),
    "scatter_add": (lambda t, x, y: t.scatter_add(x, 0, TENSORS["i"](t), y), ((3, 4), (2, 4))),
    "index_add": (
        lambda t, x, y: t.index_add(x, 0, TENSORS["d"](t), y, alpha=3),
        ((3, 4), (3, 4)),
    ),
    "index_copy": (lambda t, x, y: t.index_copy(x, 0, TENSORS["j"](t), y), ((3, 4), (2, 4))),
    "index_fill": (lambda t, x: t.index_fill(x, 0, TENSORS["j"](t), 2.0), ((3, 4),)),
    "index_fill tensor": (lambda t, x, y: t.index_fill(x, 0, TENSORS["j"](t), y), ((3, 4), ())),
    "index_put": (lambda t, x, y: t.index_put(x, (TENSORS["j"](t),), y), ((3, 4), (4,))),
    "index_put accumulate": (
        lambda t, x, y: t.index_put(x, (TENSORS["d"](t),), y, True),
        ((3, 4), (3, 4)),
    ),
    "put": (lambda t, x, y: t.put(x, TENSORS["j"](t), y), ((3, 4), (2,))),
    "put accumulate": (lambda t, x, y: t.put(x, TENSORS["d"](t), y, True), ((3, 4), (3,))),
    "masked_fill": (lambda t, x: t.masked_fill(x, TENSORS["m"](t), 2.0), ((3, 4),)),
    "masked_fill tensor": (
        lambda t, x, y: t.masked_fill(x, TENSORS["m"](t), y),
        ((3, 1), ()),
    ),
    "masked_select": (lambda t, x: t.masked_select(x, TENSORS["m"](t)), ((3, 1),)),
    "masked_scatter": (
        lambda t, x, y: t.masked_scatter(x, TENSORS["m"](t), y),
        ((3, 4), (2, 3)),
    ),
    "select_scatter": (lambda t, x, y: t.select_scatter(x.t(), y, 0, 1), ((3, 4), (3,))),
    "slice_scatter": (lambda t, x, y: t.slice_scatter(x, y, 1, 1, 4, 2), ((3, 4), (3, 2))),
    "diagonal_scatter": (lambda t, x, y: t.diagonal_scatter(x, y), ((3, 4), (3,))),
    "as_strided_scatter": (
        lambda t, x, y: t.as_strided_scatter(x, y, (2, 2), (1, 3)),
        ((3, 4), (2, 2)),
    ),
    "embedding": (lambda t, x: t.embedding(x, TENSORS["i"](t)), ((3, 4),)),
    "embedding padding": (lambda t, x: t.embedding(x, TENSORS["i"](t), 1), ((3, 4),)),
    "embedding frequency": (
        lambda t, x: t.embedding(x, TENSORS["i"](t), -1, True),
        ((3, 4),),
    ),
}


def call(text: str) -> Program:
    """Return the program that evaluates ``text``, and shows what it may have written to."""

    def program(t: Torch) -> Value:
        tensors = {name: make(t) for name, make in TENSORS.items()}
        names = {"t": t, "float": float, "cast": lambda x, to: t.tensor(x.tolist(), dtype=to)}
        result = eval(text, names, tensors)
        return [result, tensors["x"], tensors["z"]]

    return program


def reduction(name: str, reduce: str, include_self: bool) -> Value:
    def function(t: Torch, x: Value, y: Value) -> Value:
        if name == "scatter_reduce":
            index = TENSORS["i"](t)
            return t.scatter_reduce(x, 0, index, y, reduce, include_self=include_self)
        index = TENSORS["d"](t)
        return t.index_reduce(x, 0, index, y, reduce, include_self=include_self)

    return function


def with_zeros(name: str, zeros: tuple[int, ...]) -> Program:
    """Return the derivatives of a product of which some factors are 0."""

    def function(t: Torch, x: Value, y: Value) -> Value:
        keep = t.ones(8, dtype=t.float64)
        keep[list(zeros)] = 0
        return reduction(name, "prod", True)(t, x, y * keep.reshape(2, 4))

    return derivatives(function, (3, 4), (2, 4))


def in_place_reduction(name: str, reduce: str, dtype: str) -> Program:
    def program(t: Torch) -> Value:
        x, y = filled(t, 3, 4, dtype=dtype), filled(t, 2, 4, dtype=dtype, start=3)
        if name == "scatter_reduce":
            return x.scatter_reduce_(0, TENSORS["i"](t), y, reduce)
        return x.index_reduce_(0, TENSORS["j"](t), y, reduce, include_self=False)

    return program


def read_dtype(dtype: str) -> Program:
    def program(t: Torch) -> Value:
        x = filled(t, 3, 4, dtype=dtype)
        y = x.clone()
        y[[0, 1], [2, 3]] = 1
        return [x[[2, 0]], t.gather(x, 0, TENSORS["i"](t)), t.nonzero(x), y, x[x > 0]]

    return program


def write_scalar(dtype: str, key: object, value: float) -> Program:
    def program(t: Torch) -> Value:
        x = filled(t, 3, dtype=dtype)
        x[key] = value
        return x

    return program


def operations() -> Iterator[tuple[str, Program]]:
    for text in CALLS:
        yield text, call(text)
    for name, (function, shapes) in DERIVED.items():
        yield f"d {name}", derivatives(function, *shapes)
    for reduce in REDUCTIONS:
        for include in (True, False):
            function = reduction("scatter_reduce", reduce, include)
            yield f"d scatter_reduce {reduce} {include}", derivatives(function, (3, 4), (2, 4))
            if reduce != "sum":
                function = reduction("index_reduce", reduce, include)
                yield (
                    f"d index_reduce {reduce} {include}",
                    derivatives(function, (3, 4), (3, 4)),
                )
        for dtype in DTYPES:
            yield (
                f"scatter_reduce_ {reduce} {dtype}",
                in_place_reduction("scatter_reduce", reduce, dtype),
            )
            if reduce != "sum" and dtype != "bool":
                yield (
                    f"index_reduce_ {reduce} {dtype}",
                    in_place_reduction("index_reduce", reduce, dtype),
                )
    for dtype in DTYPES:
        yield f"read and write {dtype}", read_dtype(dtype)
        for value in (True, 2, -1, -300, 300, 2.75, 1e10, 1e300, float("inf"), float("nan")):
            yield f"x[0] = {value} {dtype}", write_scalar(dtype, 0, value)
            yield f"x[[0, 2]] = {value} {dtype}", write_scalar(dtype, [0, 2], value)
    yield "d scatter_reduce prod with a zero", with_zeros("scatter_reduce", (1,))
