"""What reductions, scans and sorts mean, where no PyTorch is installed."""

from __future__ import annotations

import copy
import math
import pickle
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gnomon as torch
from device import IS_REFERENCE, without_device
from gnomon.composite.searching import insertion_points

INF, NAN = math.inf, math.nan
FINITE = st.floats(-1e6, 1e6, width=32)


def rounded(exact: Fraction, dtype: torch.dtype) -> float:
    """Return the exact value rounded to float64 and then to ``dtype``."""
    return torch.tensor(float(exact), dtype=torch.float64).to(dtype).item()


@given(st.lists(FINITE, max_size=30))
def test_sums_are_the_exact_sum_rounded(values: list[float]) -> None:
    exact = sum((Fraction(value) for value in values), Fraction(0))
    for dtype in (torch.float64, torch.float32):
        total = torch.tensor(values, dtype=dtype).sum().item()
        if IS_REFERENCE:
            assert total == rounded(exact, dtype)
        else:
            size = math.fsum(map(abs, values))
            slack = len(values) * torch.finfo(dtype).eps * size
            assert math.isclose(total, exact, abs_tol=slack)


def test_half_precision_means_do_not_overflow_in_between() -> None:
    x = torch.tensor([60000.0, 60000.0, 60000.0], dtype=torch.float16)
    assert x.sum().item() == INF
    assert x.mean().item() == 60000.0


def test_variance_keeps_small_deviations_of_large_numbers() -> None:
    x = torch.tensor([1e8 + 4, 1e8 + 7, 1e8 + 13, 1e8 + 16], dtype=torch.float64)
    assert x.var().item() == 30.0


@given(st.lists(st.one_of(FINITE, st.just(NAN)), min_size=1, max_size=12))
def test_extremes_and_their_places(values: list[float]) -> None:
    x = torch.tensor(values)
    for extreme, arg, chosen in (
        (torch.max, torch.argmax, max),
        (torch.min, torch.argmin, min),
    ):
        places = [place for place, value in enumerate(values) if value != value]
        if not places:
            places = [place for place, value in enumerate(values) if value == chosen(values)]
        found = extreme(x, 0)
        assert found.indices.item() == arg(x).item() == places[0]
        kept = values[places[0]]
        assert found.values.item() == kept or kept != kept


@given(st.lists(st.one_of(st.integers(-3, 3).map(float), st.just(NAN)), max_size=12))
def test_sorting_is_stable_with_nan_last(values: list[float]) -> None:
    ordered = sorted(range(len(values)), key=lambda k: (values[k] != values[k], values[k]))
    numbers = [k for k in ordered if values[k] == values[k]]
    nans = [k for k in range(len(values)) if values[k] != values[k]]
    assert torch.sort(torch.tensor(values, dtype=torch.float64)).indices.tolist() == (
        sorted(numbers, key=lambda k: values[k]) + nans
    )
    down = torch.sort(torch.tensor(values, dtype=torch.float64), descending=True)
    assert down.indices.tolist() == nans + sorted(numbers, key=lambda k: -values[k])


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=15))
def test_distinct_elements_tell_the_whole_story(values: list[int]) -> None:
    x = torch.tensor(values)
    distinct, inverse, counts = torch.unique(x, return_inverse=True, return_counts=True)
    assert distinct.tolist() == sorted(set(values))
    assert [distinct.tolist()[k] for k in inverse.tolist()] == values
    assert dict(zip(distinct.tolist(), counts.tolist(), strict=True)) == Counter(values)
    most = max(Counter(values).values())
    mode, place = torch.mode(x)
    assert mode.item() == min(k for k, count in Counter(values).items() if count == most)
    assert place.item() == max(k for k, value in enumerate(values) if value == mode.item())


@given(st.lists(FINITE, max_size=12), st.lists(FINITE, max_size=6))
def test_searching_counts_what_is_smaller(boundaries: list[float], values: list[float]) -> None:
    ordered = sorted(boundaries)
    sequence, sought = torch.tensor(ordered), torch.tensor(values)
    left = [sum(b < v for b in ordered) for v in sought.tolist()]
    right = [sum(b <= v for b in ordered) for v in sought.tolist()]
    assert torch.searchsorted(sequence, sought).tolist() == left
    assert torch.searchsorted(sequence, sought, right=True).tolist() == right
    assert torch.bucketize(sought, sequence).tolist() == left


@given(
    st.lists(st.one_of(FINITE, st.just(NAN)), max_size=9),
    st.lists(st.one_of(FINITE, st.just(NAN)), max_size=9),
    st.booleans(),
)
def test_the_search_kernel_agrees_with_its_decomposition(
    boundaries: list[float], values: list[float], right: bool
) -> None:
    sequence = torch.tensor(sorted(boundaries, key=lambda value: (value != value, value)))
    sought = torch.tensor([*values, *boundaries])
    plain = insertion_points.decompose(sequence, sought, right)
    assert torch.searchsorted(sequence, sought, right=right).tolist() == plain.tolist()


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=12))
def test_scans_agree_with_reductions_of_what_came_before(values: list[int]) -> None:
    x = torch.tensor(values)
    for place in range(1, len(values) + 1):
        before = x[:place]
        assert x.cumsum(0)[place - 1].item() == before.sum().item()
        assert x.cumprod(0)[place - 1].item() == before.prod().item()
        assert x.cummax(0).values[place - 1].item() == before.max().item()
        assert x.cummin(0).values[place - 1].item() == before.min().item()


