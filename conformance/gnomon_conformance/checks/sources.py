"""Sources: regular values, and random streams that are equal on every accelerator."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import gnomon
from gnomon import Tensor
from gnomon.backend import (
    ALL_DTYPES,
    Device,
    DType,
    Kind,
    Operand,
    PhiloxGenerator,
    Scalar,
    float32,
    float64,
    int32,
    int64,
)
from gnomon.records import RandomSource, Source
from gnomon_conformance import zoo
from gnomon_conformance.cases import Case, Level, Tier
from gnomon_conformance.inventory import records_of
from gnomon_conformance.judging import NOTHING, Evidence, Wrong, judge_launch
from gnomon_conformance.launches import SourceLaunch, bytes_of, stored
from gnomon_conformance.target import Target, oracle

LEVEL = Level.INDEXING
_SHAPES: tuple[tuple[int, ...], ...] = ((60,), (5, 12), (3, 4, 5))
#: Of many dims that do not collapse.
_MANY_DIMS = (2, 2, 3, 2, 2)
#: More dims than a loop for each may be written for.
_ELEVEN_DIMS = (2,) * 11
#: Of no dim, of many, of no element and of many, and how they lie; each dtype has them of its
#: first sample.
_MORE_PLACES: tuple[tuple[tuple[int, ...], zoo.Kind], ...] = (
    ((), zoo.contiguous),
    ((0,), zoo.contiguous),
    ((2, 2, 3, 5), zoo.permuted),
    ((5, 12), zoo.exchanged),
    ((1033,), zoo.contiguous),
    (_MANY_DIMS, zoo.turned),
)
#: Integers from more than 32 bits hold, and from more than one word is fair to.
_WIDE: tuple[tuple[int, int], ...] = (
    *((-5, 2**40), (-(2**62), 2**62), (-9, 2**30)),
    # Exactly as many as some bits hold.
    *((0, 2**28), (-(2**31), 2**31)),
    # That begin above 0.
    *((2**40, 2**41 + 7), (17, 2**62)),
)
#: Where arange begins, and by how much it goes on, at integers that are too large for some.
_FAR_STARTS: tuple[tuple[int, int], ...] = (
    *((2**53, 1), (2**63 - 1, -3), (-(2**63), 5)),
    # That go on from what 32 bits hold.
    *((2**31 - 20, 1), (30 - 2**31, -7)),
)
#: Lines that meet integers at their ends alone, so that rounding does not matter between.
_CUT: tuple[tuple[int, int, int], ...] = ((0, 10, 60), (100, 3, 60), (-100, -3, 60))
#: How many columns a unit matrix has whose rows and columns no byte counts.
_COLUMNS = 300
#: Parameters beyond a record's samples: on the other side of 0, larger, and none of them whole.
_BEYOND: dict[str, tuple[tuple[Scalar, ...], ...]] = {
    "linspace": ((-3.0, 5.0, 60), (-4.0, -9.5, 60), (2.5, 2.5, 60), (-1.5, 4.0, 2)),
    "logspace": ((-1.0, 3.0, 60, 2.5), (2.0, -2.0, 60, 0.75)),
    "eye": ((_COLUMNS,),),
    "uniform": ((3.0, 253.0), (-250.0, -3.5), (2.5, 2.5)),
    "normal": ((-3.0, 5.0), (-0.25, 40.0), (5000.0, 300.0)),
    "exponential": ((0.25,), (8.0,)),
    "bernoulli": ((0.95,), (0.0625,)),
    "random": ((5, 9), (-300, -7), (1000, 70001), (5, 6)),
}
_COUNTS = (0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 63, 65, 130, 1025)
#: Those whose third parameter says how many elements there are.
_OF_COUNT = ("linspace", "logspace")
#: How many numbers a launch draws that is to take one draw from its stream.
_DRAWN = (40, 1, 0, 3, 1030, 7)
#: Sources of which every draw is alike have more numbers drawn than a block has room for.
_LARGE = {"uniform": zoo.MANY_ROWS, "normal": zoo.MANY_ROWS}
#: The public functions that draw.
_DRAWS: Final[dict[str, Callable[[Device], Tensor]]] = {
    "rand": lambda where: gnomon.rand(7, 3, device=where),
    "randn": lambda where: gnomon.randn(5, device=where),
    "randint": lambda where: gnomon.randint(-4, 9, (11,), device=where),
    "randperm": lambda where: gnomon.randperm(9, device=where),
    "bernoulli": lambda where: gnomon.zeros(13, device=where).bernoulli_(0.4),
    "exponential": lambda where: gnomon.zeros(6, device=where).exponential_(2.0),
    "multinomial": lambda where: gnomon.multinomial(
        gnomon.tensor([0.5, 0.2, 0.3], device=where), 8, replacement=True
    ),
}
#: How many numbers are drawn of the others, by dtype: more than a block of threads may make, so
#: that a stream that begins anew is found out.
_MANY = {float32: 20011, float64: 10007, int64: 10007}


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of sources."""
    for record in records_of(Source):
        for dtype in ALL_DTYPES:
            yield Case(
                level=LEVEL,
                family="source",
                subject=record.name,
                dtype=dtype.name,
                check=partial(_regular, record, dtype),
            )
    for random in records_of(RandomSource):
        for dtype in ALL_DTYPES:
            if random.philox is None or not _draws(random, dtype):
                continue
            yield Case(
                level=LEVEL,
                family="random",
                subject=random.name,
                dtype=dtype.name,
                tier=Tier.QUICK,
                check=partial(_random, random, dtype, seed),
            )
    behaviours = {"streams": _streams, "statistics": _statistics, "seeds": _seeds}
    for name, check in behaviours.items():
        yield Case(
            level=LEVEL,
            family="random",
            subject=name,
            dtype="float32",
            check=partial(check, seed),
        )


