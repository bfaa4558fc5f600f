"""Small programs that index, each a function of the module to run it with.

The module is gnomon or PyTorch. What a program does is *observed*: the values, shape, dtype,
strides and ``grad_fn`` of the tensors it returns, their first and second derivatives, or the
class of the error it raises.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

Torch = Any  # gnomon or torch: the programs run with either
Value = Any  # a tensor of that module, or what it returns
Program = Callable[[Torch], Value]
Observation = Any  # what JSON can hold

DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")


def observe(t: Torch, program: Program) -> Observation:
    """Return what ``program`` shows when it runs with ``t``."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = program(t)
        except Exception as error:
            return {"error": base_class(error)}
        shown = describe(t, result)
    deprecated = [w for w in caught if "indexing" in str(w.message)]
    return {"result": shown, "deprecated": len(deprecated)}


def base_class(error: Exception) -> str:
    """Return the builtin class that a program would catch ``error`` as."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")


def describe(t: Torch, value: Value) -> Observation:
    if isinstance(value, tuple | list):
        return [describe(t, part) for part in value]
    if not isinstance(value, t.Tensor):
        return value
    shape = list(value.shape)
    strides = [
        stride if size > 1 and 0 not in shape else None
        for size, stride in zip(shape, value.stride(), strict=True)
    ]
    values = [repr(element) for element in flat(value.detach().tolist())]
    return {
        "shape": shape,
        "strides": strides,
        "dtype": str(value.dtype),
        "values": values,
        "grad_fn": node_name(value.grad_fn),
    }


def node_name(node: Value) -> str | None:
    """Return the name of a ``grad_fn``, without the namespace PyTorch gives some."""
    return None if node is None else node.name().rpartition("::")[2]


def flat(value: Value) -> Iterator[Value]:
    if isinstance(value, list):
        for part in value:
            yield from flat(part)
    else:
        yield value


def filled(t: Torch, *shape: int, dtype: str = "float32", start: int = 0) -> Value:
    """Return a tensor of the numbers from ``start`` on."""
    count = 1
    for size in shape:
        count *= size
    numbers = list(range(start, start + count))
    return t.tensor(numbers, dtype=getattr(t, dtype)).reshape(shape)


def weights(t: Torch, shape: Value) -> Value:
    """Return a fixed cotangent with no two equal elements."""
    return filled(t, *shape, dtype="float64", start=3) / 7


def derivatives(function: Callable[..., Value], *shapes: tuple[int, ...]) -> Program:
    """Return a program that shows a function's value and its first and second derivatives."""

    def program(t: Torch) -> Value:
        inputs = [
            (filled(t, *shape, dtype="float64", start=2 + 5 * position) / 3).requires_grad_()
            for position, shape in enumerate(shapes)
        ]
        result = function(t, *inputs)
        (result * result * weights(t, result.shape)).sum().backward(create_graph=True)
        first = [x.grad for x in inputs]
        for x in inputs:
            x.grad = None
        total = sum((g * g * weights(t, g.shape)).sum() for g in first if g is not None)
        if isinstance(total, t.Tensor) and total.grad_fn is not None:
            total.backward()
        second = [x.grad for x in inputs]
        return [
            rounded(t, result),
            *[None if g is None else rounded(t, g) for g in first],
            *[None if g is None else rounded(t, g) for g in second],
        ]

    return program


def rounded(t: Torch, value: Value) -> list[str]:
    """Return the elements to 10 digits: the order of sums differs."""
    return [f"{element:.9e}" for element in flat(value.detach().tolist())]


# -- keys ---------------------------------------------------------------------------------

