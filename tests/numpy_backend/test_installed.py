"""The package as a user has it: found by its entry point, opened at first use, trained on."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import gnomon as torch
from gnomon import plugins, registry

pytest.importorskip("numpy", reason="the backend is made of NumPy")
pytest.importorskip("scipy", reason="the backend takes special functions from SciPy")

PACKAGE = Path(__file__).parent.parent.parent / "examples" / "numpy_backend"
PROJECT = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Announce the package as pip would have."""
    name, version = PROJECT["project"]["name"], PROJECT["project"]["version"]
    information = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    )
    (information / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
            for group, entries in PROJECT["project"]["entry-points"].items()
        )
    )
    monkeypatch.syspath_prepend(tmp_path)
    before = dict(registry._backends)
    for device in [device for device in before if device.type == "numpy"]:
        del registry._backends[device]
    yield
    registry._backends.clear()
    registry._backends.update(before)


def test_the_backend_is_listed() -> None:
    (status,) = [status for status in plugins.backends() if status.name == "numpy"]
    assert status.devices == ["numpy:0"]
    assert status.failure == ""
    (line,) = status.lines
    assert line.startswith("this machine's processor (NumPy ")


def test_a_device_that_is_not_there_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="the backend 'numpy' has 1 device"):
        torch.ones(1, device="numpy:1")


def train(device: str) -> list[float]:
    """Return the losses of a small network, whose data do not depend on the device."""
    inputs = torch.linspace(-1, 1, 48).view(16, 3).sin().to(device)
    targets = inputs.pow(2).sum(1, keepdim=True)
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.LayerNorm(8), torch.nn.Linear(8, 1)
    ).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = torch.nn.functional.smooth_l1_loss(model(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_a_network_learns_what_it_learns_on_the_reference() -> None:
    expected = train("cpu")
    assert expected[-1] < expected[0] / 2
    assert train("numpy") == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int16]
)
def test_products_of_batches_of_matrices(dtype: torch.dtype) -> None:
    left = torch.arange(48).sub(20).view(2, 4, 6).to(dtype).transpose(1, 2)
    right = torch.arange(40).sub(17).view(2, 4, 5).to(dtype)
    found = torch.bmm(left.to("numpy"), right.to("numpy"))
    assert found.tolist() == torch.bmm(left, right).tolist()
    nothing = torch.bmm(left.to("numpy")[:, :, :0], right.to("numpy")[:, :0])
    assert nothing.tolist() == torch.zeros(2, 6, 5).tolist()
