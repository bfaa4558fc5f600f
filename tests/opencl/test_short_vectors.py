"""A device that gets vectors of eight 64-bit elements wrong is given none.

Products of matrices have tiles, and a trial, of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

import gnomon
from gnomon import Tensor
from gnomon.nn import functional

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from gnomon_opencl import runtime
from gnomon_opencl.traits import traits_of

from .devices import default_backend, served_device, with_short_vectors

Function = Callable[[Tensor, Tensor], Tensor]
LONG_VECTOR = re.compile(r"\b(u?long|double)8\b")
#: Of a float64 matrix of whole numbers and an int64 one: results that are exact.
FUNCTIONS: dict[str, Function] = {
    "arithmetic": lambda x, k: (x + 1) * (k - 3),
    "comparisons": lambda x, k: gnomon.where(k > 4, x, -x).to(gnomon.float16),
    "conversions": lambda x, k: k.to(gnomon.float32) + x.to(gnomon.float32),
    "remainders": lambda x, k: k.remainder(5) + (k // 3) + x,
    "rows by index": lambda x, k: x[k[:, 0] % 3],
    "rows added up": lambda x, k: x.index_add(0, k[:, 0] % 3, x),
    "integers added up": lambda x, k: k.index_add(0, k[:, 0] % 3, k),
    "sums": lambda x, k: x.sum(0) + k.sum(1)[:9].sum(),
    "scans": lambda x, k: x.cumsum(1) + k.cumsum(0),
    "sorted": lambda x, k: k.sort(1, descending=True)[0] + x,
    "softmax": lambda x, k: functional.softmax(x * 1000, 1).round(),
    "truths": lambda x, k: ((x > 4) & (k < 5)).to(gnomon.int64) + k,
    "classes": lambda x, k: functional.cross_entropy(x, k[:, 0] % 9) > 1,
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_results_are_right(function: Function) -> None:
    backend = with_short_vectors()
    device = served_device(backend)
    x = gnomon.arange(99.0, dtype=gnomon.float64).reshape(11, 9).remainder(17)
    k = gnomon.arange(99).reshape(11, 9) * 7 % 11
    found = function(x.to(device), k.to(device))
    expected = function(x, k)
    assert found.dtype is expected.dtype and found.tolist() == expected.tolist()
    texts = list(backend.runtime.programs._programs)
    assert texts and not [text for text in texts if LONG_VECTOR.search(text)]


@pytest.mark.parametrize("long", [True, False])
@pytest.mark.parametrize(("register", "wide"), [(64, True), (64, False), (32, True)])
def test_trials_decide(
    monkeypatch: pytest.MonkeyPatch, long: bool, register: int, wide: bool
) -> None:
    (device,) = default_backend().runtime.context.devices
    traits = replace(traits_of(device), register_bytes=register)
    if traits.lanes == 1:
        pytest.skip("the device has lanes itself, and computes without vectors")
    monkeypatch.setattr(runtime, "traits_of", lambda _: traits)
    monkeypatch.setattr(runtime, "begin_wide_elements", lambda _: None)
    monkeypatch.setattr(runtime, "long_vectors_are_right", lambda _: long)
    monkeypatch.setattr(runtime, "wide_elements_are_right", lambda _: wide)
    traits = runtime._tried(device)
    assert (traits.lanes_of(4), traits.lanes_of(8)) == (8, 8 if long else 4)
    assert traits.float_lanes == (16 if wide and register == 64 else 8)
