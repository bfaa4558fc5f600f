"""Compiled calls do on the device, bit for bit, what the calls do."""

from __future__ import annotations

import random
import threading
import weakref
from collections.abc import Callable, Iterator

import pytest

import gnomon
from gnomon import Tensor, nn, optim
from gnomon.compiler.compiled import Compiled

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from gnomon_opencl.runtime import Runtime

from .devices import default_backend

Step = Callable[..., object]
WAYS: dict[str, Callable[[Step], Step]] = {"eager": lambda f: f, "compiled": gnomon.compile}


@pytest.fixture(autouse=True)
def runtime() -> Iterator[Runtime]:
    runtime = default_backend().runtime
    yield runtime
    runtime.flush()


def _net(seed: int = 0) -> nn.Sequential:
    gnomon.manual_seed(seed)
    return nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3)).to("opencl")


def _batch() -> tuple[Tensor, Tensor]:
    gnomon.manual_seed(1)
    return gnomon.randn(6, 5).to("opencl"), gnomon.randn(6, 3).to("opencl")


OPTIMIZERS: dict[str, Callable[[Iterator[nn.Parameter]], optim.Optimizer]] = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p: optim.Adam(p, lr=0.01),
    "adamw": lambda p: optim.AdamW(p, lr=0.01, weight_decay=0.1),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.01),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.01, lr_decay=0.1),
    "adadelta": lambda p: optim.Adadelta(p),
    "adamax": lambda p: optim.Adamax(p),
    "amsgrad": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "asgd": lambda p: optim.ASGD(p, t0=3.0),
    "nadam": lambda p: optim.NAdam(p, lr=0.01),
    "radam": lambda p: optim.RAdam(p, lr=0.01),
    "rprop": lambda p: optim.Rprop(p),
}


#: Optimizers whose steps compute on the CPU, or are not always alike.
RUN_AS_EVER = ("asgd", "nadam", "radam")


def _trained(way: str, name: str, to_none: bool) -> tuple[list[float], list[object], Step]:
    """Return the losses of ten steps with a falling rate, the parameters, and the step."""
    net, (x, y) = _net(), _batch()
    optimizer = OPTIMIZERS[name](net.parameters())
    schedule = optim.lr_scheduler.ExponentialLR(optimizer, 0.8)

    def step(x: Tensor, y: Tensor) -> Tensor:
        optimizer.zero_grad(set_to_none=to_none)
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        return loss

    run, losses = WAYS[way](step), []
    for _ in range(10):
        loss = run(x, y)
        assert isinstance(loss, Tensor)
        losses.append(loss.item())
        schedule.step()
    return losses, [parameter.tolist() for parameter in net.parameters()], run


@pytest.mark.parametrize("to_none", [True, False])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_training_step_is_the_same_step(name: str, to_none: bool) -> None:
    losses, parameters, _ = _trained("eager", name, to_none)
    again, same, run = _trained("compiled", name, to_none)
    assert (again, same) == (losses, parameters)
    assert isinstance(run, Compiled)
    assert run.explain().startswith("replayed:") == (name not in RUN_AS_EVER)


def test_gradients_are_left_where_eager_calls_leave_them() -> None:
    found = []
    for way in WAYS.values():
        net, (x, y) = _net(), _batch()

        def loss_of(x: Tensor, y: Tensor, net: nn.Module = net) -> Tensor:
            loss = nn.functional.mse_loss(net(x), y)
            loss.backward()
            return loss.detach()

        run = way(loss_of)
        kept = []
        for count in range(6):
            if count != 4:  # and once they add up
                net.zero_grad()
            run(x * count, y)
            kept.append([parameter.grad for parameter in net.parameters()])
        found.append([[grad.tolist() for grad in grads] for grads in kept])
    assert found[0] == found[1]