def _draws(record: RandomSource, dtype: DType) -> bool:
    """Whether the draw is defined on a dtype."""
    try:
        for parameters in record.samples:
            record.check(record.name, dtype, parameters)
    except (RuntimeError, NotImplementedError):
        return False
    return True


def _regular(record: Source, dtype: DType, target: Target) -> Evidence:
    """Every sample of parameters, in every layout one can write to."""
    evidence = NOTHING
    for number, parameters in enumerate(_samples(record, dtype)):
        places = [
            (_SHAPES[(number + turn) % len(_SHAPES)], kind)
            for turn, kind in enumerate(zoo.INJECTIVE)
        ]
        if number == 0:
            places += _MORE_PLACES
        if dtype in (float32, int32, int64) and number == 0:
            count = zoo.MANY_ROWS if record.name == "arange" else 4101
            places.append(((count,), zoo.contiguous))
        if parameters == (_COLUMNS,):
            rows = _COLUMNS if dtype is int64 else 4
            places.append(((rows, _COLUMNS), zoo.contiguous))
        if dtype is float32 and number == 0:
            places.append((_ELEVEN_DIMS, zoo.turned))
        for turn, (shape, kind) in enumerate(places):
            if record.name in _OF_COUNT and turn > 5:
                start, end, _, *others = parameters
                parameters = (start, end, math.prod(shape), *others)
            stores: list[bytes] = []
            launch = SourceLaunch(
                record=record,
                parameters=parameters,
                inputs=(),
                outputs=(zoo.blank(stores, kind(shape), dtype),),
                stores=tuple(stores),
            )
            evidence += judge_launch(target, launch)
    return evidence if evidence.comparisons else Evidence(1)


def _samples(record: Source, dtype: DType) -> Sequence[tuple[Scalar, ...]]:
    """Return the parameters that a source is launched with on a dtype.

    Integers come of integers. Of those that are computed as floats and cut, the fraction is far
    from the next integer: they are judged exactly.
    """
    samples = (*record.samples, *_BEYOND.get(record.name, ()))
    if dtype.kind >= Kind.FLOAT:
        return samples
    if record.name == "linspace":
        return _CUT if dtype.kind is not Kind.BOOL else ()
    if record.name not in ("arange", "eye"):
        return ()
    whole = [each for each in samples if all(isinstance(part, int) for part in each)]
    return [*whole, *_FAR_STARTS] if dtype is int64 and record.name == "arange" else whole


def _random(record: RandomSource, dtype: DType, seed: int, target: Target) -> Evidence:
    """Every sample of parameters, at several places of several streams, of many lengths; of
    all samples but the first every other one.
    """
    evidence = Evidence(1)
    samples = [*record.samples, *_BEYOND.get(record.name, ())]
    if record.name == "random" and dtype is int64:
        samples += _WIDE
    for number, parameters in enumerate(samples):
        for turn, (shape, kind) in enumerate(_places(record.name, dtype, is_first=not number)):
            if number and (number + turn) % 2:
                continue
            stores: list[bytes] = []
            launch = SourceLaunch(
                record=record,
                parameters=parameters,
                seed=(seed, 12345678901, 2**63 + 5)[turn % 3],
                drawn=turn % 4 + number + (2**32 if turn % 5 == 4 else 0),
                inputs=(),
                outputs=(zoo.blank(stores, kind(shape), dtype),),
                stores=tuple(stores),
            )
            evidence += judge_launch(target, launch)
        _advances(record, dtype, target)
    return evidence


