"""Devices, memory and the cache of programs; each failure says what to do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

import pyopencl as cl

import gnomon
import gnomon_opencl
from gnomon.errors import NotSupported
from gnomon_opencl import provider

from .devices import default_backend

SOURCE = "__kernel void nothing(__global int *p) { p[get_global_id(0)] = 1; }"


def test_a_device_is_described_in_one_line() -> None:
    default_backend()
    line = provider.Provider().describe(0)
    assert "GiB" in line and "fp64" in line and "OpenCL" in line
    assert "\n" not in line


def test_a_device_is_chosen_by_index_or_part_of_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    default_backend()
    everything = provider._devices()
    for chosen in ("0", everything[-1].name[:9].upper()):
        monkeypatch.setenv("GNOMON_OPENCL_DEVICE", chosen)
        found = provider._devices.__wrapped__()
        assert set(found) == set(everything)
        assert chosen == "0" or chosen.lower() in found[0].name.lower()
    monkeypatch.setenv("GNOMON_OPENCL_DEVICE", "no such device")
    with pytest.raises(RuntimeError, match="GNOMON_OPENCL_DEVICE='no such device'"):
        provider._devices.__wrapped__()


@pytest.mark.parametrize(
    ("chosen", "place"), [("1", 1), ("0", 0), ("two", 1), ("pocl 3.1", 0), ("3.0-rc", 1)]
)
def test_a_number_is_an_index_though_names_have_digits(chosen: str, place: int) -> None:
    found = [
        SimpleNamespace(
            name=name,
            driver_version=version,
            platform=SimpleNamespace(name="Portable", version=f"OpenCL 3.0 PoCL {version}"),
        )
        for name, version in (("one 1", "3.1"), ("two 2", "3.0-rc2"))
    ]
    ordered = provider._chosen_first(cast("list[cl.Device]", found), chosen)
    assert [found.index(each) for each in ordered] == [place, 1 - place]
    with pytest.raises(RuntimeError, match="neither the index nor part"):
        provider._chosen_first(cast("list[cl.Device]", found), "2")


def test_no_platform_and_no_device_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> list[cl.Platform]:
        raise cl.LogicError("clGetPlatformIDs failed: PLATFORM_NOT_FOUND_KHR")

    monkeypatch.setattr(cl, "get_platforms", fail)
    with pytest.raises(RuntimeError, match="pip install pocl"):
        provider._devices.__wrapped__()
    monkeypatch.setattr(cl, "get_platforms", list)
    with pytest.raises(RuntimeError, match="have no device"):
        provider._devices.__wrapped__()


def test_a_program_runs_without_a_trip_through_the_host() -> None:
    default_backend()
    x = gnomon.tensor([[1.0, -2.0], [3.0, 0.5]]).to("opencl:0")
    before = gnomon_opencl.memory_stats()
    y = (x.t() * 2 + 1).clamp(min=0).to(gnomon.bfloat16)
    y[0] = 7
    after = gnomon_opencl.memory_stats()
    assert (after.reads, after.writes) == (before.reads, before.writes)
    assert y.cpu().tolist() == [[7.0, 7.0], [0.0, 2.0]]


def test_what_the_device_lacks_is_an_error() -> None:
    backend = default_backend()
    assert not backend.supports("no such operation", [gnomon.float32])
    with pytest.raises(NotSupported, match="GNOMON_FALLBACK"):
        raise backend.lacks("no such operation", [gnomon.float32])
