"""Where random numbers come from: generators, their states, the streams of other devices."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import gnomon as torch
from backends.accelerator import ToyBackend
from gnomon import registry
from gnomon.dtypes import float32, int64
from gnomon.generator import MersenneTwister, PhiloxGenerator, philox, philox_normal
from gnomon.layout import Layout
from gnomon.op.random_generator import twister_of
from gnomon.op.random_source import RandomSource
from gnomon.ops import random

LAYOUT = Layout.contiguous((2, 3))


@pytest.fixture
def toy() -> Iterator[ToyBackend]:
    """An accelerator, on which a draw without a definition on Philox would be an error."""
    before = dict(registry._backends)
    backend = ToyBackend(0, frozenset({"randperm", "cauchy", "geometric"}))
    registry.register_backend(backend)
    yield backend
    registry._backends.clear()
    registry._backends.update(before)


def test_a_seed_gives_the_same_numbers_again() -> None:
    first = torch.manual_seed(3) and torch.rand(5)
    assert torch.manual_seed(3) is torch.default_generator
    assert torch.equal(torch.rand(5), first)
    assert torch.initial_seed() == 3
    assert not torch.equal(torch.rand(5), first)


def test_seed_asks_for_entropy() -> None:
    assert torch.seed() == torch.initial_seed()
    assert torch.seed() != torch.seed()


def test_a_generator_does_not_touch_the_default_one() -> None:
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.manual_seed(0)
    torch.rand(2, generator=torch.Generator(torch.get_default_device()).manual_seed(9))
    assert torch.equal(torch.rand(2), expected)


def test_a_state_is_gone_back_to() -> None:
    generator = torch.Generator(torch.get_default_device()).manual_seed(1)
    torch.randn(3, generator=generator)
    state = generator.get_state()
    twin = generator.clone_state()
    expected = torch.randn(5, generator=generator)
    assert torch.equal(torch.randn(5, generator=twin), expected)
    generator.set_state(state)
    assert torch.equal(torch.randn(5, generator=generator), expected)


def test_fork_rng_leaves_no_trace() -> None:
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.manual_seed(0)
    with torch.random.fork_rng():
        torch.rand(7)
    assert torch.equal(torch.rand(2), expected)


def test_fork_rng_forks_the_generators_of_accelerators(toy: ToyBackend) -> None:
    def drawn() -> list[float]:
        values: list[float] = torch.rand(2, device="toy:0").tolist()
        return values

    torch.manual_seed(0)
    expected = drawn()
    for devices in (None, ["toy:0"]):
        torch.manual_seed(0)
        with torch.random.fork_rng(devices):
            drawn()
        assert drawn() == expected
    torch.manual_seed(0)
    with torch.random.fork_rng([]):
        drawn()
    assert drawn() != expected


@pytest.mark.parametrize(
    ("record", "parameters", "expected"),
    [
        (random.UNIFORM, (0.0, 2.0), philox.uniform(5, 1, 6, float32, 0.0, 2.0)),
        (random.NORMAL, (1.0, 2.0), philox_normal.normal(5, 1, 6, float32, 1.0, 2.0)),
        (random.EXPONENTIAL, (2.0,), philox_normal.exponential(5, 1, 6, float32, 2.0)),
        (random.BERNOULLI, (0.4,), [float(x) for x in philox.bernoulli(5, 1, 6, 0.4)]),
        (random.RANDINT, (3, 9), [float(x) for x in philox.randint(5, 1, 6, 3, 9)]),
    ],
    ids=lambda value: value.name if isinstance(value, RandomSource) else "",
)
def test_accelerators_draw_from_philox(
    record: RandomSource, parameters: tuple[float, ...], expected: list[float]
) -> None:
    stream = PhiloxGenerator(5)
    stream.next_offset()
    assert list(record.generate(LAYOUT, float32, parameters, stream)) == expected
    assert stream.next_offset() == 2


def test_numbers_of_philox_do_not_depend_on_strides() -> None:
    drawn = random.UNIFORM.generate(LAYOUT, float32, (0.0, 1.0), PhiloxGenerator(1))
    transposed = Layout.contiguous((3, 2)).transpose(0, 1)
    again = random.UNIFORM.generate(transposed, float32, (0.0, 1.0), PhiloxGenerator(1))
    assert list(drawn) == list(again)


def test_draws_without_a_kernel_come_from_a_twister_that_philox_seeds() -> None:
    assert random.RANDPERM.philox is None
    first, second = PhiloxGenerator(5), PhiloxGenerator(5)
    drawn = random.RANDPERM.generate(Layout.contiguous((9,)), int64, (), twister_of(first))
    assert drawn == random.RANDPERM.generate(
        Layout.contiguous((9,)), int64, (), twister_of(second)
    )
    (seed,) = philox.words64(5, 0, 1)
    assert twister_of(PhiloxGenerator(5)).words(3) == MersenneTwister(seed).words(3)
    assert first.next_offset() == 1


def test_an_accelerator_draws_by_probabilities_from_philox(toy: ToyBackend) -> None:
    torch.manual_seed(5)
    chances = torch.tensor([[0.0, 0.3, 1.0], [0.5, 0.9, 0.1]], device="toy:0")
    units = philox.uniform(5, 0, 6, float32, 0.0, 1.0)
    drawn = torch.bernoulli(chances)
    assert drawn.flatten().tolist() == [
        float(unit < chance)
        for unit, chance in zip(units, chances.flatten().tolist(), strict=True)
    ]
    with pytest.raises(RuntimeError, match=r"every p must lie in \[0, 1\]"):
        torch.bernoulli(chances + 0.5)
    with pytest.raises(RuntimeError, match=r"every p must lie in \[0, 1\]"):
        torch.empty(2, 3, device="toy:0").bernoulli_(chances * torch.nan)


@pytest.mark.parametrize("replacement", [False, True])
def test_an_accelerator_draws_categories_by_weight(toy: ToyBackend, replacement: bool) -> None:
    torch.manual_seed(0)
    weights = torch.tensor([[0.0, 1.0, 3.0, 0.0], [0.0, 0.0, 7.0, 7.0]], device="toy:0")
    drawn = torch.multinomial(weights, 2, replacement)
    assert drawn.shape == (2, 2)
    assert set(drawn[0].tolist()) <= {1, 2}
    assert set(drawn[1].tolist()) <= {2, 3}
    assert replacement or all(len(set(row)) == 2 for row in drawn.tolist())
    counts = torch.multinomial(weights[0], 600, True).bincount(minlength=4).tolist()
    # Within four standard deviations, the root of 600 * 1/4 * 3/4, of a quarter.
    assert abs(counts[1] - 150) < 4 * 10.7
    assert counts[0] == counts[3] == 0
    for bad in (weights - 1, weights / 0, weights * 0):
        with pytest.raises(RuntimeError, match="multinomial"):
            torch.multinomial(bad, 1, replacement)


def test_probabilities_for_a_smaller_tensor_are_refused(toy: ToyBackend) -> None:
    target = torch.zeros(3, device="toy:0")
    with pytest.raises(RuntimeError):
        target.bernoulli_(torch.full((2, 3), 1.0, device="toy:0"))
    assert target.tolist() == [0, 0, 0]
    assert target.bernoulli_(torch.ones(1, device="toy:0")).tolist() == [1, 1, 1]


@pytest.mark.parametrize("weights", [[3e38, 3e38, 0.0], [0.0, 1e-45, 0.0], [1e-45, 0.0, 1e-45]])
def test_categories_are_those_of_weight_however_large(
    toy: ToyBackend, weights: list[float]
) -> None:
    drawn = torch.multinomial(torch.tensor(weights, device="toy:0"), 40, True).tolist()
    assert set(drawn) == {place for place, weight in enumerate(weights) if weight}


def test_an_accelerator_permutes_by_the_order_of_words(toy: ToyBackend) -> None:
    torch.manual_seed(7)
    words = philox.randint(7, 0, 9, -(2**63), 2**63)
    order = torch.randperm(9, device="toy:0")
    assert order.tolist() == sorted(range(9), key=words.__getitem__)
    assert torch.randperm(0, device="toy:0").shape == (0,)
    assert torch.randperm(5, device="toy:0", dtype=torch.float32).dtype is torch.float32


def test_a_bad_parameter_leaves_the_tensor_and_the_stream_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.manual_seed(0)
    x = torch.ones(3)
    for draw in (
        lambda: x.uniform_(2, 1),
        lambda: x.normal_(0, -1),
        lambda: x.bernoulli_(1.5),
        lambda: x.random_(5, 2),
    ):
        with pytest.raises(RuntimeError):
            draw()
    assert x.tolist() == [1, 1, 1]
    assert torch.equal(torch.rand(2), expected)


def test_fresh_numbers_count_no_writes() -> None:
    assert torch.rand(2)._version == 0
    assert torch.zeros(2)._version == 0
    assert torch.zeros(2).uniform_()._version == 1


def test_another_device_draws_from_its_own_stream(toy: ToyBackend) -> None:
    torch.manual_seed(5)
    expected = philox.uniform(5, 0, 3, float32)
    assert torch.rand(3, device="toy:0").tolist() == expected
    assert torch.rand(3, device="toy:0").tolist() == philox.uniform(5, 1, 3, float32)
    generator = torch.Generator("toy:0").manual_seed(5)
    assert torch.rand(3, device="toy:0", generator=generator).tolist() == expected
    assert len(generator.get_state()) == 16
    with pytest.raises(RuntimeError, match="'toy:0' device type for generator"):
        torch.rand(3, device="toy:0", generator=torch.Generator())


def test_every_draw_works_on_another_device(toy: ToyBackend) -> None:
    draws = (
        lambda: torch.randperm(5, device="toy:0"),
        lambda: torch.zeros(4, device="toy:0").cauchy_(),
        lambda: torch.zeros(2, 3, device="toy:0").t().geometric_(0.3),
        lambda: torch.zeros(4, device="toy:0").random_(7),
        lambda: torch.zeros(4, dtype=torch.int8, device="toy:0").random_(),
        lambda: torch.bernoulli(torch.full((4,), 0.5, device="toy:0")),
        lambda: torch.poisson(torch.full((4,), 5.0, device="toy:0")),
        lambda: torch.multinomial(torch.ones(2, 4, device="toy:0"), 2),
        lambda: torch.normal(torch.zeros(3, device="toy:0"), 2.0),
        lambda: torch.dropout(torch.ones(9, device="toy:0"), 0.5, True),
    )
    for draw in draws:
        torch.manual_seed(1)
        first, second = draw(), draw()
        torch.manual_seed(1)
        again = draw()
        assert str(again.device) == "toy:0"
        assert again.tolist() == first.tolist()
        assert first.numel() < 5 or first.tolist() != second.tolist()
