"""Whole programs: training loops against the reference's loss curve, and how a backend behaves
over time: the same twice, from several threads, without keeping what it no longer needs.
"""

from __future__ import annotations

import gc
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from typing import Final

import gnomon as torch
from gnomon import Tensor, nn
from gnomon.backend import Device, DType, float32, float64
from gnomon.nn import functional as F
from gnomon_conformance.cases import Case, Level, Tier
from gnomon_conformance.functions import elements_of
from gnomon_conformance.judging import Evidence, Wrong
from gnomon_conformance.target import Target, oracle

LEVEL = Level.PROGRAM
_STEPS: Final = 6
#: How far a loss may be off, relative to the largest, after the steps; rounding errors grow.
_OFF: Final = {"float32": 2e-4, "float64": 1e-9}

#: How many turns, of two launches each, a long chain has.
_CHAINED: Final = 3000
#: How many short chains each of the threads reads, which take turns as often as they can.
_SHORT_TURNS: Final = 100

#: One step of a training loop, which returns its loss.
Step = Callable[[], Tensor]
#: Makes of a step what does the same: itself, or the compiled step.
Way = Callable[[Step], Step]
Program = Callable[[Device, DType, Way], list[Tensor]]


def as_it_is(step: Step) -> Step:
    """Return ``step``."""
    return step


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of programs."""
    for name, program in PROGRAMS.items():
        for dtype in (float32, float64):
            yield Case(
                level=LEVEL,
                family="training",
                subject=name,
                dtype=dtype.name,
                tier=Tier.QUICK if dtype is float32 else Tier.DEFAULT,
                check=partial(judge_training, program, dtype, as_it_is),
            )
    behaviours: dict[str, Callable[[Target], Evidence]] = {
        "deterministic": _deterministic,
        "threads": _threads,
        "handed-over": _handed_over,
        "no-leak": _no_leak,
        "long-chain": _long_chain,
        "many-alive": _many_alive,
    }
    for name, check in behaviours.items():
        yield Case(level=LEVEL, family="behaviour", subject=name, check=check)


def _drawn(shape: tuple[int, ...], key: str, device: Device, dtype: DType) -> Tensor:
    """Return numbers that do not come from the device's own stream."""
    chooser = Random(key)
    count = 1
    for size in shape:
        count *= size
    values = [round(chooser.uniform(-1.0, 1.0), 3) for _ in range(count)]
    return torch.tensor(values, dtype=dtype).reshape(shape).to(device)


def _set(module: nn.Module, device: Device, dtype: DType) -> nn.Module:
    """Give a module parameters that are the same on every device."""
    module = module.to(device).to(dtype)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            drawn = _drawn(tuple(parameter.shape), name, device, dtype)
            parameter.copy_(drawn * 0.5)
    return module


def _of(module: nn.Module, *inputs: Tensor) -> Tensor:
    """Return what a module makes of its inputs, where that is one tensor."""
    result = module(*inputs)
    assert isinstance(result, Tensor)
    return result


def _train(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Callable[[], Tensor],
    way: Way,
    between: Callable[[], object] = int,
) -> list[Tensor]:
    """Return the losses of steps, ``between`` being done after each, and the parameters."""

    def step() -> Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        return value.detach()

    run, losses = way(step), []
    for _ in range(_STEPS):
        losses.append(run())
        between()
    return [*losses, *[parameter.detach() for parameter in module.parameters()]]


def _classifier(make: Callable[[Sequence[Tensor]], torch.optim.Optimizer]) -> Program:
    def program(device: Device, dtype: DType, way: Way) -> list[Tensor]:
        module = _set(nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3)), device, dtype)
        inputs = _drawn((12, 5), "inputs", device, dtype)
        classes = torch.tensor([k % 3 for k in range(12)]).to(device)
        optimizer = make([*module.parameters()])
        return _train(
            module, optimizer, lambda: F.cross_entropy(_of(module, inputs), classes), way
        )

    return program


def _convolutional(device: Device, dtype: DType, way: Way) -> list[Tensor]:
    module = _set(
        nn.Sequential(
            nn.Conv2d(1, 3, 3, padding=1),
            nn.BatchNorm2d(3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(27, 2),
        ),
        device,
        dtype,
    )
    inputs = _drawn((4, 1, 6, 6), "images", device, dtype)
    classes = torch.tensor([0, 1, 1, 0]).to(device)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9)
    return _train(module, optimizer, lambda: F.cross_entropy(_of(module, inputs), classes), way)


