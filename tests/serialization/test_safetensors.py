"""Files of the safetensors format, which the library itself writes and reads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import gnomon
from device import reference_only
from gnomon.utils.safetensors import load, load_file, save, save_file
from serialization.objects import DTYPES

library = pytest.importorskip("safetensors", reason="the extra safetensors is not installed")


def tensors() -> dict[str, gnomon.Tensor]:
    dtypes = {name: gnomon.tensor([0, 1, 3]).to(getattr(gnomon, name)) for name in DTYPES}
    base = gnomon.arange(6.0).view(2, 3)
    return {
        **dtypes,
        "turned": base.t(),
        "part": gnomon.arange(9)[4:6],
        "scalar": gnomon.tensor(2.5),
        "empty": gnomon.empty(0, 3),
        "parameter": gnomon.nn.Parameter(gnomon.ones(2)),
    }


def test_tensors_come_back(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_file(tensors(), path, metadata={"format": "pt"})
    with library.safe_open(str(path), framework="numpy") as file:
        assert file.metadata() == {"format": "pt"}
    for found in (load_file(path), load(path.read_bytes()), load_file(str(path), "cpu")):
        assert sorted(found) == sorted(tensors())
        for name, tensor in tensors().items():
            assert found[name].dtype is tensor.dtype and found[name].shape == tensor.shape
            assert found[name].tolist() == tensor.tolist()
            assert not found[name].requires_grad and found[name].is_contiguous()


def test_files_of_another_library(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    from safetensors import numpy as other

    path = tmp_path / "x.safetensors"
    other.save_file({"a": numpy.arange(6, dtype="int16").reshape(2, 3)}, str(path))
    assert load_file(path)["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    save_file({"a": gnomon.arange(3.0)}, path)
    assert other.load_file(str(path))["a"].tolist() == [0.0, 1.0, 2.0]


def test_tensors_that_share_memory_are_refused() -> None:
    base = gnomon.arange(4.0)
    with pytest.raises(RuntimeError, match="'base' and 'part' share memory"):
        save({"base": base, "part": base[1:]})
    assert sorted(load(save({"base": base, "nothing": base[:0]}))) == ["base", "nothing"]


@pytest.mark.parametrize("data", [b"", b"12345678", save({"a": gnomon.ones(3)})[:-1]])
def test_a_damaged_file_is_an_error(data: bytes) -> None:
    with pytest.raises(RuntimeError, match="damaged or in another format"):
        load(data)


def test_a_dtype_that_gnomon_lacks_is_named() -> None:
    header = b'{"a":{"dtype":"F8_E5M2","shape":[1],"data_offsets":[0,1]}}'
    with pytest.raises(RuntimeError, match="a in the data has elements of F8_E5M2"):
        load(len(header).to_bytes(8, "little") + header + b"0")


def test_without_the_library_the_extra_is_named() -> None:
    program = (
        "import sys; sys.modules['safetensors'] = None\n"
        "import gnomon\n"
        "try: gnomon.utils.safetensors.load_file('x')\n"
        "except FileNotFoundError: pass\n"
        "try: gnomon.utils.safetensors.save({})\n"
        "except ImportError as error: print(error)\n"
    )
    folder = str(Path(gnomon.__file__).parent.parent)
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": folder},
    )
    assert "pip install 'gnomon[safetensors]'" in run.stdout


@reference_only("it opens the accelerator itself")
def test_an_accelerators_tensors() -> None:
    pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")
    from opencl.devices import default_backend

    default_backend()
    data = save({"a": gnomon.arange(6.0, device="opencl").view(2, 3).t()})
    found = load(data, "opencl")["a"]
    assert str(found.device) == "opencl:0" and found.tolist() == [[0, 3], [1, 4], [2, 5]]
