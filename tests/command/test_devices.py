"""``gnomon devices`` lists what is there, and says why what is installed does not load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from device import reference_only
from gnomon import command, cuda
from gnomon.devices import alias_device
from gnomon.devices import device as make_device

PROVIDER = """
class Provider:
    def device_count(self):
        return 2
    def open(self, index):
        raise RuntimeError("out of order")
    def describe(self, index):
        return f"a slide rule of {index + 1} m"
"""


def install(site: Path, name: str, source: str) -> None:
    """Install a distribution that announces one backend."""
    information = site / f"{name}_package-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}-package\nVersion: 1.0\n"
    )
    (information / "entry_points.txt").write_text(
        f"[gnomon.backends]\n{name} = {name}_backend:Provider\n"
    )
    (site / f"{name}_backend.py").write_text(source)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.fixture
def aliases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the aliases of devices that a test makes."""
    monkeypatch.setattr("gnomon.devices._aliases", {})


def lines(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Return the line of each device, and the last line under the name ""."""
    assert command.main(["devices"]) == 0
    *rows, last = capsys.readouterr().out.splitlines()
    return dict(re.split(r"\s{2,}", row, maxsplit=1) for row in rows) | {"": last}


@reference_only("it shows which device is the default")
def test_the_reference_is_always_there(capsys: pytest.CaptureFixture[str]) -> None:
    found = lines(capsys)
    assert found["cpu"] == "the reference, pure Python"
    assert found[""].startswith("Tensors are made on cpu unless a program says otherwise")


def test_a_plugin_is_listed_with_its_devices(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(site, "sliderule", PROVIDER)
    found = lines(capsys)
    assert found["sliderule:0"] == "a slide rule of 1 m"
    assert found["sliderule:1"] == "a slide rule of 2 m"
    assert '"sliderule" means sliderule:0' in found[""]


def test_a_plugin_without_a_device_is_listed(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(site, "abacus", PROVIDER.replace("return 2", "return 0"))
    assert lines(capsys)["abacus"] == "no device"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import absent_library\n", "ModuleNotFoundError: No module named 'absent_library'"),
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("", "has no attribute 'Provider'"),
    ],
)
def test_a_broken_plugin_is_listed_with_the_reason(
    site: Path, source: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"broken{abs(hash(source))}"  # Python imports a module of one name only once.
    install(site, name, source)
    status = lines(capsys)[name]
    assert status.startswith("broken: ") and reason in status and f"{name}-package" in status


def test_two_plugins_of_one_name_are_told_of(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(site, "twice", PROVIDER)
    other = site / "other_package-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (other / "entry_points.txt").write_text(
        "[gnomon.backends]\ntwice = twice_backend:Provider\n"
    )
    status = lines(capsys)["twice"]
    assert "other" in status and "twice-package" in status and "Uninstall all but one" in status


def test_cuda_means_nothing_by_itself() -> None:
    assert not cuda.is_available() and cuda.device_count() == 0
    for function in (cuda.current_device, cuda.get_device_name, cuda.synchronize):
        with pytest.raises(RuntimeError, match="means no device here"):
            function()


@pytest.mark.parametrize(
    ("target", "count", "current", "name"),
    [
        ("cpu", 1, 0, "cpu"),
        ("ruler:1", 1, 1, "a slide rule of 2 m"),
        ("ruler", 2, 0, "a slide rule of 1 m"),
    ],
)
@pytest.mark.usefixtures("aliases")
def test_cuda_means_what_it_is_said_to_mean(
    site: Path, target: str, count: int, current: int, name: str
) -> None:
    install(site, "ruler", PROVIDER)
    alias_device("cuda", target)
    assert cuda.is_available() and cuda.device_count() == count
    assert cuda.current_device() == current and cuda.get_device_name() == name
    assert make_device("cuda") == make_device(target)


@pytest.mark.usefixtures("aliases")
def test_synchronize_reaches_the_device(site: Path) -> None:
    alias_device("cuda", "cpu")
    cuda.synchronize()
    install(site, "gauge", PROVIDER)
    alias_device("cuda", "gauge:0")
    with pytest.raises(RuntimeError, match="out of order"):
        cuda.synchronize()
