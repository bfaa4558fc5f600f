"""The four memory verbs: bytes go up, stay, and come back; and what has to wait for what."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from gnomon.backend import ALL_DTYPES, Backend, OutOfMemoryError
from gnomon_conformance.cases import Case, Level
from gnomon_conformance.judging import Evidence, Wrong
from gnomon_conformance.target import Target

LEVEL = Level.MEMORY
_SIZES = (
    0,
    1,
    2,
    3,
    4,
    5,
    7,
    8,
    15,
    16,
    17,
    63,
    64,
    65,
    255,
    256,
    257,
    4095,
    4097,
    65537,
    1 << 20,
    (1 << 22) + 3,
)
#: Parts of a memory of 1000 bytes: from where on, and how many.
_PARTS = ((0, 1000), (8, 16), (1, 7), (999, 1), (64, 0), (500, 500), (3, 997))
_LARGE_PARTS = ((70001, 1), (65536, 65537), (1, 1 << 20), ((1 << 20) + 3, 70000), (200002, 6))
_IMPOSSIBLE = 1 << 60


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of the memory verbs."""
    checks: dict[str, Callable[[Backend, Random], int]] = {
        "round-trip": _round_trip,
        "parts": _parts,
        "large-parts": _large_parts,
        "neighbours": _neighbours,
        "copies": _copies,
        "lent": _lent,
        "caches": _caches,
        "kept": _kept,
        "reused": _reused,
        "snapshot": _snapshot,
        "formats": _formats,
        "exhausted": _exhausted,
        "synchronize": _synchronize,
    }
    for name, check in checks.items():
        yield Case(
            level=LEVEL,
            family="memory",
            subject=name,
            check=partial(_checked, check, name, seed),
        )


def _checked(
    check: Callable[[Backend, Random], int], name: str, seed: int, target: Target
) -> Evidence:
    return Evidence(check(target.backend, Random(f"{name} {seed}")))


def _demand(condition: bool, fault: str) -> None:
    if not condition:
        raise Wrong(fault)


def _round_trip(backend: Backend, chooser: Random) -> int:
    """What is written comes back, of every size, and memory is as large as was asked for."""
    for size in _SIZES:
        data = chooser.randbytes(size)
        memory = backend.allocate(size)
        _demand(memory.nbytes == size, f"allocate({size}) gives {memory.nbytes} bytes")
        backend.write(memory, 0, memoryview(data))
        got = backend.read(memory, 0, size)
        _demand(got.nbytes == size, f"read of {size} bytes gives {got.nbytes}")
        _demand(bytes(got) == data, f"{size} bytes come back as others")
    return len(_SIZES)


def _parts(backend: Backend, chooser: Random) -> int:
    """Writing and reading from an offset on touches the bytes that are meant."""
    size = 1000
    data = bytearray(chooser.randbytes(size))
    memory = backend.allocate(size)
    backend.write(memory, 0, memoryview(bytes(data)))
    for turn in range(60):
        start = chooser.choice((0, 1, 3, 4, 8, 64, 256, chooser.randrange(size)))
        length = chooser.choice((0, 1, 2, 4, 7, 64, chooser.randrange(size)))
        length = size - start if turn % 6 < 2 else min(length, size - start)  # up to the end
        part = chooser.randbytes(length)
        if turn % 2:
            # From within a buffer of the host's.
            within = bytearray(chooser.randbytes(turn) + part + b"behind")
            backend.write(memory, start, memoryview(within)[turn : turn + length])
            within[:] = bytes(len(within))  # the host's again
            data[start : start + length] = part
            _demand(
                bytes(backend.read(memory, 0, size)) == data,
                f"after {length} bytes were written from byte {start} on, the memory is wrong",
            )
        else:
            got = bytes(backend.read(memory, start, length))
            _demand(got == data[start : start + length], f"read({start}, {length}) is wrong")
    return 60


def _large_parts(backend: Backend, chooser: Random) -> int:
    """Long parts far from the beginning are written, read, copied and lent."""
    size = 3 << 19
    data = bytearray(chooser.randbytes(size))
    memory = backend.allocate(size)
    backend.write(memory, 0, memoryview(bytes(data)))
    for start, length in _LARGE_PARTS:
        part = chooser.randbytes(length)
        backend.write(memory, start, memoryview(part))
        data[start : start + length] = part
        near = max(start - 9, 0), min(length + 18, size - max(start - 9, 0))
        right = data[near[0] : near[0] + near[1]]
        which = f"{length} bytes from byte {start} on"
        _demand(bytes(backend.read(memory, *near)) == right, f"read or write of {which}")
        _demand(bytes(backend.to_host(memory, *near).bytes) == right, f"to_host of {which}")
        with backend.lend(memory, *near) as lent:
            _demand(bytes(lent) == right, f"lend of {which}")
    _demand(bytes(backend.read(memory, 0, size)) == data, "parts written have changed others")
    return len(_LARGE_PARTS)


def _copies(backend: Backend, chooser: Random) -> int:
    """The host's own copy of a part is that part, and stays what it is."""
    size = 1000
    data = chooser.randbytes(size)
    memory = backend.allocate(size)
    backend.write(memory, 0, memoryview(data))
    taken = []
    for start, length in _PARTS:
        copy = backend.to_host(memory, start, length)
        _demand(copy.nbytes == length, f"to_host of {length} bytes gives {copy.nbytes}")
        taken.append((copy, data[start : start + length]))
    taken[0][0].bytes[3] ^= 255
    got = bytes(backend.read(memory, 0, size))
    _demand(got == data, "what the host does with its own copy changes the memory")
    taken[0][0].bytes[3] ^= 255
    backend.write(memory, 0, memoryview(bytes(size)))
    backend.synchronize()
    for number, (copy, right) in enumerate(taken):
        _demand(bytes(copy.bytes) == right, f"to_host{_PARTS[number]} is wrong")
    return len(taken)


