"""What programs switch before they start is taken, and has no effect."""

from __future__ import annotations

import pytest

import gnomon


def test_switches_keep_what_is_set() -> None:
    gnomon.set_num_threads(3)
    gnomon.set_num_interop_threads(2)
    gnomon.set_float32_matmul_precision("high")
    try:
        assert (gnomon.get_num_threads(), gnomon.get_num_interop_threads()) == (3, 2)
        assert gnomon.get_float32_matmul_precision() == "high"
    finally:
        gnomon.set_num_threads(1)
        gnomon.set_num_interop_threads(1)
        gnomon.set_float32_matmul_precision("highest")
    for function in (gnomon.set_num_threads, gnomon.set_num_interop_threads):
        with pytest.raises(RuntimeError, match="positive number of threads, given 0"):
            function(0)
    with pytest.raises(ValueError, match="'low' is none of highest, high, medium"):
        gnomon.set_float32_matmul_precision("low")


@pytest.mark.parametrize(
    ("mode", "number", "enabled", "warns"),
    [("error", 2, True, False), ("warn", 1, True, True), (0, 0, False, False)],
)
def test_deterministic_modes(mode: int | str, number: int, enabled: bool, warns: bool) -> None:
    gnomon.set_deterministic_debug_mode(mode)
    assert gnomon.get_deterministic_debug_mode() == number
    assert gnomon.are_deterministic_algorithms_enabled() is enabled
    assert gnomon.is_deterministic_algorithms_warn_only_enabled() is warns
    gnomon.use_deterministic_algorithms(False)
    gnomon.use_deterministic_algorithms(enabled, warn_only=warns)
    assert gnomon.get_deterministic_debug_mode() == number
    gnomon.use_deterministic_algorithms(False)
    with pytest.raises(ValueError, match="'never' is none of"):
        gnomon.set_deterministic_debug_mode("never")


def test_no_library_of_pytorchs_is_there() -> None:
    backends = gnomon.backends
    backends.cudnn.benchmark = True
    assert backends.cudnn.benchmark and backends.cudnn.version() is None
    backends.cudnn.benchmark = False
    with backends.cudnn.flags(deterministic=True), backends.cuda.sdp_kernel(enable_math=False):
        assert gnomon.ones(2).sum().item() == 2.0
    backends.cuda.matmul.allow_tf32 = False
    for library in (backends.cudnn, backends.mps, backends.mkl, backends.mkldnn):
        assert not library.is_available()
    assert not backends.mps.is_built() and not backends.cuda.is_built()
    assert not backends.openmp.is_available()
    assert gnomon.set_flush_denormal(False) and not gnomon.set_flush_denormal(True)
