"""``assert_close``: whether values are equal up to tolerances that fit their dtypes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import NamedTuple, TypeGuard, cast

from gnomon.composite.comparison import isclose
from gnomon.dispatch import values_of
from gnomon.dtypes import DType, Scalar, bfloat16, float16, float32, float64, promote_types
from gnomon.tensor import Tensor
from gnomon.tensor.creation import as_tensor
from gnomon.tensor.nested import Data
from gnomon.tensor.numpy_arrays import is_array


class _Tolerances(NamedTuple):
    relative: float
    absolute: float


_EXACT = _Tolerances(0.0, 0.0)
# PyTorch's, from the documentation of torch.testing.assert_close.
_DEFAULTS: Mapping[DType, _Tolerances] = {
    float16: _Tolerances(1e-3, 1e-5),
    bfloat16: _Tolerances(1.6e-2, 1e-5),
    float32: _Tolerances(1.3e-6, 1e-5),
    float64: _Tolerances(1e-7, 1e-7),
}


class _Leaf(NamedTuple):
    """Two values to compare, and where they stand in what was given, as in ``[0]['a']``."""

    place: str
    actual: object
    expected: object


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """What has to agree, and how closely; None stands for the default of the dtypes."""

    tolerances: _Tolerances | None
    equal_nan: bool
    subclasses: bool
    device: bool
    dtype: bool
    layout: bool
    stride: bool

    def tolerances_for(self, *dtypes: DType) -> _Tolerances:
        """Return the tolerances for ``dtypes``: the larger ones where they differ."""
        if self.tolerances is not None:
            return self.tolerances
        found = [_DEFAULTS.get(dtype, _EXACT) for dtype in dtypes]
        return _Tolerances(max(each[0] for each in found), max(each[1] for each in found))


def assert_close(
    actual: object,
    expected: object,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Raise AssertionError unless ``actual`` and ``expected`` are close.

    Tensors, arrays and numbers are close where ``|actual - expected| <= atol + rtol *
    |expected|``; without ``rtol`` and ``atol``, which come together, the tolerances are those
    of the dtypes (float32: 1.3e-6 and 1e-5; float64: 1e-7 both; float16: 1e-3 and 1e-5;
    bfloat16: 1.6e-2 and 1e-5; else 0). Shapes agree always; devices, dtypes, layouts and
    strides as asked for. Sequences and mappings are compared item by item. ``msg`` replaces the
    message of a difference, or makes one from it. Values that cannot be compared are a
    TypeError.

    >>> import gnomon as torch
    >>> assert_close(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.000001]))
    >>> assert_close({"loss": [0.5, 1.0]}, {"loss": [0.5, 1.5]})
    Traceback (most recent call last):
        ...
    AssertionError: assert_close: Scalars are not close!
    Expected 1.5 but got 1.0.
    Greatest absolute difference: 0.5 (up to 1e-07 allowed)
    Greatest relative difference: 0.3333333333333333 (up to 1e-07 allowed)
    The failure occurred for item ['loss'][1]
    """
    __tracebackhide__ = True  # so that pytest shows the caller's line
    if (rtol is None) is not (atol is None):
        missing = "rtol" if rtol is None else "atol"
        raise ValueError(
            "assert_close: Both 'rtol' and 'atol' must be either specified or omitted, but got "
            f"no {missing}."
        )
    rules = _Rules(
        tolerances=None if rtol is None or atol is None else _Tolerances(rtol, atol),
        equal_nan=equal_nan,
        subclasses=allow_subclasses,
        device=check_device,
        dtype=check_dtype,
        layout=check_layout,
        stride=check_stride,
    )
    # Listed first: values without a comparison are an error wherever they stand.
    for leaf in list(_leaves(_Leaf("", actual, expected), rules)):
        difference = _difference(leaf, rules)
        if difference:
            text = f"assert_close: {difference}{_where(leaf)}"
            raise AssertionError(
                text if msg is None else msg if isinstance(msg, str) else msg(text)
            )