def test_results_are_fresh_and_inputs_are_those_given() -> None:
    @gnomon.compile
    def scaled(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        y += 1
        return (x * 2 + y).exp() - 1, y, y[1:]

    results = []
    for count in range(5):
        x = gnomon.full((4,), float(count)).to("opencl")
        y = gnomon.zeros(4).to("opencl")
        result, same, part = scaled(x, y)
        assert same is y and part.tolist() == [1.0] * 3 and y.tolist() == [1.0] * 4
        assert part.data_ptr() == y.data_ptr() + 4
        results.append(result)
    assert scaled.explain().startswith("replayed:")
    for count, result in enumerate(results):
        expected = gnomon.tensor([2.0 * count + 1]).exp() - 1
        assert result[0].item() == pytest.approx(expected.item(), rel=1e-6)


def _launches_of_a_replay(runtime: Runtime, call: Callable[[], object]) -> int:
    for _ in range(3):
        call()
    runtime.flush()
    before = runtime.launches
    call()
    return runtime.launches - before


def test_what_is_made_of_constants_is_made_once(runtime: Runtime) -> None:
    x = gnomon.rand(3, 4).to("opencl")

    def scaled(x: Tensor) -> Tensor:
        share = gnomon.ones((), device=x.device).div(8)
        mask = gnomon.arange(4, device=x.device) < 2
        return (x * share * mask).sum(1)

    compiled = gnomon.compile(scaled)
    assert _launches_of_a_replay(runtime, lambda: compiled(x)) == 1
    for _ in range(2):
        assert compiled(x).tolist() == scaled(x).tolist()
        x.add_(1)


def test_what_is_written_again_is_made_at_each_replay(runtime: Runtime) -> None:
    def stepwise(x: Tensor) -> Tensor:
        total = gnomon.zeros(4, device=x.device)
        first = total * x
        total.add_(1)
        second = total * x
        total.add_(x)
        noise = gnomon.rand(4, device=x.device) * 0
        return first + second + total + noise

    x = gnomon.rand(4).to("opencl")
    compiled = gnomon.compile(stepwise)
    for _ in range(4):
        assert compiled(x).tolist() == stepwise(x).tolist()
        x.add_(1)


def test_a_result_of_constants_is_fresh(runtime: Runtime) -> None:
    @gnomon.compile
    def ones(x: Tensor) -> tuple[Tensor, Tensor]:
        made = gnomon.ones(3, device=x.device)
        return made, made * 2 + x

    x = gnomon.zeros(3).to("opencl")
    for _ in range(4):
        first, second = ones(x)
        assert first.tolist() == [1.0] * 3 and second.tolist() == [2.0] * 3
        first.fill_(7)


def test_a_chain_is_one_kernel_whose_temporaries_need_no_memory(runtime: Runtime) -> None:
    @gnomon.compile
    def chain(x: Tensor) -> Tensor:
        return ((x + 1) * x - 3).sigmoid() * x

    x = gnomon.rand(100).to("opencl")
    for _ in range(3):
        chain(x)
    runtime.flush()
    launches = runtime.launches
    chain(x)
    assert runtime.launches == launches + 1
    assert chain.explain().count("elementwise") == 1


def test_recordings_can_be_forgotten() -> None:
    run = gnomon.compile(lambda x: x + 1)
    x = gnomon.ones(3).to("opencl")
    for _ in range(3):
        run(x)
    assert run.explain().startswith("replayed:")
    gnomon.compiler.reset()
    assert run.explain() == ""
    assert run(x).tolist() == [2.0] * 3


def test_a_recording_does_not_hold_on_to_what_it_was_given_or_made(runtime: Runtime) -> None:
    run = gnomon.compile(lambda x: x + 1)
    for _ in range(3):
        run(gnomon.ones(1000).to("opencl"))
    active = runtime.pool.stats().active_bytes
    result = run(gnomon.ones(1000).to("opencl"))
    assert runtime.pool.stats().active_bytes >= active + 4000
    del result
    assert runtime.pool.stats().active_bytes == active


def test_a_replay_needs_the_memory_of_one_gradient_not_of_the_last_as_well(
    runtime: Runtime,
) -> None:
    weight = gnomon.rand(1000).to("opencl").requires_grad_()

    @gnomon.compile
    def step(x: Tensor) -> None:
        weight.grad = None
        (weight * x).sum().backward()

    x = gnomon.rand(1000).to("opencl")
    gradients = []
    for _ in range(4):
        step(x)
        assert weight.grad is not None
        gradients.append(weakref.ref(weight.grad))
    assert step.explain().startswith("replayed:")
    assert [gradient() for gradient in gradients] == [None] * 3 + [weight.grad]
    runtime.pool.reset_peaks()
    active = runtime.pool.stats().active_bytes
    step(x)
    assert runtime.pool.stats().active_peak == active
    assert weight.grad.tolist() == x.tolist()


def test_random_numbers_go_on() -> None:
    found = []
    for way in WAYS.values():
        x = gnomon.ones(50).to("opencl")
        run = way(lambda x: nn.functional.dropout(x, 0.5) + gnomon.rand_like(x))
        gnomon.manual_seed(3)
        found.append([run(x).tolist() for _ in range(5)])
    assert found[0] == found[1]


def test_a_draw_of_no_numbers_counts_as_one() -> None:
    found = []
    for way in WAYS.values():

        def draw(count: Tensor) -> Tensor:
            kept = gnomon.rand(2, device="opencl") + count
            gnomon.rand(0, device="opencl")
            return kept + gnomon.rand(2, device="opencl")

        run = way(draw)
        gnomon.manual_seed(5)
        counts = [gnomon.full((2,), float(count)).to("opencl") for count in range(6)]
        found.append([run(count).tolist() for count in counts])
    assert found[0] == found[1]
    assert "replayed" in run.explain()


def test_modes_and_plain_values_from_outside_are_part_of_the_signature() -> None:
    net = nn.Sequential(nn.Linear(5, 5), nn.Dropout(0.5)).to("opencl")
    x, factor = gnomon.ones(2, 5).to("opencl"), 1.0

    @gnomon.compile
    def run(x: Tensor) -> Tensor:
        with gnomon.no_grad():
            return net(x) * factor

    for _ in range(4):
        run(x)
    net.eval()
    with gnomon.no_grad():
        expected = net(x)
    for factor in (1.0, 2.0, 3.0):
        for _ in range(4):
            assert run(x).tolist() == (expected * factor).tolist()


def test_a_global_with_the_name_of_a_method_may_change() -> None:
    x = gnomon.ones(3).to("opencl")
    # A variable of this module, as "step" is in many loops over optimizer.step().
    variables = globals()

    @gnomon.compile
    def run(x: Tensor) -> Tensor:
        return x.tanh() + 1

    for variables["tanh"] in range(5):
        run(x)
    del variables["tanh"]
    told = str(run.explain())
    assert told.count("replayed:") == 1 and "recorded" not in told


def test_parameters_that_move_are_found_again() -> None:
    net, (x, _) = _net(), _batch()

    @gnomon.compile
    def run(x: Tensor) -> Tensor:
        with gnomon.no_grad():
            return net(x)

    for _ in range(4):
        run(x)
    net[0].weight.data = net[0].weight.data * 2
    with gnomon.no_grad():
        expected = net(x).tolist()
    assert run(x).tolist() == expected
    assert [run(x).tolist() for _ in range(4)] == [expected] * 4


def test_what_reads_a_value_runs_as_ever_or_says_where() -> None:
    def depends(x: Tensor) -> Tensor:
        return x + 1 if x.sum().item() > 0 else x - 1

    run = gnomon.compile(depends)
    x = gnomon.ones(3).to("opencl")
    for sign in (1, -1, 1, -1, 1, -1):
        assert run(x * sign).tolist() == [2.0 * sign] * 3
    assert "a value was read" in run.explain()
    with pytest.raises(RuntimeError, match=r"True, but a value was read .*test_compile.py, li"):
        gnomon.compile(depends, fullgraph=True)(x)


#: What a call may do with a number on the CPU, and whether that can be replayed.
WITH_A_NUMBER: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], bool]] = {
    "joined": (lambda x, number: x * number, True),
    "computed with": (lambda x, number: x * (number * 2), False),
    "read": (lambda x, number: x * number.item(), False),
    "changed": (lambda x, number: x * number.add_(1), False),
}


