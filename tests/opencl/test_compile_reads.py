"""A compiled call is replayed only while its code would find outside what it found before."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

import gnomon
from gnomon import Tensor, nn, registry
from gnomon.compiler.compiled import Compiled
from gnomon.cpu import ReferenceBackend

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from .devices import default_backend

Function = Callable[[Tensor], Tensor]


class Case(NamedTuple):
    """A function, and what changes something that it finds."""

    function: Function
    change: Callable[[float], None]


FACTOR = 1.0
NUMBERS: dict[str, float] = {}


class Holder:
    """Holds a factor in all the ways there are."""

    of_class = 1.0

    def __init__(self) -> None:
        self.factor = 1.0
        self.items = [1.0, 2.0]
        self.inner: Holder | None = None

    def multiply(self, x: Tensor) -> Tensor:
        return x * self.factor

    @property
    def doubled(self) -> float:
        return 2 * self.factor

    def __call__(self, x: Tensor) -> Tensor:
        return self.multiply(x)


class Slotted:
    __slots__ = ("factor",)

    def __init__(self) -> None:
        self.factor = 1.0


class Layer(nn.Module):
    """A module with an attribute, a child, and a list of children."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = 1.0
        self.dropout = nn.Dropout(0.0)
        self.layers = nn.Sequential(nn.Identity(), nn.LeakyReLU(1.0))

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.layers(-x * self.factor))


def by_the_factor_of_this_module(x: Tensor) -> Tensor:
    return x * FACTOR


def _set_factor(value: float) -> None:
    global FACTOR
    FACTOR = value


def _of_module() -> Case:
    return Case(lambda x: by_the_factor_of_this_module(x), _set_factor)


def _of_closure() -> Case:
    factor = 1.0

    def change(value: float) -> None:
        nonlocal factor
        factor = value

    def inner(x: Tensor) -> Tensor:
        return x * factor

    return Case(lambda x: inner(x), change)


def _of_closure_of_a_tensor() -> Case:
    factor = gnomon.ones(2, device="opencl")

    def change(value: float) -> None:
        nonlocal factor
        factor = gnomon.full((2,), value, device="opencl")

    return Case(lambda x: x * factor, change)


def _of_dict() -> Case:
    NUMBERS["factor"] = 1.0
    return Case(lambda x: x * NUMBERS["factor"], lambda value: NUMBERS.update(factor=value))


def _of_object(read: Callable[[Holder, Tensor], Tensor]) -> Case:
    holder = Holder()
    return Case(lambda x: read(holder, x), lambda value: setattr(holder, "factor", value))


def _of_class() -> Case:
    def change(value: float) -> None:
        Holder.of_class = value

    return Case(lambda x: x * Holder().of_class, change)


def _of_a_derived_object() -> Case:
    holders = [Holder(), Holder()]

    def function(x: Tensor) -> Tensor:
        for holder in holders:
            x = holder.multiply(x)
        return x

    return Case(function, lambda value: setattr(holders[1], "factor", value))


def _of_inner_object() -> Case:
    holder = Holder()
    holder.inner = Holder()
    return Case(
        lambda x: x * holder.inner.factor if holder.inner else x,
        lambda value: setattr(holder.inner, "factor", value),
    )


def _of_list() -> Case:
    holder = Holder()

    def change(value: float) -> None:
        holder.items[1] = value

    return Case(lambda x: x * sum(holder.items), change)


def _of_slot() -> Case:
    slotted = Slotted()
    return Case(lambda x: x * slotted.factor, lambda value: setattr(slotted, "factor", value))


def _of_layer(change: Callable[[Layer, float], None]) -> Case:
    layer = Layer()
    return Case(lambda x: layer(x), lambda value: change(layer, value))


def _replace(layer: Layer, value: float) -> None:
    layer.layers[1] = nn.LeakyReLU(value)


CASES: dict[str, Callable[[], Case]] = {
    "a variable of a module": _of_module,
    "a variable of a closure": _of_closure,
    "a tensor of a closure": _of_closure_of_a_tensor,
    "an item of a dict": _of_dict,
    "an item of a list": _of_list,
    "an attribute": lambda: _of_object(lambda holder, x: x * holder.factor),
    "an attribute behind a method": lambda: _of_object(lambda holder, x: holder.multiply(x)),
    "an attribute behind a property": lambda: _of_object(lambda holder, x: x * holder.doubled),
    "an attribute behind a call": lambda: _of_object(lambda holder, x: holder(x)),
    "an attribute of an attribute": _of_inner_object,
    "an attribute of an item": _of_a_derived_object,
    "an attribute of a class": _of_class,
    "a slot": _of_slot,
    "an attribute of a layer": lambda: _of_layer(lambda a, v: setattr(a, "factor", v)),
    "an option of a layer": lambda: _of_layer(
        lambda a, v: setattr(a.layers[1], "negative_slope", v)
    ),
    "a layer": lambda: _of_layer(_replace),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_read_is_as_it_is_by_then(name: str) -> None:
    default_backend()
    function, change = CASES[name]()
    compiled = gnomon.compile(function)
    assert isinstance(compiled, Compiled)
    x = gnomon.tensor([1.0, -2.0], device="opencl")
    for value in (1.0, 2.0, 0.5):
        change(value)
        expected = function(x).tolist()
        assert [compiled(x).tolist() for _ in range(4)] == [expected] * 4
        assert compiled.explain().startswith("replayed")


def test_what_lies_beside_a_backend_of_the_program_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Own(ReferenceBackend):
        """Lies among these tests as a program's own backend lies among its code."""

    default_backend()
    own = {gnomon.device("own", 0): Own()}
    monkeypatch.setattr(registry, "_backends", {**registry._backends, **own})
    holder = Holder()
    compiled = gnomon.compile(lambda x: holder.multiply(x))
    x = gnomon.ones(2, device="opencl")
    for value in (1.0, 2.0):
        holder.factor = value
        assert [compiled(x).tolist() for _ in range(4)] == [[value, value]] * 4


def test_what_is_not_read_may_change() -> None:
    default_backend()
    holder = Holder()
    compiled = gnomon.compile(lambda x: x * holder.factor)
    assert isinstance(compiled, Compiled)
    x = gnomon.ones(2, device="opencl")
    for count in range(6):
        holder.items.append(count)
        holder.inner = Holder()
        assert compiled(x).tolist() == [1.0, 1.0]
    assert compiled.explain().startswith("replayed")


def test_a_call_that_changes_what_it_reads_runs_as_ever() -> None:
    default_backend()
    holder = Holder()

    def count(x: Tensor) -> Tensor:
        holder.factor += 1
        return x * 2

    compiled = gnomon.compile(count)
    assert isinstance(compiled, Compiled)
    for _ in range(5):
        compiled(gnomon.ones(2, device="opencl"))
    assert holder.factor == 6.0
    assert "the call changed factor, which it may read" in compiled.explain()
