"""Judging one launch: perform it, compare every byte, and make of a failure a small script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from math import copysign, isfinite
from typing import Final, Literal, NamedTuple, final

from gnomon.backend import Backend, Layout, NotSupported, Scalar, bool_
from gnomon_conformance.correct import Expected, Right, verdict
from gnomon_conformance.launches import Launch, Place, Stores, bytes_of, stored, values_at
from gnomon_conformance.target import Target

#: How many smaller launches are tried to make a failing one small.
_ATTEMPTS: Final = 120
#: The words of memory, by their size.
_WORDS: Final[dict[int, Literal["B", "H", "I", "Q"]]] = {1: "B", 2: "H", 4: "I", 8: "Q"}
_REPRODUCER: Final = """\
import gnomon as torch
from gnomon.backend import *
from gnomon.plugins import backend_for
from gnomon.records import COPY, all_records

backend = backend_for(torch.device({device!r}))


def storage(data):
    found = Storage(backend, backend.allocate(len(data)))
    backend.write(found.memory, 0, memoryview(data))
    return found


{stores}
{call}
{prints}
# {fault}
"""


class Wrong(Exception):
    """A backend did something else than the protocol says."""

    def __init__(self, fault: str, reproducer: str = "") -> None:
        super().__init__(fault)
        self.fault = fault
        self.reproducer = reproducer


@final
class Evidence(NamedTuple):
    """What a check has compared: how many elements, and the largest error among them."""

    comparisons: int
    ulps: float = 0.0
    allowed: float = 0.0

    def __add__(self, other: object) -> Evidence:
        """Return the evidence of both together."""
        assert isinstance(other, Evidence)
        worse = max(self, other, key=lambda each: each.ulps / (each.allowed or 1.0))
        return Evidence(self.comparisons + other.comparisons, worse.ulps, worse.allowed)


NOTHING: Final = Evidence(0)


def judge_launch(target: Target, launch: Launch, *, twice: bool = False) -> Evidence:
    """Perform ``launch`` and raise Wrong unless everything is as it must be.

    With ``twice`` it is performed again, on fresh memory, and must give the same bytes. Raises
    NotSupported where the backend does, and Wrong where it declares that it would and does not.
    """
    backend = target.backend
    after = launch.run(backend)
    gap = target.gap(launch.name, launch.verb, launch.dtypes())
    if gap is not None:
        raise Wrong(f"{launch.name} runs, although a gap is declared: {gap.reason}")
    fault, evidence = _compare(launch, after)
    if not fault and twice and launch.run(backend) != after:
        fault = "performed again on fresh memory, it gives other bytes"
    if fault:
        small = smallest(backend, launch)
        fault = _compare(small, small.run(backend))[0] or fault
        described = f"{launch.name}: {fault}"
        raise Wrong(described, reproducer_of(backend, small, described))
    return evidence


def _compare(launch: Launch, after: Stores) -> tuple[str, Evidence]:
    """Return the first thing that is wrong (or the empty string), and what was compared."""
    judged = launch.judged()
    evidence = NOTHING
    for number, (place, each) in enumerate(zip(judged, launch.right(), strict=True)):
        got, right = _paired(after, place, each)
        which = f"output {number} " if len(judged) > 1 else ""
        fault, found = _compare_elements(launch, place, got, right)
        if fault:
            return which + fault, evidence
        evidence += found
        if place.dtype is bool_ and _holds_no_bools(launch, place, after):
            return f"{which}holds a bool that is neither 0 nor 1", evidence
    for number, (before, now) in enumerate(zip(launch.stores, after, strict=True)):
        written = [place for place in judged if place.store == number]
        position = _changed_outside(before, now, written)
        if position is not None:
            role = "outside the output's elements" if written else "of an operand it reads"
            return f"byte {position} {role} was changed", evidence
    return "", evidence


def _paired(after: Stores, place: Place, right: Right) -> tuple[Sequence[Scalar], Right]:
    """Return the elements of an output and what is right of each. Where that begins anew and
    the bytes of the output do so too, one period stands for all.
    """
    period, count = len(right.values), place.layout.numel
    if period == count:
        return values_at(after, place), right
    data = _bytes_of_all(after[place.store], place)
    head = data[: period * place.dtype.itemsize]
    times = -(-count // period)
    if data == (head * times)[: len(data)]:
        return place.dtype.unpack(memoryview(head).cast(place.dtype.cell)), right
    values = ([*right.values] * times)[:count]
    return values_at(after, place), Right(values, lambda k: right.expected(k % period))


def _holds_no_bools(launch: Launch, place: Place, after: Stores) -> bool:
    """Return whether a byte that was written, or had to be, is neither 0 nor 1."""
    before, now = launch.stores[place.store], after[place.store]
    if max(now, default=0) <= 1:
        return False
    whole = place not in launch.outputs
    return any(
        now[position] > 1 and not (whole and now[position] == before[position])
        for position in place.layout.positions()
    )


def _compare_elements(
    launch: Launch, place: Place, got: Sequence[Scalar], right: Right
) -> tuple[str, Evidence]:
    worst, allowed = 0.0, 0.0
    rounded = right.rounded(place.dtype)
    for element, (mine, nearest) in enumerate(zip(got, rounded, strict=True)):
        # Zeros are equal whatever their sign.
        if mine == nearest and (mine or copysign(1, mine) == copysign(1, nearest)):
            continue
        expected = right.expected(element)
        found = verdict(mine, expected, place.dtype)
        if not found.right:
            return _described(launch, place, element, mine, expected, found.ulps), NOTHING
        if found.ulps > worst and found.allowed:
            worst, allowed = found.ulps, found.allowed
    return "", Evidence(len(got), worst, allowed)


def _described(
    launch: Launch,
    place: Place,
    element: int,
    mine: Scalar,
    right: Expected,
    ulps: float,
) -> str:
    value = place.dtype.convert(right.value)
    far = f", {ulps:.3g} ULP off" if isfinite(ulps) else ""
    within = f" within {right.slack:.3g}" if right.slack else ""
    given = ""
    if launch.verb == "elementwise":
        row = [launch.column(each)[element] for each in launch.inputs]
        given = f" of ({', '.join(map(repr, row))})"
    index = _index(element, place.layout.shape)
    dtype = place.dtype.name
    return f"element {index}{given} is {mine!r}{far}; it must be {value!r}{within} ({dtype})"


def _index(element: int, shape: Sequence[int]) -> list[int]:
    index: list[int] = []
    for size in reversed(shape):
        element, place = divmod(element, size)
        index.insert(0, place)
    return index


def _bytes_of_all(data: bytes, place: Place) -> bytes:
    """Return the bytes of the elements of an operand, in logical order."""
    size = place.dtype.itemsize
    if place.layout.is_contiguous:
        start = place.layout.offset * size
        return data[start : start + place.layout.numel * size]
    spans = [(position * size, (position + 1) * size) for position in place.layout.positions()]
    return b"".join([data[start:stop] for start, stop in spans])


def _changed_outside(before: bytes, now: bytes, written: Sequence[Place]) -> int | None:
    """Return where a byte changed that no output's element covers."""
    if before == now:
        return None
    restored = bytearray(before)
    for place in written:
        word, even = _WORDS[place.dtype.itemsize], place.layout.as_range()
        source, target = memoryview(now).cast(word), memoryview(restored).cast(word)
        if even is not None:
            span = slice(even.start, even.stop, even.step)
            target[span] = source[span]
        else:
            for position in place.layout.positions():
                target[position] = source[position]
    if restored == now:
        return None
    return next(k for k, (a, b) in enumerate(zip(restored, now, strict=True)) if a != b)