def _lent(backend: Backend, chooser: Random) -> int:
    """What is lent is the part that was asked for, also after another write and beside another
    part.
    """
    size = 1000
    memory = backend.allocate(size)
    for start, length in _PARTS:
        data = chooser.randbytes(size)
        backend.write(memory, 0, memoryview(data))
        with backend.lend(memory, start, length) as lent, backend.lend(memory, 5, 90) as other:
            got, also = bytes(lent), bytes(other)
        _demand(got == data[start : start + length], f"lend({start}, {length}) is wrong")
        _demand(also == data[5:95], "what is lent beside another part is wrong")
    return len(_PARTS)


def _caches(backend: Backend, chooser: Random) -> int:
    """Giving back what no tensor uses leaves alone what one does."""
    held = []
    for turn in range(40):
        data = chooser.randbytes(chooser.choice((16, 100, 4096, 70000)))
        memory = backend.allocate(len(data))
        backend.write(memory, 0, memoryview(data))
        if turn % 3:
            held.append((memory, data))
        if turn % 8 == 7:
            del memory
            _demand(backend.empty_cache() >= 0, "empty_cache gives back less than nothing")
    for number, (memory, data) in enumerate(held):
        got = bytes(backend.read(memory, 0, len(data)))
        _demand(got == data, f"after empty_cache allocation {number} is not what it was")
    return len(held)


def _neighbours(backend: Backend, chooser: Random) -> int:
    """Memories that are there at one time share no byte."""
    sizes = [chooser.choice((1, 3, 16, 64, 100, 256, 1000)) for _ in range(60)]
    held = [(backend.allocate(size), chooser.randbytes(size)) for size in sizes]
    for memory, data in held:
        backend.write(memory, 0, memoryview(data))
    for number, (memory, data) in enumerate(held):
        got = bytes(backend.read(memory, 0, len(data)))
        _demand(got == data, f"allocation {number} of {len(data)} bytes holds another's")
    return len(held)


def _kept(backend: Backend, chooser: Random) -> int:
    """The bytes to write are copied: what the host does with its own changes nothing."""
    for size in (1, 64, 4096, 1 << 20):
        data = bytearray(chooser.randbytes(size))
        right = bytes(data)
        memory = backend.allocate(size)
        backend.write(memory, 0, memoryview(data))
        data[:] = bytes(size)
        backend.synchronize()
        got = bytes(backend.read(memory, 0, size))
        _demand(got == right, f"{size} written bytes changed when the host's did")
    return 4


def _reused(backend: Backend, chooser: Random) -> int:
    """Memory that is let go of and given out again belongs to its new owner alone."""
    kept = []
    for turn in range(80):
        size = chooser.choice((64, 256, 1024, 4096))
        data = chooser.randbytes(size)
        memory = backend.allocate(size)
        backend.write(memory, 0, memoryview(data))
        if turn % 4 == 0:
            kept.append((memory, data))
        del memory
    for number, (memory, data) in enumerate(kept):
        got = bytes(backend.read(memory, 0, len(data)))
        _demand(got == data, f"allocation {number} was given to somebody else while in use")
    return len(kept)


def _snapshot(backend: Backend, chooser: Random) -> int:
    """Reading is repeatable and changes nothing, the memory of other reads included."""
    memory = backend.allocate(512)
    data = chooser.randbytes(512)
    backend.write(memory, 0, memoryview(data))
    first = [bytes(backend.read(memory, 0, 512)), bytes(backend.read(memory, 100, 12))]
    again = [bytes(backend.read(memory, 0, 512)), bytes(backend.read(memory, 100, 12))]
    _demand(first == again == [data, data[100:112]], "reading twice gives different bytes")
    return 2


def _formats(backend: Backend, chooser: Random) -> int:
    """What ``read`` returns is a flat memoryview of bytes that can be cast to cells."""
    memory = backend.allocate(64)
    backend.write(memory, 0, memoryview(bytes(range(64))))
    for start, length in ((0, 64), (8, 16), (16, 8)):
        view = backend.read(memory, start, length)
        _demand(isinstance(view, memoryview), f"read returns {type(view).__name__}")
        _demand(view.format == "B" and view.ndim == 1, f"read returns format {view.format}")
        right = bytes(range(64))[start : start + length]
        for dtype in ALL_DTYPES:
            _demand(view.cast(dtype.cell).tobytes() == right, f"as {dtype.name} it is wrong")
    return 3


def _exhausted(backend: Backend, chooser: Random) -> int:
    """What no device has room for is an OutOfMemoryError, and the device works on."""
    try:
        backend.allocate(_IMPOSSIBLE)
    except OutOfMemoryError:
        pass
    else:
        raise Wrong(f"allocate({_IMPOSSIBLE}) raises no OutOfMemoryError")
    gc.collect()
    return 1 + _snapshot(backend, chooser)


def _synchronize(backend: Backend, chooser: Random) -> int:
    """Waiting, for nothing and for something, changes nothing."""
    backend.synchronize()
    memory = backend.allocate(100)
    data = chooser.randbytes(100)
    backend.write(memory, 0, memoryview(data))
    backend.synchronize()
    backend.synchronize()
    _demand(bytes(backend.read(memory, 0, 100)) == data, "synchronize changes memory")
    return 1