@pytest.mark.parametrize("use", WITH_A_NUMBER)
def test_numbers_on_the_cpu_are_as_they_are_by_then(use: str) -> None:
    function, is_replayed = WITH_A_NUMBER[use]
    x = gnomon.ones(2, device="opencl")
    found = []
    for way in WAYS.values():
        number = gnomon.tensor(1.0)
        step = way(lambda x, number=number: function(x, number))
        values = []
        for call in range(5):
            number.fill_(call)
            values.append((step(x).tolist(), number.item()))
        found.append(values)
    assert found[0] == found[1]
    assert isinstance(step, Compiled)
    assert step.explain().startswith("replayed") == is_replayed


def test_numbers_kept_for_a_derivative_are_no_obstacle() -> None:
    weight = gnomon.tensor([1.0, -2.0], device="opencl", requires_grad=True)

    def cotangent(x: Tensor) -> Tensor:
        (result,) = gnomon.autograd.grad(((weight * x) ** 3 / 2 - 1).sum(), weight)
        return result

    step = gnomon.compile(cotangent)
    x = gnomon.ones(2, device="opencl")
    assert [step(x).tolist() for _ in range(4)] == [[1.5, 6.0]] * 4
    assert isinstance(step, Compiled)
    assert step.explain().startswith("replayed")