def smallest(backend: Backend, launch: Launch) -> Launch:
    """Return a launch that fails like ``launch`` and has as few elements as could be found."""
    attempts = 0
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(launch):
            attempts += 1
            if attempts > _ATTEMPTS:
                return launch
            if _fails(backend, candidate):
                launch, smaller = candidate, True
                break
    return launch


def _fails(backend: Backend, launch: Launch) -> bool:
    try:
        return bool(_compare(launch, launch.run(backend))[0])
    except NotSupported:
        return False


def _smaller(launch: Launch) -> Iterator[Launch]:
    """Yield launches with half the size of a dim, then with plain operands."""
    shape = launch.shape
    for dim, size in sorted(enumerate(shape), key=lambda each: -each[1]):
        if size < 2:
            continue
        half = size // 2
        for start, length in ((0, half), (half, size - half)):
            yield launch.mapped(
                partial(_narrowed, dim=dim, size=size, start=start, length=length)
            )
    plain = _plain(launch)
    if plain.stores != launch.stores:
        yield plain


def _narrowed(place: Place, dim: int, size: int, start: int, length: int) -> Place:
    if place.layout.shape[dim] != size:
        return place
    return place._replace(layout=place.layout.narrow(dim, start, length))


def _plain(launch: Launch) -> Launch:
    """Return the launch with contiguous operands, one storage each, and no guards."""
    stores: list[bytes] = []

    def alone(place: Place) -> Place:
        dtype, shape = place.dtype, place.layout.shape
        cells = dtype.pack(values_at(launch.stores, place))
        stores.append(cells.tobytes())
        return Place(len(stores) - 1, Layout.contiguous(shape), dtype)

    if launch.verb in ("gather", "scatter"):
        return launch  # strides have a meaning there
    return replace(launch.mapped(alone), stores=tuple(stores))


