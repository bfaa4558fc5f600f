"""Every draw gives PyTorch's numbers and leaves PyTorch's generator state, byte for byte."""

from __future__ import annotations

import pytest

from generator.draws import COUNTS, FAMILIES, WIDE, assert_close, dtype_named
from gnomon.generator import MersenneTwister
from gnomon.generator.categories import multinomial
from gnomon.generator.gamma import dirichlet
from gnomon.generator.integers import randint, random_from
from gnomon.generator.normal import normal
from gnomon.generator.uniform import bernoulli, uniform

torch = pytest.importorskip("torch", reason="the oracle of this file is PyTorch")
oracle = pytest.importorskip("generator.oracle", reason="it needs PyTorch")

CASES = [(name, dtype) for name, family in FAMILIES.items() for dtype in family.dtypes]


@pytest.mark.parametrize(("name", "dtype"), CASES)
@pytest.mark.filterwarnings("ignore:.*out of bounds.*:UserWarning")
def test_numbers_and_state(name: str, dtype: str) -> None:
    family = FAMILIES[name]
    for seed in (0, 1, 2**40 + 7):
        for count in (*COUNTS, 640):
            for arguments in family.arguments:
                expected = oracle.draw(name, dtype, count, arguments, seed)
                generator = MersenneTwister(seed)
                actual = family.draw(generator, count, dtype_named(dtype), arguments)
                assert_close(actual, expected, family, dtype)
                assert generator.state_bytes() == oracle.state()


@pytest.mark.parametrize("dtype", FAMILIES["normal"].dtypes)
def test_large_draws(dtype: str) -> None:
    for name in ("normal", "uniform"):
        expected = oracle.draw(name, dtype, 30011, (-0.3, 0.7), 3)
        actual = FAMILIES[name].draw(MersenneTwister(3), 30011, dtype_named(dtype), (-0.3, 0.7))
        assert_close(actual, expected, FAMILIES[name], dtype)


def test_a_sequence_of_draws_shares_the_spare_normal() -> None:
    generator = MersenneTwister(11)
    torch.manual_seed(11)
    for count in (1, 3, 20, 1, 2, 624, 5):
        for dtype in WIDE:
            ours = normal(generator, count, dtype_named(dtype))
            theirs = torch.randn(count, dtype=getattr(torch, dtype)).tolist()
            assert_close(ours, theirs, FAMILIES["normal"], dtype)
            assert generator.state_bytes() == oracle.state()


def test_states_travel_both_ways() -> None:
    torch.manual_seed(9)
    torch.randn(3)
    generator = MersenneTwister.from_state_bytes(oracle.state())
    float64 = dtype_named("float64")
    assert normal(generator, 1, float64) == torch.randn(1, dtype=torch.float64).tolist()
    uniform(generator, 1000, float64)
    torch.set_rng_state(torch.tensor(list(generator.state_bytes()), dtype=torch.uint8))
    assert uniform(generator, 5, float64) == torch.rand(5, dtype=torch.float64).tolist()
    assert generator.initial_seed() == torch.initial_seed() == 9


@pytest.mark.parametrize("seed", [0, 1, -1, -(2**63), 2**63, 2**64 - 1, 67280421310721])
def test_seeds(seed: int) -> None:
    theirs = torch.Generator().manual_seed(seed)
    ours = MersenneTwister().manual_seed(seed)
    assert ours.initial_seed() == theirs.initial_seed()
    assert ours.state_bytes() == bytes(theirs.get_state().tolist())


@pytest.mark.parametrize("seed", [-(2**63) - 1, 2**64, True, 1.5, "1"])
def test_bad_seeds_raise_what_pytorch_raises(seed: object) -> None:
    with pytest.raises((ValueError, RuntimeError)) as theirs:
        torch.Generator().manual_seed(seed)
    with pytest.raises(theirs.type):
        MersenneTwister().manual_seed(seed)  # type: ignore[arg-type]  # that is the test


def test_dropout_is_a_bernoulli_of_what_is_kept() -> None:
    torch.manual_seed(4)
    theirs = torch.nn.functional.dropout(torch.ones(200), 0.3) != 0
    assert bernoulli(MersenneTwister(4), 200, 1 - 0.3) == theirs.tolist()


@pytest.mark.parametrize(("count", "replacement"), [(1, False), (3, True), (4, False)])
@pytest.mark.parametrize("dtype", WIDE)
def test_multinomial_draws_a_matrix_row_after_row(
    dtype: str, count: int, replacement: bool
) -> None:
    rows = [[1.0, 2.0, 3.0, 4.0, 0.5], [0.0, 5.0, 1.0, 1.0, 7.0], [1.0, 1.5, 2.5, 3.5, 4.5]]
    torch.manual_seed(8)
    theirs = torch.multinomial(
        torch.tensor(rows, dtype=getattr(torch, dtype)), count, replacement
    )
    generator = MersenneTwister(8)
    ours = [
        multinomial(generator, row, count, dtype_named(dtype), replacement=replacement)
        for row in rows
    ]
    assert ours == theirs.tolist()


@pytest.mark.parametrize("dtype", WIDE)
def test_dirichlet(dtype: str) -> None:
    shapes = [0.5, 1.0, 2.0, 7.0, 3.0]
    theirs = torch.tensor(shapes, dtype=getattr(torch, dtype))
    for seed in range(20):
        torch.manual_seed(seed)
        expected = torch._sample_dirichlet(theirs).tolist()
        actual = dirichlet(MersenneTwister(seed), shapes, dtype_named(dtype))
        # PyTorch's total of five numbers is within 4 roundings of the exact one.
        assert actual == pytest.approx(expected, rel=6 * torch.finfo(theirs.dtype).eps, abs=0)


@pytest.mark.parametrize("dtype", [*FAMILIES["random_full"].dtypes])
@pytest.mark.filterwarnings("ignore:.*out of bounds.*:UserWarning")
def test_integer_ranges_are_refused_where_pytorch_refuses_them(dtype: str) -> None:
    edges = (-(2**63), -(2**31), -129, -1, 0, 1, 2, 127, 128, 256, 2**11, 65504, 65506, 2**31)
    for low in edges:
        for high in (*edges, None):
            torch.manual_seed(2)
            tensor = torch.empty(20, dtype=getattr(torch, dtype))
            try:
                expected = tensor.random_(low, high).tolist()
            except (RuntimeError, NotImplementedError):
                expected = None
            generator, named = MersenneTwister(2), dtype_named(dtype)
            try:
                actual = (
                    random_from(generator, 20, named, low)
                    if high is None
                    else randint(generator, 20, named, low, high)
                )
            except RuntimeError:
                assert expected is None, (low, high)
            else:
                assert actual == expected, (low, high)