def test_a_tensor_that_is_kept_elsewhere_is_made_every_time() -> None:
    kept: list[Tensor] = []

    @gnomon.compile
    def run(x: Tensor) -> Tensor:
        kept.append(x * 2)
        return x + 1

    for count in range(5):
        run(gnomon.full((2,), float(count)).to("opencl"))
    assert [each[0].item() for each in kept] == [0.0, 2.0, 4.0, 6.0, 8.0]
    assert "kept by something" in run.explain()


def test_launches_of_another_thread_are_not_taken_for_the_calls() -> None:
    x = gnomon.ones(3).to("opencl")
    other = gnomon.ones(3).to("opencl")

    def busy(x: Tensor) -> Tensor:
        thread = threading.Thread(target=other.add_, args=(1,))
        thread.start()
        thread.join()
        return x + 1

    run = gnomon.compile(busy)
    for _ in range(4):
        assert run(x).tolist() == [2.0] * 3
    assert other.tolist() == [5.0] * 3
    assert "another thread" in run.explain()


def test_an_index_out_of_range_in_a_replay_is_an_error_when_the_host_waits() -> None:
    table = gnomon.rand(4, 3).to("opencl")
    run = gnomon.compile(lambda index: nn.functional.embedding(index, table) * 2)
    inside = gnomon.tensor([0, 3]).to("opencl")
    for _ in range(4):
        run(inside)
    result = run(gnomon.tensor([0, 4]).to("opencl"))
    with pytest.raises(IndexError, match="in a compiled call, an index was out of range"):
        result.tolist()
    assert run(inside).shape == (2, 3)


def test_a_saved_tensor_that_a_replay_writes_to_is_noticed() -> None:
    x = gnomon.ones(3).to("opencl")
    run = gnomon.compile(lambda x: x.mul_(2))
    for _ in range(4):
        run(x)
    w = gnomon.ones(3).to("opencl").requires_grad_()
    y = (w * x).sum()
    run(x)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_writes_to_what_is_found_outside_are_counted() -> None:
    """Those of a replay are those of a call, hidden ones included: what has been kept about
    the tensor, such as that its indices are in range, does not hold any more.
    """
    places = gnomon.tensor([0, 1]).to("opencl")
    sums = gnomon.zeros(2).to("opencl")
    values = gnomon.arange(10.0).to("opencl")

    @gnomon.compile
    def move(new: Tensor, step: Tensor) -> Tensor:
        sums.add_(step).mul_(2)
        step.add_(1)
        places.data.copy_(new)
        return step * 2

    new, step = gnomon.tensor([3, 4]).to("opencl"), gnomon.zeros(2).to("opencl")
    for count in range(1, 6):
        move(new, step)
        assert (sums._version, step._version, places._version) == (2 * count, count, 0)
    assert values[places].tolist() == [3.0, 4.0]
    move(new + 96, step)
    assert "replayed" in move.explain()
    with pytest.raises(IndexError, match="out of bounds for dimension with size 10"):
        values[places]