def _attentive(device: Device, dtype: DType, way: Way) -> list[Tensor]:
    embedding, norm, last = nn.Embedding(7, 8), nn.LayerNorm(8), nn.Linear(8, 7)
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    module = _set(nn.ModuleList([embedding, attention, norm, last]), device, dtype)
    tokens = torch.tensor([[0, 3, 5, 1, 2], [6, 6, 0, 4, 3]]).to(device)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)

    def loss() -> Tensor:
        x = _of(embedding, tokens)
        attended, _ = attention.forward(x, x, x, need_weights=False)
        scores = _of(last, _of(norm, F.gelu(attended) + x))
        return F.cross_entropy(scores.flatten(0, 1), tokens.roll(-1, 1).flatten())

    return _train(module, optimizer, loss, way)


def _scheduled(device: Device, dtype: DType, way: Way) -> list[Tensor]:
    """Random numbers in every step, and a rate that falls after it."""
    layers = nn.Linear(5, 8), nn.Dropout(0.4), nn.Linear(8, 3)
    module = _set(nn.Sequential(*layers), device, dtype)
    inputs, targets = (_drawn((4, size), "inputs", device, dtype) for size in (5, 3))
    optimizer = torch.optim.Adam(module.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    torch.manual_seed(5)
    loss = partial(F.mse_loss, target=targets)
    return _train(module, optimizer, lambda: loss(_of(module, inputs)), way, schedule.step)


def _by_hand(device: Device, dtype: DType, way: Way) -> list[Tensor]:
    """A recurrence written in place, without modules."""
    weight = _drawn((6, 6), "weight", device, dtype).requires_grad_()

    def loss() -> Tensor:
        state = torch.zeros(3, 6, dtype=dtype, device=device)
        states = torch.zeros(4, 3, 6, dtype=dtype, device=device)
        for turn in range(4):
            state = torch.sigmoid(state @ weight + 0.1 * turn)
            states[turn] = state
        value = (states.cumsum(0) - states.amax(2, keepdim=True)).pow(2).mean()
        value.backward()
        return value

    run, losses = way(loss), []
    for step in range(_STEPS):
        value = run()
        with torch.no_grad():
            gradient = weight.grad
            assert gradient is not None
            weight -= 0.3 * gradient / (1.0 + step)
            gradient.zero_()
        losses.append(value.detach())
    return [*losses, weight.detach()]


PROGRAMS: Final[dict[str, Program]] = {
    "classifier-sgd": _classifier(lambda given: torch.optim.SGD(given, lr=0.3)),
    "classifier-adam": _classifier(lambda given: torch.optim.Adam(given, lr=0.02)),
    "classifier-rmsprop": _classifier(lambda given: torch.optim.RMSprop(given, lr=0.01)),
    "convolutional": _convolutional,
    "attention": _attentive,
    "by-hand": _by_hand,
    "scheduled": _scheduled,
}


def judge_training(program: Program, dtype: DType, way: Way, target: Target) -> Evidence:
    """Compare losses and trained parameters with the oracle's; the reference has random numbers
    of its own.
    """
    own_numbers = target.is_reference and program is _scheduled
    judge = target.device if own_numbers else oracle()
    mine = [elements_of(each) for each in program(target.device, dtype, way)]
    right = [elements_of(each) for each in program(judge, dtype, as_it_is)]
    largest = max(abs(value) for column in right for value in column)
    compared = 0
    for number, (got, expected) in enumerate(zip(mine, right, strict=True)):
        what = f"the loss of step {number}" if number < _STEPS else "a trained parameter"
        for a, b in zip(got, expected, strict=True):
            if not abs(a - b) <= _OFF[dtype.name] * largest:
                raise Wrong(f"{what} is {a!r}; the reference has {b!r}")
            compared += 1
    return Evidence(compared)


def _bits(tensors: Sequence[Tensor]) -> list[list[str]]:
    return [[float(value).hex() for value in elements_of(each)] for each in tensors]


def _deterministic(target: Target) -> Evidence:
    """The same programs give the same bits, three times."""
    for program in (_convolutional, _attentive):
        runs = [_bits(program(target.device, float32, as_it_is)) for _ in range(3)]
        if runs[0] != runs[1] or runs[0] != runs[2]:
            raise Wrong("a program gives other bits when it runs again")
    return Evidence(6)


def _threads(target: Target) -> Evidence:
    """Four threads that compute at a time give what one after the other gives."""

    def work(key: int) -> list[list[str]]:
        x = _drawn((7, 9), f"thread {key}", target.device, float32)
        generator = torch.Generator(target.device).manual_seed(key)
        results = []
        for turn in range(12):
            x = torch.sin(x @ x.t() @ x * 0.1) + key
            x[turn % 7] *= 0.5
            results.append(x.sum(0) + x.amax())
            rows = x[: 2 + (key + turn) % 5]  # as many as another thread has, or not
            values, order = rows.sort(key % 2, descending=turn % 2 > 0)
            drawn = torch.rand(rows.shape, generator=generator, device=target.device)
            scanned = (values + drawn).cumsum(turn % 2)
            found = rows.gather(key % 2, order)
            results.append(torch.zeros_like(rows).scatter_add(key % 2, order, found * scanned))
            if turn % 5 == 0:  # as long as those of other threads
                long = torch.full((20_000,), float(key), device=target.device)
                results.append((long * 2 + turn).sum())
        whole = torch.arange(9.0, device=target.device) + key
        sums = [((whole * 2 + 1) * whole - turn).sum().item() for turn in range(_SHORT_TURNS)]
        return [*_bits([*results, x]), [*map(str, sums)]]

    right = [work(key) for key in range(4)]
    found: dict[int, list[list[str]]] = {}
    errors: list[Exception] = []

    def run(key: int) -> None:
        try:
            found[key] = work(key)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(key,)) for key in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    if errors:
        raise Wrong(f"a thread raises {type(errors[0]).__name__}: {errors[0]}")
    if [found[key] for key in range(4)] != right:
        raise Wrong("threads that compute at a time give other results than one alone")
    return Evidence(4)


