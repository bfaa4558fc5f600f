"""What programs import and switch around their computations: amp, jit, distributed, pinning."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import gnomon
from gnomon.devices import alias_device, aliased


@pytest.fixture
def group() -> Iterator[None]:
    gnomon.distributed.init_process_group("gloo", rank=0, world_size=1)
    yield
    gnomon.distributed.destroy_process_group()


def scaled_once(scaler: gnomon.amp.GradScaler, loss: float) -> gnomon.optim.SGD:
    weight = gnomon.tensor([1.0], requires_grad=True)
    optimizer = gnomon.optim.SGD([weight], lr=1.0)
    scaler.scale((weight * loss).sum()).backward()
    return optimizer


def test_a_scaler_refuses_what_is_out_of_order() -> None:
    scaler = gnomon.amp.GradScaler("cpu")
    with pytest.raises(RuntimeError, match="no gradients were looked at"):
        scaler.update()
    optimizer = scaled_once(scaler, 2.0)
    scaler.unscale_(optimizer)
    assert optimizer.param_groups[0]["params"][0].grad.tolist() == [2.0]
    with pytest.raises(RuntimeError, match=r"unscale_\(\) has already been called"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match=r"step\(\) has already been called"):
        scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="closure"):
        scaler.step(optimizer, closure=lambda: 0.0)
    scaler.update(8.0)
    assert scaler.get_scale() == 8.0


def test_a_scaler_grows_shrinks_and_is_restored() -> None:
    scaler = gnomon.amp.GradScaler("cpu", init_scale=4.0, growth_interval=2)
    for loss, scale in ((1.0, 4.0), (1.0, 8.0), (float("nan"), 4.0), (1.0, 4.0)):
        optimizer = scaled_once(scaler, loss)
        scaler.step(optimizer)
        scaler.update()
        assert scaler.get_scale() == scale
        moved = optimizer.param_groups[0]["params"][0].item() != 1.0
        assert moved is (loss == 1.0)
    again = gnomon.amp.GradScaler("cpu")
    again.load_state_dict(scaler.state_dict())
    assert again.state_dict() == scaler.state_dict()
    with pytest.raises(RuntimeError, match="the state is empty"):
        again.load_state_dict({})
    with pytest.raises(ValueError, match="growth_factor must be above 1"):
        again.set_growth_factor(1.0)
    with pytest.raises(ValueError, match="backoff_factor must be below 1"):
        again.set_backoff_factor(1.0)


def test_a_scaler_scales_tensors_in_lists_and_nothing_else() -> None:
    scaler = gnomon.amp.GradScaler("cpu", init_scale=4.0)
    one, (two,) = scaler.scale([gnomon.ones(()), (gnomon.ones(0, 2),)])
    assert one.item() == 4.0 and two.shape == (0, 2)
    with pytest.raises(ValueError, match="not <class 'float'>"):
        scaler.scale([1.0])
    half = gnomon.ones(1, dtype=gnomon.float16, requires_grad=True)
    half.sum().backward()
    with pytest.raises(ValueError, match="FP16"):
        scaler.unscale_(gnomon.optim.SGD([half], lr=1.0))


@pytest.mark.skipif(aliased("cuda") is not None, reason='"cuda" means a device here')
def test_a_scaler_for_a_cuda_that_means_nothing_is_off() -> None:
    with pytest.warns(UserWarning, match="is not enabled"):
        scaler = gnomon.amp.GradScaler()
    loss = gnomon.ones(())
    assert not scaler.is_enabled() and scaler.scale(loss) is loss
    assert scaler.get_scale() == 1.0 and scaler.state_dict() == {}
    scaler.update()


def test_autocast_takes_device_types() -> None:
    @gnomon.autocast("cpu", dtype=gnomon.bfloat16)
    def product() -> gnomon.Tensor:
        assert not gnomon.is_autocast_enabled("cpu")
        return gnomon.ones(2, 2) @ gnomon.ones(2, 2)

    assert product().dtype == gnomon.float32
    with gnomon.cuda.amp.autocast() as context:
        assert context.fast_dtype == gnomon.get_autocast_dtype("cuda") == gnomon.float16
    with pytest.raises(ValueError, match="should be a str, got Device"):
        gnomon.autocast(gnomon.device("cpu"))  # type: ignore[arg-type]  # what is refused
    with pytest.raises(RuntimeError):
        gnomon.autocast("")


def test_scripts_are_what_they_were() -> None:
    module = gnomon.nn.Linear(2, 1)
    assert gnomon.jit.script(module) is module
    assert gnomon.jit.trace(module, gnomon.ones(1, 2)) is module
    assert gnomon.jit.freeze(module) is module

    @gnomon.jit.ignore(drop=True)
    def double(x: int) -> int:
        return 2 * x

    assert gnomon.jit.ignore(double)(2) == 4 == gnomon.jit.annotate(int, 4)
    with gnomon.jit.optimized_execution(should_optimize=False):
        assert not gnomon.jit.is_tracing()


def test_a_group_of_one(group: None) -> None:
    distributed = gnomon.distributed
    tensor = gnomon.arange(3.0)
    assert distributed.all_reduce(tensor) is None
    work = distributed.broadcast(tensor, 0, async_op=True)
    assert work is not None and work.wait() and work.is_completed()
    gathered = [gnomon.zeros(3)]
    distributed.all_gather(gathered, tensor)
    assert gathered[0].tolist() == tensor.tolist() == [0.0, 1.0, 2.0]
    objects = [""]
    distributed.all_gather_object(objects, "mine")
    assert objects == ["mine"] and distributed.get_backend() == "gloo"
    with pytest.raises(ValueError, match="a list of 2 was given"):
        distributed.all_gather([tensor, tensor], tensor)
    with pytest.raises(ValueError, match="twice"):
        distributed.init_process_group()
    sampler = gnomon.utils.data.DistributedSampler(range(3), shuffle=False)
    assert list(sampler) == [0, 1, 2]
    module = gnomon.nn.parallel.DistributedDataParallel(gnomon.nn.Linear(3, 1), device_ids=[0])
    with module.no_sync():
        assert not module.require_backward_grad_sync
    assert module(tensor).shape == (1,) and module.require_backward_grad_sync
    with pytest.raises(RuntimeError, match="no parameter"):
        gnomon.nn.parallel.DistributedDataParallel(gnomon.nn.ReLU())


def test_without_a_group_or_with_other_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    for ask in (gnomon.distributed.get_rank, gnomon.distributed.barrier):
        with pytest.raises(ValueError, match="has not been initialized"):
            ask()
    with pytest.raises(ValueError, match="has not been initialized"):
        gnomon.utils.data.DistributedSampler(range(3))
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(RuntimeError, match="2 processes are to work together"):
        gnomon.distributed.init_process_group("nccl")
    with pytest.raises(ValueError, match="no rank 1 among 1"):
        gnomon.distributed.init_process_group("gloo", rank=1, world_size=1)
    assert not gnomon.distributed.is_initialized()


def test_types_for_annotations() -> None:
    assert isinstance(1.5, gnomon.types.Number) and isinstance("cpu", gnomon.types.Device)
    assert gnomon.types._device is gnomon.device


def test_sharing_strategies() -> None:
    assert gnomon.multiprocessing.cpu_count() >= 1
    gnomon.multiprocessing.set_sharing_strategy("file_system")
    assert gnomon.multiprocessing.get_sharing_strategy() == "file_descriptor"
    with pytest.raises(ValueError, match="there is no strategy 'pigeons'"):
        gnomon.multiprocessing.set_sharing_strategy("pigeons")


def test_onnx_says_what_to_do() -> None:
    with pytest.raises(NotImplementedError, match="Save the state_dict"):
        gnomon.onnx.export(gnomon.nn.ReLU(), gnomon.ones(1), "model.onnx")


@pytest.mark.skipif(aliased("cuda") is not None, reason='"cuda" means a device here')
def test_pinning_needs_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    x = gnomon.ones(2, device="cpu")
    with pytest.raises(RuntimeError, match="no accelerator"):
        x.pin_memory()
    monkeypatch.setattr("gnomon.devices._aliases", {})
    alias_device("cuda", "cpu")
    assert x.pin_memory() is x
    assert gnomon.zeros(2, pin_memory=True, device="cpu").tolist() == [0.0, 0.0]