def _places(
    name: str, dtype: DType, is_first: bool
) -> Iterator[tuple[tuple[int, ...], zoo.Kind]]:
    """Yield what numbers are drawn into: shapes of many counts, and how they lie."""
    counts = list(_COUNTS)
    if is_first and dtype in _MANY:
        many = _MANY[dtype]
        counts.append(_LARGE.get(name, many) if dtype is float32 else many)
    for turn, count in enumerate(counts):
        shape: tuple[int, ...] = (count,)
        if count % 5 == 0 and count:
            shape = (count // 5, 5) if count % 2 else (2, count // 10, 1, 5)
        elif count == 1 and is_first:
            shape = ()
        yield shape, zoo.INJECTIVE[turn % len(zoo.INJECTIVE)] if turn % 3 else zoo.contiguous
    if is_first:
        yield _ELEVEN_DIMS if dtype is float32 else _MANY_DIMS, zoo.turned
        yield (5, 12), zoo.exchanged


def _advances(record: RandomSource, dtype: DType, target: Target) -> None:
    """Raise Wrong unless launches take exactly one draw each from the stream, however large."""
    stream, twin = PhiloxGenerator(7), PhiloxGenerator(7)
    drawn: list[bytes] = []
    for count in (*_DRAWN, *_DRAWN[:1]):
        storage = stored(target.backend, bytes(count * dtype.itemsize))
        output = Operand(storage, zoo.contiguous((count,)), dtype)
        target.backend.source(record, record.samples[0], stream, output)
        drawn.append(bytes_of(storage))
        twin.next_offset()
        if stream.next_offset() != twin.next_offset():
            raise Wrong(
                f"{record.name}: a launch of {count} numbers does not take exactly one draw "
                "from its stream"
            )
    if drawn[0] == drawn[-1] and record.samples[0] and dtype.itemsize > 1:
        raise Wrong(f"{record.name}: two draws from one stream are the same numbers")


def _streams(seed: int, target: Target) -> Evidence:
    """The public functions: seeds repeat, streams go on, generators are independent."""
    device = target.device
    twin = device if target.is_reference else oracle()
    count = 0
    for name, function in _DRAWS.items():
        drawn: list[list[Tensor]] = []
        for where in (device, twin, device):
            gnomon.manual_seed(seed + 11)
            drawn.append([function(where).cpu(), function(where).cpu()])
        if any(not gnomon.equal(a, b) for a, b in zip(drawn[0], drawn[2], strict=True)):
            raise Wrong(f"{name}: the same seed gives other numbers")
        if any(not gnomon.equal(a, b) for a, b in zip(drawn[0], drawn[1], strict=True)):
            raise Wrong(f"{name}: the numbers are not those of the reference's stream")
        if name != "randperm" and gnomon.equal(*drawn[0]):
            raise Wrong(f"{name}: two draws give the same numbers")
        count += 3
    generator = gnomon.Generator(device).manual_seed(5)
    own = gnomon.rand(9, generator=generator, device=device).cpu()
    gnomon.manual_seed(5)
    if not gnomon.equal(own, gnomon.rand(9, device=device).cpu()):
        raise Wrong("a generator of one's own gives other numbers than the default one")
    return Evidence(count + 1)


def _statistics(seed: int, target: Target) -> Evidence:
    """Means of many draws within six standard errors, variances within a tenth."""
    count = 20000
    gnomon.manual_seed(seed + 3)
    draws = {
        ("uniform", 0.5, 1 / 12): gnomon.rand(count, device=target.device),
        ("normal", 0.0, 1.0): gnomon.randn(count, device=target.device),
        ("exponential", 0.5, 0.25): gnomon.empty(count, device=target.device).exponential_(2.0),
        ("bernoulli", 0.3, 0.21): gnomon.empty(count, device=target.device).bernoulli_(0.3),
    }
    for (name, mean, variance), drawn in draws.items():
        values = [float(value.item()) for value in drawn.cpu()]
        found = math.fsum(values) / count
        spread = math.fsum((value - found) ** 2 for value in values) / count
        if abs(found - mean) > 6 * math.sqrt(variance / count):
            raise Wrong(f"{name}: the mean of {count} draws is {found}, not {mean}")
        if abs(spread - variance) > 0.1 * variance:
            raise Wrong(f"{name}: the variance of {count} draws is {spread}, not {variance}")
    return Evidence(len(draws))


def _seeds(seed: int, target: Target) -> Evidence:
    """Numbers are of the state that their stream had when they were drawn, whatever is done to
    it before they are read.
    """
    device = target.device
    generator = gnomon.Generator(device)
    state = generator.manual_seed(seed + 40).get_state()
    changes: dict[str, Callable[[], object]] = {
        "seeded": lambda: gnomon.manual_seed(seed + 12),
        "seeded at random": gnomon.seed,
        "seeded once more": lambda: gnomon.manual_seed(seed + 11),
        "drawn from": lambda: gnomon.rand(3, device=device),
    }
    count = 0
    for name, function in _DRAWS.items():
        gnomon.manual_seed(seed + 11)
        right = function(device).tolist()
        for how, change in changes.items():
            gnomon.manual_seed(seed + 11)
            drawn = function(device)
            change()
            if drawn.tolist() != right:
                raise Wrong(f"{name}: other numbers are read when the device is {how} first")
            count += 1
    own: dict[str, Callable[[], object]] = {
        "seeded": lambda: generator.manual_seed(seed + 13),
        "set to another state": lambda: generator.set_state(state),
        "cloned": lambda: gnomon.rand(3, generator=generator.clone_state(), device=device),
    }
    for how, change in own.items():
        generator.manual_seed(seed + 11)
        right = gnomon.rand(5, generator=generator, device=device).tolist()
        generator.manual_seed(seed + 11)
        drawn = gnomon.rand(5, generator=generator, device=device)
        change()
        if drawn.tolist() != right:
            raise Wrong(f"other numbers are read when their generator is {how} first")
        count += 1
    return Evidence(count)
