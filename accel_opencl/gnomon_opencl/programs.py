"""Kernels built from source, kept in memory and on disk.

An entry on disk is named by everything its content depends on: source, options, device and
driver. It begins with the checksum of the rest, so that a damaged entry is built again instead
of being given to the driver.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Final, final

import pyopencl as cl

from gnomon_opencl.caching import cache_directory, keep

_DIGEST_BYTES: Final = 32


@final
class Programs:
    """The kernels of one device, each built at most once a process."""

    def __init__(
        self, context: cl.Context, device: cl.Device, options: tuple[str, ...]
    ) -> None:
        self._context = context
        self._device = device
        self._options = list(options)
        self._kernels: dict[tuple[str, str], cl.Kernel] = {}
        self._programs: dict[str, cl.Program] = {}
        platform = device.platform
        self._identity = "\n".join(
            [
                platform.name,
                platform.version,
                device.name,
                device.version,
                device.driver_version,
                " ".join(options),
            ]
        )
        self.builds = 0

    def kernel(self, source: str, name: str) -> cl.Kernel:
        """Return the kernel called ``name`` of ``source``, built when it is first asked for.

        Raises RuntimeError with the compiler's messages when it does not build.
        """
        kernel = self._kernels.get((source, name))
        if kernel is None:
            program = self._programs.get(source)
            if program is None:
                program = self._programs[source] = self._program(source, name)
            kernel = self._kernels[source, name] = cl.Kernel(program, name)
        return kernel

    def fresh_kernel(self, source: str, name: str) -> cl.Kernel:
        """Return a kernel object of the caller's own, whose arguments nobody else sets."""
        self.kernel(source, name)
        return cl.Kernel(self._programs[source], name)

    def _program(self, source: str, name: str) -> cl.Program:
        started = time.perf_counter()
        digest = hashlib.sha256(f"{self._identity}\n{source}".encode()).hexdigest()
        path = cache_directory() / f"{digest}.bin"
        program = self._from_disk(path)
        origin = "loaded"
        if program is None:
            origin = "built"
            program = self._build(source, name)
            self.builds += 1
            binary = program.binaries[0]
            # A directory that can't be written to only costs the next process its builds.
            keep(path, hashlib.sha256(binary).digest() + binary)
        if os.environ.get("GNOMON_OPENCL_VERBOSE") == "1":
            seconds = time.perf_counter() - started
            print(f"gnomon_opencl: {origin} {name} in {seconds:.3f} s", file=sys.stderr)
            if origin == "built":
                print(source, file=sys.stderr)
        return program

    def _from_disk(self, path: Path) -> cl.Program | None:
        try:
            entry = path.read_bytes()
        except OSError:
            return None
        digest, binary = entry[:_DIGEST_BYTES], entry[_DIGEST_BYTES:]
        if hashlib.sha256(binary).digest() != digest:
            return None
        try:
            program = cl.Program(self._context, [self._device], [binary])
            with _quiet():
                return program.build(options=self._options)
        except cl.Error:
            return None

    def _build(self, source: str, name: str) -> cl.Program:
        try:
            with _quiet():
                # The cache is ours: pyopencl's leaves out the platforms that need one most.
                return cl.Program(self._context, source).build(
                    options=self._options, devices=[self._device], cache_dir=False
                )
        except cl.RuntimeError as error:
            raise RuntimeError(
                f"gnomon_opencl: the kernel {name} does not build on {self._device.name}. "
                "Report this with the text below, and move the tensors to the CPU "
                f"meanwhile.\n{error}\n{source}"
            ) from error


def _quiet() -> warnings.catch_warnings[None]:
    """Hide what compilers have to say about kernels that build."""
    return warnings.catch_warnings(action="ignore", category=cl.CompilerWarning)
