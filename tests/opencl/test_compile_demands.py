"""Calls that demand something of values, make tables of shapes or leaves, are replayed too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import gnomon
from gnomon import Tensor, nn

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from .devices import default_backend

F = nn.functional
Loss = Callable[[Tensor], Tensor]

LOSSES: dict[str, Loss] = {
    "binary cross-entropy": lambda x: F.binary_cross_entropy(x.sigmoid(), gnomon.rand_like(x)),
    "huber": lambda x: F.huber_loss(x, gnomon.zeros_like(x), delta=0.1),
    "normal": lambda x: -gnomon.distributions.Normal(x, 1.0).log_prob(x.detach() + 1).sum(),
    "uniform": lambda x: gnomon.distributions.Uniform(x, x.abs() + 1).rsample().sum(),
    "categories": lambda x: x[gnomon.multinomial(x.detach().softmax(0)[:, 0], 2)].sum(),
    "bernoulli": lambda x: (x * gnomon.bernoulli(x.detach().sigmoid())).sum(),
    "one-hot": lambda x: (F.one_hot(x.detach().argmax(1), 6) * x).sum(),
    "number": lambda x: gnomon.tensor(3.0, device=x.device) * x.sum(),
    "quantile": lambda x: gnomon.quantile(x, 0.3, dim=1).sum(),
    "product": lambda x: (x * (x > 0)).prod(1).sum(),
    "running product": lambda x: (x * (x > 0)).cumprod(1).sum(),
    "reflection": lambda x: F.pad(x[None], (2, 2), mode="reflect").square().sum(),
    "average pool": lambda x: F.avg_pool1d(x[None], 2).square().sum(),
    "average pool of the border": lambda x: (
        F.avg_pool1d(x[None], 3, 2, 1, count_include_pad=False).square().sum()
    ),
    "adaptive pool": lambda x: F.adaptive_avg_pool1d(x[None], 4).square().sum(),
    "unfold": lambda x: x.unfold(1, 3, 1).square().sum(),
    "causal attention": lambda x: F.scaled_dot_product_attention(
        x[None], x[None], x[None], is_causal=True
    ).sum(),
    "grid": lambda x: F.grid_sample(
        x[None, None], gnomon.full((1, 2, 2, 2), 0.3, device=x.device), align_corners=False
    ).sum(),
}


def _input(seed: int = 0) -> Tensor:
    gnomon.manual_seed(seed)
    return gnomon.randn(5, 6).to("opencl")


@pytest.mark.parametrize("name", LOSSES)
def test_a_step_is_replayed_and_right(name: str) -> None:
    """Replays have inputs that no recorded call had, with zeros among factors too."""

    def step(x: Tensor) -> tuple[Tensor, Tensor]:
        leaf = x.detach().requires_grad_()
        loss = LOSSES[name](leaf)
        (gradient,) = gnomon.autograd.grad(loss, leaf)
        return loss.detach(), gradient

    compiled = gnomon.compile(step)
    found = []
    for way in (step, compiled):
        gnomon.manual_seed(3)
        rounds = [_input(seed) for seed in range(5)]
        gnomon.manual_seed(3)
        found.append([[each.tolist() for each in way(x)] for x in rounds])
    assert "replayed" in str(compiled.explain())
    assert found[0] == found[1]


def test_a_value_that_a_replay_refuses_is_an_error_when_the_host_waits() -> None:
    target = gnomon.ones(4, device="opencl")
    step = gnomon.compile(lambda x: F.binary_cross_entropy(x, target))
    for _ in range(3):
        step(gnomon.full((4,), 0.5, device="opencl"))
    assert "replayed" in str(step.explain())
    step(gnomon.full((4,), 1.5, device="opencl"))
    with pytest.raises(RuntimeError, match="in a compiled call, a value was refused"):
        gnomon.synchronize()
    assert step(gnomon.full((4,), 1.0, device="opencl")).item() == 0
    with pytest.raises(RuntimeError, match="all elements of input should be between 0 and 1"):
        gnomon.compile(lambda x: F.binary_cross_entropy(x, target))(target + 1)


def test_a_leaf_that_a_call_makes_is_made_by_replays() -> None:
    """A gradient penalty: a leaf of the call's own, which the loss that it returns leads to."""
    gnomon.manual_seed(0)
    critic = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).to("opencl")
    parameters = list(critic.parameters())

    def step(point: Tensor) -> Tensor:
        for parameter in parameters:
            parameter.grad = None
        leaf = (point * 0.5).requires_grad_()
        (slope,) = gnomon.autograd.grad(critic(leaf).sum(), leaf, create_graph=True)
        loss = (slope.norm(2, dim=1) - 1).pow(2).mean()
        loss.backward()
        return loss

    compiled, found = gnomon.compile(step), []
    for way in (step, compiled):
        gnomon.manual_seed(1)
        rounds = []
        for _ in range(5):
            loss = way(gnomon.randn(6, 3).to("opencl"))
            rounds.append(
                [
                    loss.item(),
                    *[each.grad.tolist() for each in parameters if each.grad is not None],
                ]
            )
        found.append(rounds)
    assert "replayed" in str(compiled.explain())
    assert found[0] == found[1]