def reproducer_of(backend: Backend, launch: Launch, fault: str) -> str:
    """Return a script that performs ``launch`` and shows what it gives and what is right."""
    used = sorted({place.store for place in launch.places()})
    names = {store: f"s{number}" for number, store in enumerate(used)}
    dtypes = {place.store: place.dtype for place in launch.places()}
    stores = []
    for store in used:
        dtype = dtypes[store]
        cells = dtype.unpack(memoryview(launch.stores[store]).cast(dtype.cell))
        data = f"bytes.fromhex({launch.stores[store].hex()!r})"
        stores.append(f"{names[store]} = storage({data})  # {_listed(cells)}")

    def operand(place: Place | Scalar) -> str:
        if not isinstance(place, Place):
            return f"float({str(place)!r})" if isinstance(place, float) else repr(place)
        layout = f"Layout{tuple(place.layout)}"
        return f"Operand({names[place.store]}, {layout}, {_dtype_code(place)})"

    prints = []
    for place, right in zip(launch.judged(), launch.right(), strict=True):
        values = _listed([*map(place.dtype.convert, right.values)])
        whole = f"{names[place.store]}.memory, 0, {names[place.store]}.nbytes"
        cells_code = f"backend.read({whole}).cast({place.dtype.cell!r})"
        code = f"{_dtype_code(place)}.unpack({cells_code})"
        positions = f"Layout{tuple(place.layout)}.positions()"
        prints.append(f"cells = {code}")
        prints.append(f"print([cells[k] for k in {positions}])  # right: {values}")
    return _REPRODUCER.format(
        device=str(backend.device),
        stores="\n".join(stores),
        call="\n".join(launch.code(operand)),
        prints="\n".join(prints),
        fault=fault,
    )


def _dtype_code(place: Place) -> str:
    return "bool_" if place.dtype.name == "bool" else place.dtype.name


def _listed(cells: Sequence[Scalar]) -> str:
    shown = ", ".join(repr(each) for each in cells[:24])
    return f"[{shown}{', ...' if len(cells) > 24 else ''}]"


def judge_refusal(
    backend: Backend, launch: Launch, error: type[Exception], what: str, *, keeps_output: bool
) -> None:
    """Raise Wrong unless a launch raises an ``error`` and leaves operands as they were, with
    the output if it ``keeps_output``. What a gap raises goes on.
    """
    storages = [stored(backend, data) for data in launch.stores]
    written = set() if keeps_output else {place.store for place in launch.outputs}
    try:
        launch.perform_on(backend, storages)
        for storage in storages:
            bytes_of(storage)
    except NotSupported:
        raise
    except error:
        for number, (storage, before) in enumerate(zip(storages, launch.stores, strict=True)):
            if number not in written and bytes_of(storage) != before:
                raise Wrong(
                    f"{what} raises {error.__name__}, but something was written"
                ) from None
        return
    raise Wrong(f"{what} raises no {error.__name__}")
