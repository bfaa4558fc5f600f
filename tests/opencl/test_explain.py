"""What ``explain()`` tells of a compiled call, and that telling it changes nothing."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

import gnomon
from gnomon import Tensor, nn
from gnomon.backend import PlannedKernel, ReplayPlan
from gnomon.compiler import Compiled

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from gnomon_opencl.explaining import constant_parameters

from .devices import default_backend


@pytest.fixture(autouse=True)
def device() -> None:
    default_backend()


def _plan(compiled: Compiled[..., object]) -> ReplayPlan:
    (section,) = compiled.explain().sections
    assert section.plan is not None
    return section.plan


def _named(plan: ReplayPlan, operation: str) -> list[PlannedKernel]:
    return [kernel for kernel in plan.kernels if operation in kernel.operations]


def test_a_chain_is_told_as_one_kernel() -> None:
    x, y = (gnomon.ones(1000).to("opencl") for _ in range(2))
    run = gnomon.compile(lambda x, y: (x * y + 1).sqrt())
    for _ in range(3):
        run(x, y)
    text = re.sub(r"\d+\.\d us", "N us", run.explain())
    assert [" ".join(line.split()) for line in text.splitlines()] == [
        "replayed:",
        "kernel items moved flops predicted measured operations",
        "elementwise 1 12.0 kB 3.0 k N us N us mul, add, sqrt",
        "1 kernel 12.0 kB 3.0 k N us N us",
    ]


def test_memory_is_told_by_what_it_is_to_the_call() -> None:
    weight = gnomon.rand(30, 20).to("opencl")
    run = gnomon.compile(lambda x: (x @ weight).relu().sum())
    for _ in range(3):
        run(gnomon.rand(40, 30).to("opencl"))
    plan = _plan(run)
    assert sorted(each.kind for each in plan.buffers if each.kind != "temporary") == [
        "captured",
        "input",
        "result",
    ]
    product = next(kernel for kernel in _named(plan, "multiply_matrices") if kernel.flops)
    assert product.flops == 2 * 40 * 30 * 20
    assert product.predicted is not None and product.predicted > 0
    (result,) = [n for n, each in enumerate(plan.buffers) if each.kind == "result"]
    assert result in plan.kernels[-1].writes
    assert all(result not in kernel.reads for kernel in plan.kernels)


def _step() -> tuple[nn.Module, Compiled[[Tensor], Tensor]]:
    gnomon.manual_seed(0)
    net = nn.Sequential(nn.Linear(5, 7), nn.Dropout(0.5), nn.Linear(7, 3)).to("opencl")
    optimizer = gnomon.optim.Adam(net.parameters(), lr=0.1)

    def step(x: Tensor) -> Tensor:
        optimizer.zero_grad()
        loss = net(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return net, gnomon.compile(step)


def test_explaining_a_step_leaves_parameters_states_and_random_numbers_alone() -> None:
    found = []
    for asks in (False, True):
        net, step = _step()
        x, losses = gnomon.ones(4, 5).to("opencl"), []
        for _ in range(8):
            losses.append(step(x).item())
            if asks:
                step.explain()
        assert step.explain().startswith("replayed:")
        found.append((losses, [parameter.tolist() for parameter in net.parameters()]))
    assert found[0] == found[1]


def test_times_are_not_taken_while_the_program_takes_some() -> None:
    x = gnomon.ones(10).to("opencl")
    run = gnomon.compile(lambda x: x + 1)
    for _ in range(3):
        run(x)
    with gnomon.profiler.profile() as profile:
        run(x)
        assert [kernel.measured for kernel in _plan(run).kernels] == [None]
    assert any("elementwise" in event.name for event in profile.events())
    assert _plan(run).kernels[0].measured


def test_the_picture_stands_alone_and_has_a_box_for_each_kernel(tmp_path: Path) -> None:
    _, step = _step()
    for _ in range(5):
        step(gnomon.ones(4, 5).to("opencl"))
    explanation = step.explain()
    explanation.save(tmp_path / "plan.svg")
    explanation.save(tmp_path / "plan.txt")
    assert (tmp_path / "plan.txt").read_text(encoding="utf-8") == explanation
    svg = "{http://www.w3.org/2000/svg}"
    root = ElementTree.parse(tmp_path / "plan.svg").getroot()
    boxes = [each for each in root.iter(f"{svg}rect") if each.get("rx")]
    assert len(boxes) == len(_plan(step).kernels)
    tops = {float(box.get("y", "0")) for box in boxes}
    arrows = [each for each in root.iter(f"{svg}path") if each.get("marker-end")]
    assert len(tops) > 3 and len(arrows) >= len(tops) - 1


def test_parameters_are_read_only_if_they_point_to_constants() -> None:
    source = """
    #define ARGUMENTS __global const float *a, \\
        __global float *b, const int n
    __kernel __attribute__((reqd(1, 1))) void one(ARGUMENTS, __global int *f) {}
    typedef __global const float *Source;
    __kernel void two(__global float *const a, Source b, const Plan plan) {}
    """
    assert constant_parameters(source, "one") == [True, False, False, False]
    assert constant_parameters(source, "two") == [False, True, False]
    assert constant_parameters(source, "three") == []


def test_a_processor_reaches_no_more_than_its_units_can_do() -> None:
    runtime = default_backend().runtime
    if not runtime.traits.is_processor:
        pytest.skip("what a unit of another device does at most is not known")
    (unit,) = runtime.context.devices
    # Two multiply-adds of 16 floats in each of 6 thousand million cycles: of work-items that
    # all do the same, a compiler may do one.
    assert 0 < runtime.peak().operations < unit.max_compute_units * 2 * 2 * 16 * 6e9