def _where(leaf: _Leaf) -> str:
    return f"\nThe failure occurred for item {leaf.place}" if leaf.place else ""


def _leaves(pair: _Leaf, rules: _Rules) -> Iterator[_Leaf]:
    """Yield what has to be compared, having looked into sequences and mappings."""
    place, actual, expected = pair
    if _is_sequence(actual) and _is_sequence(expected):
        yield from _items_of_sequences(pair, actual, expected, rules)
    elif isinstance(actual, Mapping) and isinstance(expected, Mapping):
        missing = [key for key in expected if key not in actual]
        additional = [key for key in actual if key not in expected]
        if missing or additional:
            raise AssertionError(
                "assert_close: The keys of the mappings do not match: missing in the actual "
                f"mapping {missing}, additional in it {additional}.{_where(pair)}"
            )
        for key in expected:
            yield from _leaves(_Leaf(f"{place}[{key!r}]", actual[key], expected[key]), rules)
    else:
        yield _comparable(pair, rules)


def _is_sequence(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _items_of_sequences(
    pair: _Leaf, actual: Sequence[object], expected: Sequence[object], rules: _Rules
) -> Iterator[_Leaf]:
    if len(actual) != len(expected):
        raise AssertionError(
            f"assert_close: The length of the sequences mismatch: {len(actual)} != "
            f"{len(expected)}.{_where(pair)}"
        )
    for index, (left, right) in enumerate(zip(actual, expected, strict=True)):
        yield from _leaves(_Leaf(f"{pair.place}[{index}]", left, right), rules)


def _comparable(pair: _Leaf, rules: _Rules) -> _Leaf:
    """Return ``pair``, arrays as tensors; raise TypeError for values without a comparison."""
    actual, expected = pair.actual, pair.expected
    if actual is None or expected is None:
        return pair
    if isinstance(actual, Real) and isinstance(expected, Real):
        return pair
    related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
    if related and (rules.subclasses or type(actual) is type(expected)):
        left, right = _as_tensor(actual), _as_tensor(expected)
        if left is not None and right is not None:
            return _Leaf(pair.place, left, right)
    raise TypeError(
        f"assert_close: No comparison pair was able to handle inputs of type {type(actual)} "
        f"and {type(expected)}. Convert both to tensors.{_where(pair)}"
    )


def _as_tensor(value: object) -> Tensor | None:
    if isinstance(value, Tensor):
        return value.detach()
    return as_tensor(cast(Data, value)) if is_array(value) else None


def _difference(leaf: _Leaf, rules: _Rules) -> str:
    """Return what differs, or nothing."""
    _, actual, expected = leaf
    if actual is None or expected is None:
        return "" if actual is expected else f"None mismatch: {actual} is not {expected}."
    if isinstance(actual, Tensor) and isinstance(expected, Tensor):
        return _attributes(actual, expected, rules) or _elements(actual, expected, rules)
    return _numbers(actual, expected, rules)


def _numbers(actual: object, expected: object, rules: _Rules) -> str:
    """Return how two Python numbers differ, or nothing."""
    if isinstance(actual, bool) and isinstance(expected, bool):
        return "" if actual is expected else f"Booleans mismatch: {actual} is not {expected}."
    if rules.dtype and type(actual) is not type(expected):
        return f"The (d)types do not match: {type(actual)} != {type(expected)}."
    left, right = _number(actual), _number(expected)
    exact = isinstance(left, int) and isinstance(right, int)
    tolerances = rules.tolerances or (_EXACT if exact else _DEFAULTS[float64])
    if _is_close(left, right, tolerances, rules.equal_nan):
        return ""
    return _scalars_differ(left, right, tolerances)


def _number(value: object) -> int | float:
    return int(value) if isinstance(value, Integral) else float(cast(float, value))


def _is_close(
    actual: Scalar, expected: Scalar, tolerances: _Tolerances, equal_nan: bool
) -> bool:
    if actual == expected or (equal_nan and actual != actual and expected != expected):
        return True
    difference = abs(actual - expected)
    allowed = tolerances.absolute + tolerances.relative * abs(expected)
    return math.isfinite(difference) and difference <= allowed


def _attributes(actual: Tensor, expected: Tensor, rules: _Rules) -> str:
    """Return which attribute of two tensors does not match, or nothing."""
    checks: list[tuple[bool, str, object, object]] = [
        (True, "shape", actual.shape, expected.shape),
        (rules.device, "device", actual.device, expected.device),
        (rules.layout, "layout", actual.layout, expected.layout),
        (rules.dtype, "dtype", actual.dtype, expected.dtype),
        (rules.stride, "stride()", actual.stride(), expected.stride()),
    ]
    for checked, name, left, right in checks:
        if checked and left != right:
            return f"The values for attribute {name!r} do not match: {left} != {right}."
    return ""


def _elements(actual: Tensor, expected: Tensor, rules: _Rules) -> str:
    """Return how the elements of two tensors of one shape differ, or nothing."""
    tolerances = rules.tolerances_for(actual.dtype, expected.dtype)
    common = promote_types(actual.dtype, expected.dtype)
    left, right = actual.to(expected.device, common), expected.to(common)
    close = isclose(left, right, *tolerances, equal_nan=rules.equal_nan)
    matches = list(values_of(close.operand))
    if all(matches):
        return ""
    pairs = list(zip(values_of(left.operand), values_of(right.operand), strict=True))
    if not left.shape:
        return _scalars_differ(*pairs[0], tolerances)
    # An element that matches differs by nothing, so that equal infinities do not count.
    absolute = [
        0 if match else abs(x - y) for match, (x, y) in zip(matches, pairs, strict=True)
    ]
    relative = [
        _ratio(difference, y) for difference, (_, y) in zip(absolute, pairs, strict=True)
    ]
    wrong, count = matches.count(False), len(matches)
    return (
        f"Tensor-likes are not {_wanted(tolerances)}!\n"
        f"Mismatched elements: {wrong} / {count} ({wrong / count:.1%})\n"
        f"Given {actual.operand.describe()} and {expected.operand.describe()}.\n"
        + _greatest("absolute", absolute, tolerances.absolute, tolerances, left.shape)
        + "\n"
        + _greatest("relative", relative, tolerances.relative, tolerances, left.shape)
    )


def _scalars_differ(actual: Scalar, expected: Scalar, tolerances: _Tolerances) -> str:
    absolute = abs(actual - expected)
    relative = _ratio(absolute, expected)
    return (
        f"Scalars are not {_wanted(tolerances)}!\n"
        f"Expected {expected} but got {actual}.\n"
        + _greatest("absolute", [absolute], tolerances.absolute, tolerances, ())
        + "\n"
        + _greatest("relative", [relative], tolerances.relative, tolerances, ())
    )


def _wanted(tolerances: _Tolerances) -> str:
    return "equal" if tolerances == _EXACT else "close"


def _ratio(difference: Scalar, expected: Scalar) -> float:
    if difference == 0:
        return 0.0
    return difference / abs(expected) if expected else math.inf


def _greatest(
    kind: str,
    differences: Sequence[Scalar],
    allowed: float,
    tolerances: _Tolerances,
    shape: tuple[int, ...],
) -> str:
    """Return the line about the greatest difference, of which NaN is the greatest."""
    place = max(
        range(len(differences)),
        key=lambda at: (differences[at] != differences[at], differences[at]),
    )
    index = []
    rest = place
    for size in reversed(shape):
        rest, remainder = divmod(rest, size)
        index.append(remainder)
    where = f" at index {tuple(reversed(index))}" if shape else ""
    limit = "" if tolerances == _EXACT else f" (up to {allowed} allowed)"
    return f"Greatest {kind} difference: {differences[place]}{where}{limit}"
