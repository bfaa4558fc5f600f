"""Nothing goes through the host unless the program asks for it: transfers are counted."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

import gnomon
from gnomon.backend import IndexedDimension, Operand, Storage
from gnomon.dtypes import ALL_DTYPES, DType, bool_, int64
from gnomon.generator import PhiloxGenerator
from gnomon.layout import Layout
from gnomon.op.record import NumericRecord
from gnomon.records import (
    Combination,
    Elementwise,
    RandomSource,
    Record,
    Reduction,
    Scan,
    Source,
    all_records,
)

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from gnomon_opencl.backend import OpenCLBackend

from .devices import default_backend, pair
from .test_elementwise import ARITY

LAYOUT = Layout.contiguous((3, 4))
ROW = Layout.contiguous((3, 1))
PARAMETERS = {
    "vector_norm": (2.0,),
    "arange": (0, 1),
    "eye": (3,),
    "linspace": (0.0, 1.0, 12),
    "logspace": (0.0, 1.0, 12, 10.0),
    "var": (1,),
    "std": (1,),
    "uniform": (0.0, 1.0),
    "normal": (0.0, 1.0),
    "exponential": (1.0,),
    "bernoulli": (0.5,),
    "random": (0, 9),
}
RECORDS = {found.record.name: found.record for found in all_records()}
#: Divisions of integers look for zeros before they write: the host waits for one word.
SIGNALS = {"floor_divide", "trunc_divide", "remainder", "fmod"}


@contextmanager
def counted(backend: OpenCLBackend) -> Iterator[list[int]]:
    """Yield a list that holds, after the block, how often data and signals were moved."""
    counts: list[int] = []
    transfers = backend.runtime.pool.transfers
    backend.synchronize()
    before = (transfers.reads + transfers.writes, transfers.signals)
    yield counts
    backend.synchronize()
    after = (transfers.reads + transfers.writes, transfers.signals)
    counts += [now - then for now, then in zip(after, before, strict=True)]


def dtypes_of(record: Record) -> list[DType]:
    """Return the dtypes that launches of ``record`` compute in."""
    if not isinstance(record, NumericRecord):
        return [dtype for dtype in ALL_DTYPES if dtype.is_floating_point or dtype is int64]
    found = []
    for dtype in ALL_DTYPES:
        try:
            compute, _ = record.dtype(record.name, dtype)
        except (RuntimeError, NotImplementedError):
            continue
        if compute is dtype:
            found.append(dtype)
    return found


@pytest.mark.parametrize("name", RECORDS)
def test_every_record_has_a_kernel_for_each_of_its_dtypes(name: str) -> None:
    record = RECORDS[name]
    if isinstance(record, RandomSource) and record.philox is None:
        pytest.skip("drawn on the host, as the protocol has it")
    if isinstance(record, Elementwise | Reduction | Scan | Combination | Source):
        backend = default_backend()
        lacking = [
            dtype.name
            for dtype in dtypes_of(record)
            if not backend.supports(name, (dtype,))
            and (dtype is not gnomon.float64 or backend.runtime.traits.double_arithmetic)
        ]
        assert lacking == []
    else:
        pytest.skip("made of other records")


def launcher(backend: OpenCLBackend, record: Record, dtype: DType) -> Callable[[], None]:
    """Return a launch of ``record`` on operands that are on the device already."""
    draw = random.Random(f"{record.name} {dtype.name}")
    values = [dtype.convert(draw.choice((1, 2, 3))) for _ in range(12)]

    def operand(layout: Layout = LAYOUT, kind: DType = dtype) -> Operand:
        return pair(backend, [kind.convert(value) for value in values], layout, kind).device

    def fresh(kind: DType, layout: Layout = LAYOUT) -> Operand:
        memory = backend.allocate(layout.numel * kind.itemsize)
        return Operand(Storage(backend, memory), layout, kind)

    parameters = PARAMETERS.get(record.name, ())
    if isinstance(record, Elementwise):
        inputs = [
            operand(kind=bool_ if position < record.conditions else dtype)
            for position in range(ARITY[type(record)])
        ]
        output = fresh(record.dtype(record.name, dtype)[1])
        return lambda: backend.elementwise(record, inputs, output)
    if isinstance(record, Reduction):
        source, output = operand(), fresh(record.dtype(record.name, dtype)[1], ROW)
        return lambda: backend.reduce(record, source, (1,), parameters, output)
    if isinstance(record, Scan):
        source, output = operand(), fresh(record.dtype(record.name, dtype)[1])
        return lambda: backend.scan(record, source, 1, output)
    if isinstance(record, Combination):
        source, output = operand(), operand().under(Layout((3, 4), (4, 0), 0))
        indexed = [IndexedDimension(operand(kind=int64), 4, 1)]
        return lambda: backend.scatter(record, source, indexed, output)
    assert isinstance(record, Source | RandomSource)
    generator = PhiloxGenerator(1) if isinstance(record, RandomSource) else None
    output = fresh(dtype)
    return lambda: backend.source(record, parameters, generator, output)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, record in RECORDS.items()
        if isinstance(record, Elementwise | Reduction | Scan | Combination | Source)
        or (isinstance(record, RandomSource) and record.philox is not None)
    ],
)
def test_a_launch_moves_no_data(name: str) -> None:
    backend = default_backend()
    (dtype, *_) = [
        *(each for each in dtypes_of(RECORDS[name]) if each is gnomon.float32),
        *dtypes_of(RECORDS[name]),
    ]
    launch = launcher(backend, RECORDS[name], dtype)
    with counted(backend) as counts:
        launch()
    moved, signals = counts
    assert moved == 0
    # Indices that the host wrote, as those of combinations here, are checked by the host.
    assert (signals > 0) == (name in SIGNALS and not dtype.is_floating_point)


def test_divisions_of_integers_wait_for_one_word() -> None:
    backend = default_backend()
    for name in SIGNALS:
        launch = launcher(backend, RECORDS[name], int64)
        with counted(backend) as counts:
            launch()
        assert counts == [0, 1]


STEPS = {
    "classes": lambda found, wanted: gnomon.nn.functional.cross_entropy(found, wanted),
    "numbers": lambda found, wanted: gnomon.nn.functional.mse_loss(found[:, 0], wanted.float()),
}


@pytest.mark.parametrize("optimizer", ("SGD", "Adam", "AdamW", "RMSprop"))
@pytest.mark.parametrize("loss", STEPS)
def test_a_training_step_moves_no_data(loss: str, optimizer: str) -> None:
    backend = default_backend()
    device = str(backend.device)
    model = gnomon.nn.Sequential(
        gnomon.nn.Linear(20, 16),
        gnomon.nn.ReLU(),
        gnomon.nn.Dropout(0.25),
        gnomon.nn.Linear(16, 5),
    ).to(device)
    stepper = getattr(gnomon.optim, optimizer)(model.parameters(), lr=0.01)
    batch = gnomon.randn(8, 20, device=device)
    wanted = gnomon.randint(0, 5, (8,), device=device)

    def step() -> None:
        stepper.zero_grad()
        STEPS[loss](model(batch), wanted).backward()
        stepper.step()

    for _ in range(3):  # until steps of the optimizer are recorded and planned
        step()
    with counted(backend) as counts:
        step()
    moved, signals = counts
    assert moved == 0
    assert signals == 0  # whether all targets are classes was asked in the first step


#: Public calls, of which the derivative is taken too, on what ``evaluated`` makes.
WITHOUT_THE_HOST = """
x[1:, ::2].t().contiguous().view(9)
x.as_strided((3, 2), (6, 1), 1).clone()
x[i[:, 0]]
x[i[:2, 0], i[:2, 1]]
x.gather(0, i)
x.detach().scatter(0, i, x.detach())
x.detach().scatter_add(0, i, x.detach())
x.detach().index_add(0, i[0, :4], x.detach())
torch.where(m, x, 0.0)
x.detach().clone().masked_fill_(m, 2).add_(1).mul_(x.detach())
torch.cat([x, x], 1).chunk(3, 1)[0]
torch.stack([x, x]).flip(0).roll(1, 1).repeat(1, 2, 1)
torch.sort(x, 1)
torch.topk(x, 2)
x.max(0)
x.median(1)
x.cumsum(1)
x.logcumsumexp(1)
x.cummax(1)
x.var(0)
x.norm()
x @ x.t()
torch.einsum('ij,kj->ik', x, x)
torch.linspace(0, 1, 5, device=x.device) + torch.rand(5, device=x.device)
F.softmax(x, 1)
F.gelu(x) + F.silu(x) + F.softplus(x) + F.elu(x)
F.layer_norm(x, (6,))
F.batch_norm(image, None, None, training=True)
F.dropout(x, 0.5)
F.pad(image, (1, 2), value=3.0)
F.embedding(tokens, table)
F.mse_loss(x, x.detach() + 1)
F.binary_cross_entropy_with_logits(x, m.float())
F.kl_div(F.log_softmax(x, 1), F.softmax(x.detach(), 1))
F.scaled_dot_product_attention(image[..., :4], image[..., :4], image[..., :4])
F.scaled_dot_product_attention(x[None], x[None], x[None], is_causal=True)
F.huber_loss(x, x.detach() + 1)
F.embedding_bag(tokens, table)
torch.tensor(3.0, device=x.device) * x
torch.quantile(x, 0.3, 1)
torch.randperm(5, device=x.device)
torch.linalg.inv_ex(steep)[0]
torch.linalg.cholesky_ex(steep @ steep.mT)[0]
torch.linalg.solve_triangular(steep, image, upper=True)
torch.cholesky_solve(image, steep)
torch.linalg.lu(steep)
torch.linalg.lu_factor_ex(image)[0]
torch.slogdet(steep.detach())
torch.linalg.qr(image)
torch.linalg.eigh(steep)
torch.geqrf(image.detach())
torch.ormqr(image.detach(), image.detach()[..., 0], image)
torch.matrix_exp(steep / 16)
torch.matrix_power(steep, 3)
F.ctc_loss(image[0].log_softmax(2), labels, sizes + 1, sizes)
"""
#: Those that move a little: why, and at most how many bytes are read for a call.
DECLARED = {
    "x[m]": ("how many elements there are", 8),
    "torch.unique(tokens)": ("how many elements there are", 8),
    "x * torch.equal(x, x)": ("the result", 1),
    "torch.bernoulli(x.detach())": ("whether all are probabilities", 1),
    "torch.multinomial(x.detach(), 2)": ("whether all are weights, and all rows have some", 2),
    "torch.multinomial(x.detach(), 9, True)": ("the same", 2),
    "x.cumprod(1)": ("whether a factor is zero", 1),
    "F.one_hot(tokens, 7)": ("whether all are classes, from both sides", 2),
    "F.binary_cross_entropy(x, m.float())": ("whether all are probabilities", 1),
    "torch.linalg.inv(steep)": ("whether no matrix is singular", 1),
    "torch.linalg.solve(steep, image)": ("the same, in the derivative too", 2),
    "torch.linalg.det(steep)": ("the same of the derivative, and whether any is 0", 2),
    "torch.linalg.cholesky(steep @ steep.mT)": ("whether all matrices are positive", 1),
    "torch.linalg.svd(steep)": ("whether all numbers are finite", 1),
    "torch.linalg.pinv(image)": ("whether all numbers are finite", 1),
    "torch.linalg.cond(steep)": ("whether all numbers are finite", 1),
    "torch.linalg.lstsq(steep, image)": ("the same, of the pseudoinverse and of ranks", 2),
}

#: What writes a table of windows, places or lengths for a geometry it meets for the first time.
WITH_TABLES = [
    "F.conv2d(image, kernel, padding=1)",
    "F.max_pool2d(image, 2)",
    "F.interpolate(image, scale_factor=2)",
    "F.pad(image, (1, 2, 0, 1), mode='reflect')",
    "F.unfold(image, 3)",
    "F.adaptive_avg_pool2d(image, 3)",
    "F.ctc_loss(image[0].log_softmax(2), labels[0], (1, 2) + (3,) * 6, (0, 1, 2) + (0,) * 5)",
]


def evaluated(expression: str, device: str) -> None:
    """Evaluate an expression, and the gradient of its result."""
    gnomon.manual_seed(0)
    x = gnomon.rand(4, 6, device=device, requires_grad=True)
    names = {
        "torch": gnomon,
        "F": gnomon.nn.functional,
        "x": x,
        "m": gnomon.rand(4, 6, device=device) > 0.5,
        "i": gnomon.randint(0, 4, (4, 6), device=device),
        "image": gnomon.rand(2, 3, 8, 8, device=device, requires_grad=True),
        "kernel": gnomon.rand(2, 3, 3, 3, device=device, requires_grad=True),
        "tokens": gnomon.randint(0, 7, (2, 5), device=device),
        "table": gnomon.rand(7, 3, device=device, requires_grad=True),
    }
    names["labels"] = gnomon.randint(1, 8, (8, 3), device=device)
    names["sizes"] = gnomon.randint(0, 3, (8,), device=device)
    names["steep"] = names["image"] + 9 * gnomon.eye(8, device=device)
    result = eval(expression, names)
    parts = result if isinstance(result, tuple) else (result,)
    total = sum(part.sum() for part in parts if part.requires_grad)
    if isinstance(total, gnomon.Tensor):
        total.backward()


@pytest.mark.parametrize("expression", WITHOUT_THE_HOST.strip().splitlines())
def test_calls_and_their_derivatives_move_nothing(expression: str) -> None:
    backend = default_backend()
    with counted(backend) as counts:
        evaluated(expression, str(backend.device))
    assert counts[0] == 0


@pytest.mark.parametrize("expression", WITH_TABLES)
def test_tables_are_written_once(expression: str) -> None:
    backend = default_backend()
    before = backend.runtime.pool.transfers.bytes_read
    evaluated(expression, str(backend.device))
    with counted(backend) as counts:
        evaluated(expression, str(backend.device))
    assert counts[0] == 0
    assert backend.runtime.pool.transfers.bytes_read == before


@pytest.mark.parametrize("expression", DECLARED)
def test_what_moves_is_declared(expression: str) -> None:
    backend = default_backend()
    transfers = backend.runtime.pool.transfers
    before = transfers.bytes_read
    with counted(backend) as counts:
        evaluated(expression, str(backend.device))
    _, most = DECLARED[expression]
    assert transfers.bytes_read - before <= most
    assert counts[0] > 0, "it moves nothing now: list it among the others"