def test_a_table_that_follows_from_shapes_is_written_once() -> None:
    image = gnomon.rand(1, 2, 6, 6).to("opencl")
    F.pad(image, (1, 1, 1, 1), mode="reflect")
    transfers = default_backend().runtime.pool.transfers
    before = transfers.writes
    F.pad(image, (1, 1, 1, 1), mode="reflect")
    assert transfers.writes == before


def test_a_graph_that_has_been_gone_back_through_is_left_as_it_is() -> None:
    """Additions save nothing: a backward pass goes through them again, in PyTorch too."""
    w = gnomon.tensor([1.0, 2.0], device="opencl", requires_grad=True)
    x = w + 1

    def of_outside(x: Tensor) -> Tensor:
        x.sum().backward()
        return x * 1

    def of_inside(w: Tensor) -> Tensor:
        y = w + 1
        y.sum().backward()
        return y

    gnomon.compile(of_outside)(x)
    (x * 3).sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [4, 4]
    w.grad = None
    compiled = gnomon.compile(of_inside)
    for _ in range(4):
        (compiled(w) * 3).sum().backward()
    assert w.grad.tolist() == [16, 16]
    assert "replayed" in str(compiled.explain())


def test_a_result_that_can_be_gone_through_in_part_is_no_replay() -> None:
    w = gnomon.ones(2, device="opencl", requires_grad=True)

    def used_in_part(x: Tensor, w: Tensor) -> Tensor:
        middle = x + 1
        y = middle.exp() + (w + 1)
        gnomon.autograd.grad(y.sum(), middle)
        return y

    def used_up(x: Tensor) -> Tensor:
        y = x.exp() + x
        y.sum().backward()
        return y

    first, second = gnomon.compile(used_in_part), gnomon.compile(used_up)
    for _ in range(4):
        x = gnomon.zeros(2, device="opencl", requires_grad=True)
        (found,) = gnomon.autograd.grad(first(x, w).sum(), w)
        assert found.tolist() == [1, 1]
        y = second(x)
        with pytest.raises(RuntimeError, match="second time"):
            (y * w).sum().backward()
    assert "differentiated in part" in str(first.explain())


def test_one_refusal_of_several_replays_is_reported_once() -> None:
    half = gnomon.full((4,), 0.5, device="opencl")
    steps = [
        gnomon.compile(gnomon.bernoulli),
        gnomon.compile(lambda x: gnomon.bernoulli(x) * 2),
    ]
    for step in steps:
        for _ in range(3):
            step(half)
        assert "replayed" in str(step.explain())
    for step in steps:
        step(half + 1)
    with pytest.raises(RuntimeError, match="a value was refused"):
        gnomon.synchronize()
    for step in steps:
        step(half)
        gnomon.synchronize()
