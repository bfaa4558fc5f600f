"""Kernels built from source, kept in memory and on disk.

An entry on disk is named by everything its content depends on: source, options, device and
driver. It begins with the checksum of the rest, so that a damaged entry is built again instead
of being given to the driver. Where the compiler is not trusted, a process of its own builds.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Final, final

import numpy as np
import pyopencl as cl

from gnomon_opencl.attempts import Attempt, attempts_for
from gnomon_opencl.builders import Builders
from gnomon_opencl.caching import bound_size, cache_directory, keep, mark_used
from gnomon_opencl.drivers import ready_to_run, text_for
from gnomon_opencl.trials import built_apart, compiler_is_trusted

_DIGEST_BYTES: Final = 32
_building: Final = threading.Lock()


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
        self._builders = Builders(device)
        #: The programs that builders have been asked for, and a kernel of each.
        self._asked: dict[str, tuple[str, Future[bytes | None]]] = {}

    def kernel(self, source: str, name: str) -> cl.Kernel:
        """Return the kernel called ``name`` of ``source``, built when it is first asked for.

        Raises RuntimeError with the compiler's messages when it does not build.
        """
        kernel = self._kernels.get((source, name))
        if kernel is None:
            program = self._programs.get(source)
            if program is None and source not in self._asked:
                program = self._loaded(source, name)
            if program is None:
                program = self._programs[source] = self._made(source, name)
            kernel = self._kernels[source, name] = cl.Kernel(program, name)
        return kernel

    def fresh_kernel(self, source: str, name: str) -> cl.Kernel:
        """Return a kernel object of the caller's own, whose arguments nobody else sets."""
        self.kernel(source, name)
        return cl.Kernel(self._programs[source], name)

    def is_at_hand(self, source: str, name: str) -> bool:
        """Return whether ``kernel`` would not have to wait for a builder. If no program is
        there yet, one is asked.
        """
        if source in self._programs:
            return True
        if source in self._asked:
            return self._asked[source][1].done()
        if self._loaded(source, name) is not None:
            return True
        if not self._builders.are_of_use or not compiler_is_trusted(self._device):
            return True
        self._asked[source] = name, self._builders.build(self._attempts(source))
        return False

    def _loaded(self, source: str, name: str) -> cl.Program | None:
        """Return the program of ``source`` if it is on disk."""
        started = time.perf_counter()
        program = self._from_disk(self._path_of(source), name)
        if program is not None:
            self._programs[source] = program
            self._report("loaded", name, started)
        return program

    def _made(self, source: str, name: str) -> cl.Program:
        """Return the program of ``source``, built by a builder or here."""
        started = time.perf_counter()
        path = self._path_of(source)
        binary = self._binary_of_builder(source, name)
        program = None if binary is None else self._from_binary(binary, name)
        if binary is None or program is None:
            program, binary = self._build(source, name, path)
        # A directory that can't be written to only costs the next process its builds.
        keep(path, hashlib.sha256(binary).digest() + binary)
        if not self.builds:
            bound_size(path.parent)
        self.builds += 1
        self._report("built", name, started, source)
        return program

    def _binary_of_builder(self, source: str, name: str) -> bytes | None:
        """Return what a builder made of ``source``, None if it is to be built here. While the
        builders start, what they have not turned to is built here, too.
        """
        _, future = self._asked.pop(source, (name, None))
        if future is None:
            return None
        while not self._builders.have_begun and not future.done():
            if future.cancel():
                return None
            other = next((each for each in self._asked if self._asked[each][1].cancel()), None)
            if other is None:
                break
            with contextlib.suppress(RuntimeError):  # it comes again when it is asked for
                its_name, _ = self._asked.pop(other)
                self._programs[other] = self._made(other, its_name)
        return future.result()

    def _path_of(self, source: str) -> Path:
        text = text_for(self._device.platform.version, source)
        digest = hashlib.sha256(f"{self._identity}\n{text}".encode()).hexdigest()
        return cache_directory() / f"{digest}.bin"

    def _report(self, origin: str, name: str, started: float, source: str = "") -> None:
        if os.environ.get("GNOMON_OPENCL_VERBOSE") == "1":
            seconds = time.perf_counter() - started
            print(f"gnomon_opencl: {origin} {name} in {seconds:.3f} s", file=sys.stderr)
            if source:
                text = text_for(self._device.platform.version, source)
                print(text, file=sys.stderr)

    def _from_disk(self, path: Path, name: str) -> cl.Program | None:
        try:
            entry = path.read_bytes()
        except OSError:
            return None
        digest, binary = entry[:_DIGEST_BYTES], entry[_DIGEST_BYTES:]
        if hashlib.sha256(binary).digest() != digest:
            return None
        mark_used(path)
        return self._from_binary(binary, name)

    def _from_binary(self, binary: bytes, name: str) -> cl.Program | None:
        ready = ready_to_run(self._device.platform.version, binary)
        try:
            program = cl.Program(self._context, [self._device], [ready])
            with _quiet():
                program = program.build(options=self._options)
            # Making a kernel of it would take a third as long again as to load the program.
            return program if name in program.kernel_names.split(";") else None
        except cl.Error:
            return None

    def _build(self, source: str, name: str, path: Path) -> tuple[cl.Program, bytes]:
        """Return the program of ``source``, built where it can do no harm, and its binary."""
        *attempts, last = self._attempts(source)
        for attempt in attempts:
            with contextlib.suppress(cl.Error, RuntimeError):
                return self._compiled(attempt, name)
        try:
            return self._compiled(last, name)
        except (cl.Error, RuntimeError) as error:
            path = path.with_suffix(".cl")
            kept = keep(path, last.text.encode())
            where = f"Its text is in {path}." if kept else f"Its text is:\n{last.text}"
            raise RuntimeError(
                f"gnomon_opencl: the kernel {name} does not build on "
                f"{self._device.name.strip()}. Report this with the messages below, and move "
                "the tensors to the CPU or another device meanwhile. If the program has been "
                "interrupted, the driver's own cache may be damaged: delete that (PoCL's is "
                f"~/.cache/pocl). {where}\n{error}"
            ) from error

    def _attempts(self, source: str) -> list[Attempt]:
        """Return the ways to compile ``source``, the quickest first."""
        return attempts_for(self._device.platform.version, source, self._options)

    def _compiled(self, attempt: Attempt, name: str) -> tuple[cl.Program, bytes]:
        text, options = attempt
        if not compiler_is_trusted(self._device):
            binary = built_apart(self._device, text, options)
            program = None if binary is None else self._from_binary(binary, name)
            if binary is not None and program is not None:
                return program, binary
        with _quiet():
            # The cache is ours: pyopencl's leaves out the platforms that need one most.
            program = cl.Program(self._context, text).build(
                options=options, devices=[self._device], cache_dir=False
            )
        cl.Kernel(program, name)  # what the driver found in its own cache may lack it
        return program, program.binaries[0]


def declare(kernel: cl.Kernel, arguments: Sequence[object]) -> None:
    """Tell pyopencl which of a kernel's arguments are bytes; asked at each call, it would try
    everything else first, which costs 7 microseconds an argument.
    """
    kernel.set_arg_types(
        [
            np.dtype((np.void, len(each))) if isinstance(each, bytes) else None
            for each in arguments
        ]
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide what compilers have to say about kernels that build, one thread at a time: what is
    done about warnings, the process does.
    """
    with _building, warnings.catch_warnings(action="ignore", category=cl.CompilerWarning):
        yield
