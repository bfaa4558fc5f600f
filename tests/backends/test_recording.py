"""Numbers that replays compute anew, and the glance that tells whether a recording fits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import gnomon
from gnomon.backend import LiveNumber, LiveNumbers
from gnomon.dtypes import float16, float32
from gnomon.graph.notes import CallNotes, Glance, Items

FORMULAS: dict[str, Callable[[float], float]] = {
    "signs and sums": lambda x: -x + 1 - (2 + x) + (3 - x),
    "products": lambda x: 3 * x * 0.5 * (x / 7) / (2 / x),
    "powers": lambda x: x**0.5 + 0.9**x,
    "of Adam": lambda x: -0.1 / (1 - 0.9**x) + (1 - 0.999**x) ** 0.5,
    "one number twice": lambda x: (x + 1) * (x + 1) - x * x,
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_of_a_live_number_is_computed_anew(name: str) -> None:
    formula, count = FORMULAS[name], [1.0]
    live = formula(LiveNumber(lambda: count[0]))
    assert isinstance(live, LiveNumber) and live == formula(1.0)
    count[0] = 5.0
    assert live == formula(1.0) and live.now() == formula(5.0)


def test_numbers_together_are_those_alone_and_ask_each_source_once() -> None:
    asked = []

    def source() -> float:
        asked.append(1)
        return 2.0 + len(asked)

    live = LiveNumber(source)
    numbers = LiveNumbers([live * live, 1 / live, -(live * live)])
    asked.clear()
    assert numbers.now() == [9.0, 1 / 3, -9.0]
    assert len(asked) == 1


def test_a_long_way_from_a_source_is_gone_once() -> None:
    live = LiveNumber(lambda: 1.0)
    for _ in range(100):
        live = live + live
    assert live.now() == 2.0**100


def test_rounding_is_part_of_a_live_number() -> None:
    rate = [0.1]
    live = LiveNumber(lambda: rate[0])
    single, half = live.through(float32.convert), live.through(float16.convert)
    rate[0] = 1 / 3
    assert LiveNumbers([single, half]).now() == [
        float32.convert(1 / 3),
        float16.convert(1 / 3),
    ]
    rate[0] = 1e39
    assert single.now() == float("inf")


def test_a_glance_finds_whatever_is_not_the_same_object() -> None:
    items: dict[str, object] = {"lr": 0.1, "eps": 1e-8, "unseen": 1}
    tensor, others = gnomon.ones(2), [gnomon.ones(1)]

    def look(glance: Glance) -> None:
        glance.look_at(others, Items(items, ["lr", "eps"]))
        glance.locate([tensor])

    glance = Glance([look])
    items["unseen"] = 2
    tensor.add_(1)
    assert glance.finds_the_same
    items["lr"] = 0.2
    assert not glance.finds_the_same
    glance = Glance([look])
    others.append(others[0])
    assert not glance.finds_the_same
    glance = Glance([look])
    others[0] = others[0].clone()
    assert not glance.finds_the_same
    glance = Glance([look])
    tensor.data = gnomon.ones(2)
    assert not glance.finds_the_same


def test_an_equal_answer_from_other_objects_holds_too() -> None:
    place: list[object] = [(1, 2)]
    asked = []

    def question() -> tuple[object, ...]:
        asked.append(1)
        return tuple(place)

    notes = CallNotes({})
    notes.rely_on(place, question, lambda glance: glance.look_at(place))
    assert notes.hold()
    asked.clear()
    assert notes.hold() and not asked
    place[0] = (1, int("2"))  # equal, but not the same tuple
    assert notes.hold() and asked
    asked.clear()
    assert notes.hold() and not asked
    place[0] = (1, 3)
    assert not notes.hold()
