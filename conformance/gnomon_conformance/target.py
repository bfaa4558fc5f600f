"""The device under judgement, and the oracle it is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final, final

from gnomon import Tensor
from gnomon.backend import Backend, Device, DType, FusedKernels, Gap, NotSupported
from gnomon.cpu import ReferenceBackend
from gnomon.plugins import backend_for, register_backend
from gnomon_conformance.inventory import verbs_of

ORACLE: Final = Device("oracle", 0)
VERBS: Final = ("elementwise", "reduce", "scan", "gather", "scatter", "sort", "source")


@cache
def oracle() -> Device:
    """Return the device of the oracle: the reference without fused kernels, so that every
    composite is what its decomposition makes it, and with the random streams of accelerators.
    """
    backend = ReferenceBackend()
    backend.device = ORACLE
    backend.kernels = FusedKernels()
    register_backend(backend)
    return ORACLE


@final
class Target:
    """The backend under judgement, as the checks see it."""

    def __init__(self, device: str | Device, seed: int = 0) -> None:
        self.device = Device(device) if isinstance(device, str) else device
        self.backend: Backend = backend_for(self.device)
        self.device = self.backend.device
        self.gaps: Sequence[Gap] = self.backend.gaps()
        self.seed = seed
        #: The reference itself draws from a Mersenne Twister, everything else from Philox.
        self.is_reference = self.device.type == "cpu"

    def put(self, tensor: Tensor) -> Tensor:
        """Return a tensor of the host on the device: bytes go up, and nothing is computed."""
        return tensor if self.is_reference else tensor.to(self.device)

    def gap(self, name: str, verb: str, dtypes: Sequence[DType]) -> Gap | None:
        """Return the declared gap that a launch lies in, or None."""
        names = [dtype.name for dtype in dtypes]
        return next((gap for gap in self.gaps if gap.covers(name, verb, names)), None)

    def gap_for(self, lack: NotSupported) -> str:
        """Return in words which declared gap an error is due to; empty if none is."""
        for verb in verbs_of(lack.operation):
            gap = self.gap(lack.operation, verb, lack.dtypes)
            if gap is not None:
                return f"{'never' if gap.never else 'not yet'}: {gap.reason}"
        return ""

    def flushes(self, dtype: DType) -> bool:
        """Return whether the backend may take subnormal numbers of ``dtype`` for zero."""
        return self.backend.flushes_subnormals(dtype)
