"""Where gnomon does more than PyTorch, or leaves less behind."""

from __future__ import annotations

import warnings

import pytest

import gnomon as torch
from device import without_device


def test_one_context_may_be_entered_twice() -> None:
    context = torch.no_grad()
    with context, context:
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()


def test_a_refused_write_has_written_nothing() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.inference_mode():
        inferred = torch.ones(2)
    for target in (x, inferred, x[0]):
        before, version = target.tolist(), target.operand.storage.version
        with pytest.raises(RuntimeError):
            target.add_(1)
        assert target.tolist() == before and target.operand.storage.version == version


def test_a_number_is_not_freed() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    y.sum().backward()
    y.sum().backward()
    assert x.grad.tolist() == [4.0, 4.0]


def test_a_view_that_lost_its_history_can_be_printed() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True) * 1
    part = x.unbind()[0]
    x.mul_(2)
    assert without_device(repr(part)) == "tensor(2., grad_fn=<Invalid>)"
    with pytest.raises(RuntimeError, match="returns multiple views"):
        _ = part.grad_fn


def test_vmap_may_read_values() -> None:
    x = torch.tensor([1.0, 2.0])
    assert torch.vmap(lambda v: v * v.item())(x).tolist() == [1.0, 4.0]


def test_anomaly_mode_shows_the_forward_line() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with torch.autograd.detect_anomaly(), pytest.raises(RuntimeError, match="nan values"):
            x = torch.zeros(1, requires_grad=True)
            y = x.sqrt()  # the line to be shown
            (y * 0).sum().backward()
    enabled, shown = [str(warning.message) for warning in caught]
    assert "Anomaly Detection has been enabled" in enabled
    assert "Error detected in SqrtBackward0" in shown
    assert shown.rstrip().endswith("y = x.sqrt()  # the line to be shown")


def test_without_anomaly_mode_in_the_forward_pass_the_warning_says_so() -> None:
    x = torch.zeros(1, requires_grad=True)
    y = (x.sqrt() * 0).sum()
    with (
        torch.autograd.set_detect_anomaly(True),
        pytest.warns(UserWarning, match="anomaly mode was off then"),
        pytest.raises(RuntimeError, match="nan values"),
    ):
        y.backward()


def test_hooks_that_do_not_fit_are_refused() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0],))
    with pytest.raises(RuntimeError, match="incorrect number of values"):
        y.sum().backward()


def test_memory_on_the_cpu_is_not_pinned() -> None:
    with pytest.raises(RuntimeError, match="pinned"):
        torch.autograd.graph.save_on_cpu(pin_memory=True)


def test_a_view_of_a_leaf_made_in_no_grad_mode_gets_no_gradient() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.no_grad():
        part = x[0]
    w = torch.tensor(2.0, requires_grad=True)
    (part * w).backward()
    assert x.grad is None and part.grad is None and w.grad.item() == 1.0
    assert torch.autograd.grad(part * w, [part, w], allow_unused=True)[0] is None