def _handed_over(target: Target) -> Evidence:
    """What one thread computes, another reads."""
    made: list[Tensor] = []
    start = torch.arange(12).to(target.device)
    thread = threading.Thread(target=lambda: made.append((start + 1).mul_(2)))
    thread.start()
    thread.join()
    found, right = made[0].tolist(), [2 * (number + 1) for number in range(12)]
    if found != right:
        raise Wrong(f"computed in another thread: {found}; it must be {right}")
    return Evidence(len(right))


def _workload(device: Device, count: int) -> None:
    x = _drawn((16, 16), "leak", device, float32)
    where = torch.tensor([3, 1, 2, 1]).to(device)
    for _ in range(count):
        y = (x * 2 + 1).sum(1) + x.cumsum(1)[0]
        y = torch.relu(y)[where].sort().values
        z = torch.zeros(16, device=device).index_add(0, where, y)
        z.to(torch.int32).cpu()
        torch.rand(4, device=device)


def _no_leak(target: Target) -> Evidence:
    """After a workload, a longer one leaves no more memory in use, in bytes and objects."""
    _workload(target.device, 12)
    target.backend.synchronize()
    gc.collect()
    tracemalloc.start()
    _workload(target.device, 4)
    target.backend.synchronize()
    gc.collect()
    before, objects = tracemalloc.get_traced_memory()[0], len(gc.get_objects())
    count = 40
    _workload(target.device, count)
    target.backend.synchronize()
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    more = len(gc.get_objects()) - objects
    if grown > 100 * count or more > 2 * count:
        raise Wrong(
            f"{count} turns of a workload leave {grown} bytes and {more} objects more in use"
        )
    return Evidence(2)


def _long_chain(target: Target) -> Evidence:
    """Thousands of launches that depend on each other, before anything is read."""
    x = torch.zeros(5, dtype=torch.int64, device=target.device)
    y = x.clone()
    for turn in range(_CHAINED):
        x = x + y
        y.add_(turn % 3)
    right_x, right_y = 0, 0
    for turn in range(_CHAINED):
        right_x += right_y
        right_y += turn % 3
    if elements_of(x) != [right_x] * 5 or elements_of(y) != [right_y] * 5:
        raise Wrong(f"a chain of {2 * _CHAINED} dependent launches gives a wrong result")
    return Evidence(10)


def _many_alive(target: Target) -> Evidence:
    """Hundreds of results kept alive, and read in another order, are all what they were."""
    x = torch.arange(6, device=target.device)
    kept = [x * k + k % 7 for k in range(400)]
    for k in [*range(0, 400, 3), *range(399, 0, -7)]:
        if elements_of(kept[k]) != [value * k + k % 7 for value in range(6)]:
            raise Wrong(f"result {k} of 400 that are kept has become another")
    return Evidence(400)