def test_a_module_keeps_its_face() -> None:
    net = _net()
    compiled = gnomon.compile(net)
    assert next(iter(compiled.state_dict())) == "_orig_mod.0.weight"
    compiled.eval()
    assert not net.training
    x, _ = _batch()
    with gnomon.no_grad():
        expected = net(x).tolist()
        assert [compiled(x).tolist() for _ in range(4)] == [expected] * 4


def _program(seed: int) -> Callable[[Tensor, Tensor], list[Tensor]]:
    """Return a random program of operations, views and writes."""

    def run(x: Tensor, y: Tensor) -> list[Tensor]:
        chance = random.Random(seed)
        tensors = [x, y, x * y]
        for _ in range(8):
            a, b = chance.choice(tensors), chance.choice(tensors)
            match chance.randrange(7):
                case 0:
                    tensors.append(a * b + 0.5)
                case 1:
                    tensors.append(a @ b.t())
                case 2:
                    a.add_(b.clone(), alpha=0.25)
                case 3:
                    a[:, 1:3].mul_(0.5)
                case 4:
                    tensors.append((a.sum(0, keepdim=True) - b).tanh())
                case 5:
                    tensors.append(gnomon.where(a > b, a, b.t()))
                case _:
                    tensors.append(a.softmax(1))
        return tensors

    return run


@pytest.mark.parametrize("seed", range(6))
def test_programs_do_the_same(seed: int) -> None:
    found = []
    for way in WAYS.values():
        run = way(_program(seed))
        gnomon.manual_seed(seed)
        rows = []
        for _ in range(4):
            x, y = gnomon.rand(4, 4).to("opencl"), gnomon.rand(4, 4).to("opencl")
            rows.append([tensor.tolist() for tensor in run(x, y)])
        found.append(rows)
    assert repr(found[0]) == repr(found[1])


@pytest.mark.parametrize("whole", [True, False])
def test_a_forward_call_has_a_derivative(whole: bool) -> None:
    """The backward pass outside of the compiled call gives the gradients of an eager call."""
    found = []
    for way in WAYS.values():
        net, (x, y) = _net(), _batch()
        run = way(net) if whole else way(lambda x, net=net: net(x).relu())
        rows = []
        for count in range(5):
            inner = (x * count).requires_grad_()
            net.zero_grad()
            output = run(inner * 2)
            assert output.requires_grad
            nn.functional.mse_loss(output, y).backward()
            grads = [parameter.grad for parameter in net.parameters()]
            rows.append([output.tolist(), inner.grad.tolist(), *[g.tolist() for g in grads]])
        found.append(rows)
    assert repr(found[0]) == repr(found[1])
    assert "its derivative:" in run.explain()


def test_a_derivative_is_used_once_and_notices_writes() -> None:
    net, (x, _) = _net(), _batch()
    run = gnomon.compile(net)
    for _ in range(4):
        output = run(x)
    assert output.grad_fn is not None and output.grad_fn.name() == "CompiledFunctionBackward"
    output.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        output.sum().backward()
    output = run(x)
    with gnomon.no_grad():
        net[0].weight.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.sum().backward()
    (first,) = gnomon.autograd.grad(run(x).sum(), net[0].weight)
    (again,) = gnomon.autograd.grad(net(x).sum(), net[0].weight)
    assert first.tolist() == again.tolist()
    with pytest.raises(RuntimeError, match="no derivative of its own"):
        gnomon.autograd.grad(run(x).sum(), net[0].weight, create_graph=True)
