"""Profiles under the older names; ``gnomon.profiler`` is the place for new programs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gnomon.profiler import ProfilerAction, ProfilerActivity, record_function
from gnomon.profiler import profile as _profile

__all__ = ["emit_itt", "emit_nvtx", "profile", "record_function"]


def profile(
    enabled: bool = True,
    *,
    use_cuda: bool = False,
    use_device: str | None = None,
    record_shapes: bool = False,
    with_flops: bool = False,
    profile_memory: bool = False,
    with_stack: bool = False,
    with_modules: bool = False,
) -> _profile:
    """Return a profile of the host, and of devices with ``use_cuda`` or ``use_device``.

    Unless ``enabled``, nothing is recorded.
    """
    activities = {ProfilerActivity.CPU}
    if use_cuda or use_device is not None:
        activities.add(ProfilerActivity.CUDA)
    return _profile(
        activities=activities,
        schedule=None if enabled else _never,
        record_shapes=record_shapes,
        with_flops=with_flops,
        profile_memory=profile_memory,
        with_stack=with_stack,
        with_modules=with_modules,
    )


def _never(step: int) -> ProfilerAction:
    return ProfilerAction.NONE


@contextmanager
def emit_nvtx(enabled: bool = True, record_shapes: bool = False) -> Iterator[None]:
    """Run the block: nobody here reads what NVIDIA's tools are told."""
    yield


emit_itt = emit_nvtx