# Expressions in ``t`` and ``n`` (NumPy is not needed to run them).
KEYS = """
0
-1
3
-4
1, 2, 3
0, 0, 0, 0
..., 0
..., 0, 0, 0
0, ...
1, ..., 2
..., ...
()
...
None
None, 0, None
0, None, 1
:
1:
:-1
::2
5:
-100:100
2:1
1:3, 2:, ::3
:, 1
:, :, 1
:, :
..., 1:2
::-1
::0
1.5
"a"
True
False
True, False
True, 0
0, True
None, True
[0, 2]
[0, -1]
[]
[[]]
[3]
[-4]
[True, False, True]
[True, False]
(0, 1), 1
range(2)
range(0)
[0, 1], [1, 2]
[0, 1], :, [1, 2]
:, [0, 1], [1, 2]
:, [0, 1]
:, :, [0, 1, 0]
[0], :, [1, 2]
0, [1, 2]
[1, 2], 0
[1, 2], :, 0
0, :, [1, 2]
[[0, 1], [1, 2]], 1
:, [[0, 1], [1, 2]]
[[0], [1]], [[0, 1, 2]]
[0, 1], [1, 2, 0]
None, [0, 1]
[0, 1], None
[0, 1], None, [1, 2]
..., [0, 1]
[0, 1], ...
[0, 1], ..., [1, 2]
[0, 1], 1:, [1, 2]
1:, [0, 1], 2
[[0, 1], [1, 2]]
[slice(1), slice(2)]
[None, 0]
t.tensor(1)
t.tensor(-1)
t.tensor(3)
t.tensor(True)
t.tensor(False)
t.tensor(1, dtype=t.uint8)
t.tensor([1, 0], dtype=t.int32)
t.tensor([1, 0], dtype=t.int16)
t.tensor([1, 0], dtype=t.int8)
t.tensor([1.0])
t.tensor(1.0)
t.tensor([1, 0, 1], dtype=t.uint8)
t.tensor([], dtype=t.int64)
t.tensor([])
t.tensor([[0, 2], [1, 1]])
t.tensor([[0, 2], [1, 1]]).t()
t.tensor([True, False, True])
t.tensor([True, False])
t.ones(3, 4) > 0
t.ones(3, 4) < 0
t.ones(3, 3) > 0
t.arange(60).reshape(3, 4, 5) % 7 == 3
t.arange(12).reshape(3, 4) % 5 == 1
t.arange(12).reshape(3, 4) % 5 == 1, 0
t.arange(12).reshape(3, 4) % 5 == 1, slice(1, 3)
t.arange(12).reshape(3, 4) % 5 == 1, ...
t.arange(12).reshape(3, 4) % 5 == 1, None
t.arange(12).reshape(3, 4) % 5 == 1, [0]
:, t.arange(20).reshape(4, 5) % 6 == 1
..., t.arange(20).reshape(4, 5) % 6 == 1
0, t.tensor([True, False, True, False])
t.tensor([True, False, True]), t.tensor([True, False, True, False])
t.tensor([True, False, True]), :, [1, 2]
t.tensor(1), t.tensor([0, 1])
slice(t.tensor(1), t.tensor(3))
[t.tensor(0), t.tensor(1)], 0
""".strip().splitlines()


class _Key:
    def __getitem__(self, key: Value) -> Value:
        return key


def key_of(t: Torch, text: str) -> Value:
    return eval(f"_key[{text}]", {"_key": _Key(), "t": t})


SOURCES: dict[str, Callable[[Torch], Value]] = {
    "3x4x5": lambda t: filled(t, 3, 4, 5),
    "permuted": lambda t: filled(t, 5, 3, 4).permute(1, 2, 0),
    "stepped": lambda t: filled(t, 3, 8, 5)[:, ::2],
}


def read(source: str, key: str) -> Program:
    return lambda t: SOURCES[source](t)[key_of(t, key)]


def read_tracked(key: str) -> Program:
    return lambda t: filled(t, 3, 4, 5).requires_grad_()[key_of(t, key)]


def write_number(source: str, key: str) -> Program:
    def program(t: Torch) -> Value:
        x = SOURCES[source](t).clone()
        x[key_of(t, key)] = -1
        return x

    return program


def write_tensor(key: str, shape: tuple[int, ...]) -> Program:
    def program(t: Torch) -> Value:
        x = filled(t, 3, 4, 5)
        x[key_of(t, key)] = filled(t, *shape, start=100)
        return x

    return program


def write_tracked(key: str, number: bool) -> Program:
    def function(t: Torch, x: Value, v: Value) -> Value:
        y = x.clone()
        y[key_of(t, key)] = 7 if number else v
        return y

    return derivatives(function, (3, 4, 5), ())


def keys() -> Iterator[tuple[str, Program]]:
    for key in KEYS:
        for source in SOURCES:
            yield f"x[{key}] of {source}", read(source, key)
        yield f"x[{key}] tracked", read_tracked(key)
        yield f"x[{key}] = -1", write_number("3x4x5", key)
        yield f"x[{key}] = -1 of a permuted", write_number("permuted", key)
        for shape in ((), (1,), (5,), (2, 1), (1, 1, 4, 5), (2, 2, 2)):
            yield f"x[{key}] = v{list(shape)}", write_tensor(key, shape)
    for key in KEYS[::3]:
        yield f"d x[{key}]", derivatives(lambda t, x, key=key: x[key_of(t, key)], (3, 4, 5))
        yield f"d (x[{key}] = v)", write_tracked(key, False)
        yield f"d (x[{key}] = 7)", write_tracked(key, True)