def test_empty_reductions() -> None:
    nothing = torch.tensor([])
    assert nothing.sum().item() == 0 and nothing.prod().item() == 1
    assert math.isnan(nothing.mean().item())
    assert nothing.any().item() is False and nothing.all().item() is True
    assert nothing.logsumexp(0).item() == -INF and nothing.norm().item() == 0
    for call in (nothing.max, nothing.min, nothing.amax, lambda: torch.aminmax(nothing)):
        with pytest.raises(RuntimeError, match=r"numel\(\) == 0"):
            call()
    for along in (torch.max, torch.amin, torch.argmax, torch.median, torch.mode):
        with pytest.raises(IndexError, match="non-zero size"):
            along(nothing, 0)


def test_ties_share_gradients_or_the_place_found_has_it() -> None:
    def gradient(of: str) -> list[float]:
        x = torch.tensor([3.0, 1.0, 3.0], requires_grad=True)
        result: torch.Tensor = eval(of, {"x": x})
        result.backward()
        assert x.grad is not None
        values: list[float] = x.grad.tolist()
        return values

    assert gradient("x.amax()") == gradient("x.max()") == [0.5, 0.0, 0.5]
    assert gradient("x.max(0).values") == [1.0, 0.0, 0.0]
    assert gradient("x.median()") == [0.5, 0.0, 0.5]
    assert gradient("x.cummax(0).values.sum()") == [2.0, 0.0, 1.0]
    assert gradient("(x - 3).prod()") == [0.0, 0.0, 0.0]
    assert gradient("(x - 1).prod()") == [0.0, 4.0, 0.0]
    assert gradient("(x - x.detach()).norm()") == [0.0, 0.0, 0.0]


def test_out_has_the_last_word_on_the_dtype_of_a_sum_only() -> None:
    x = torch.tensor([1.5, 2.0])
    assert torch.sum(x, 0, out=torch.empty(0, dtype=torch.float64)).dtype is torch.float64
    values, indices = torch.empty(0), torch.empty(0, dtype=torch.int64)
    found = torch.max(x, 0, out=(values, indices))
    assert found.values is values and values.item() == 2.0 and indices.item() == 1
    with pytest.raises(RuntimeError, match="dtype"):
        torch.amax(x, 0, out=torch.empty(0, dtype=torch.float64))
    with pytest.raises(RuntimeError, match="dtype"):
        torch.sum(x, 0, dtype=torch.float32, out=torch.empty(0, dtype=torch.float64))


def test_pairs_are_tuples_with_names() -> None:
    found = torch.max(torch.tensor([[1, 3], [4, 2]]), 1)
    assert without_device(repr(found)) == (
        "torch.return_types.max(\nvalues=tensor([3, 4]),\nindices=tensor([1, 0]))"
    )
    values, indices = found
    assert isinstance(found, tuple) and len(found) == 2
    assert found.values is values is found[0] and found.indices is indices
    again = pickle.loads(pickle.dumps(torch.return_types.sort((1, 2))))
    assert type(again) is torch.return_types.sort and again == (1, 2)
    assert copy.copy(again) == (1, 2)


def test_numpy_names_of_arguments() -> None:
    x = torch.tensor([[1.0, 2.0], [3.0, 5.0]])
    assert x.sum(axis=0, keepdims=True).tolist() == [[4.0, 7.0]]
    assert torch.argmax(x, axis=1).tolist() == [1, 1]
    with pytest.raises(TypeError):
        x.sum(columns=1)
    with pytest.raises(TypeError):
        x.sum(dim=1, axis=1)


def test_degrees_of_freedom() -> None:
    x = torch.tensor([1.0, 3.0])
    assert x.var().item() == 2.0 and x.var(False).item() == 1.0
    assert torch.var(x, 0, unbiased=False).item() == torch.var(x, correction=0).item() == 1.0
    with pytest.warns(UserWarning, match="degrees of freedom"):
        assert math.isnan(torch.var(x[:1]).item())
    with pytest.raises(TypeError):
        torch.var(x, 0, True, correction=1)


def test_running_sums_of_exponentials_keep_what_rounding_loses() -> None:
    values = torch.arange(3000, dtype=torch.float64).sin().mul(2).tolist()
    found = torch.tensor(values, dtype=torch.float64).logcumsumexp(0).tolist()
    for count in (1, 2, 100, 3000):
        largest = max(values[:count])
        total = math.fsum([math.exp(value - largest) for value in values[:count]])
        exact = largest + math.log(total)
        assert abs(found[count - 1] - exact) <= 2 * math.ulp(exact)
