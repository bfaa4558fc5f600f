"""Files that are none, of another format or of another machine, and where tensors go."""

from __future__ import annotations

import io
import pickle
import struct
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import gnomon
from device import reference_only
from gnomon import serialization
from gnomon.devices import _aliases, alias_device
from gnomon.tensor.storages import UntypedStorage

ABOUT_DEVICES = reference_only("it names the devices itself")


def saved(value: object) -> io.BytesIO:
    file = io.BytesIO()
    gnomon.save(value, file)
    file.seek(0)
    return file


def rewritten(file: io.BytesIO, **records: bytes | None) -> io.BytesIO:
    """Return the archive with other records, or without those that are None."""
    result = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(result, "w") as new:
        contents = {name.partition("/")[2]: old.read(name) for name in old.namelist()}
        for name, data in {**contents, **records}.items():
            if data is not None:
                new.writestr(f"archive/{name}", data)
    result.seek(0)
    return result


def test_a_path_and_a_file(tmp_path: Path) -> None:
    for path in (tmp_path / "x.pt", str(tmp_path / "y")):
        gnomon.save(gnomon.arange(3), path)
        assert gnomon.load(path).tolist() == [0, 1, 2]
        with open(path, "rb") as file:
            assert gnomon.load(file).tolist() == [0, 1, 2]
            assert not file.closed


def test_a_folder_or_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"Parent directory .*none does not exist"):
        gnomon.save(1, tmp_path / "none" / "x.pt")
    with pytest.raises(FileNotFoundError):
        gnomon.load(tmp_path / "x.pt")


@pytest.mark.parametrize("f", [3, None, object()])
def test_what_is_neither_a_path_nor_a_file(f: object) -> None:
    with pytest.raises(AttributeError, match="'write'"):
        gnomon.save(1, f)
    with pytest.raises(AttributeError, match="seekable"):
        gnomon.load(f)


def test_an_object_that_cannot_be_pickled_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    gnomon.save(1, tmp_path / "x.pt")
    with pytest.raises(Exception, match="pickle"):
        gnomon.save(lambda: None, tmp_path / "x.pt")
    assert gnomon.load(tmp_path / "x.pt") == 1


def test_one_storage_as_two_dtypes_is_refused() -> None:
    x = gnomon.arange(4, dtype=gnomon.int32)
    with pytest.raises(RuntimeError, match="view the same data as different types"):
        gnomon.save([x, x.view(gnomon.float32)], io.BytesIO())


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (b"", EOFError, "empty"),
        (b"hello, world", pickle.UnpicklingError, "begins with b'hello, w'"),
        (pickle.dumps([1]), pickle.UnpicklingError, "not one that torch.save wrote"),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02", RuntimeError, "before 1.6"),
        (struct.pack("<Q", 2) + b"{}", pickle.UnpicklingError, "safetensors.load_file"),
    ],
)
def test_other_formats_are_told(data: bytes, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        gnomon.load(io.BytesIO(data))


def test_a_tar_archive_is_told() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("sys_info"))
    with pytest.raises(RuntimeError, match=r"before 0\.2 \(a tar archive\)"):
        gnomon.load(io.BytesIO(file.getvalue()))


def test_a_zip_archive_of_something_else_is_told() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("model/readme", "hello")
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match=r"no record data\.pkl"):
        gnomon.load(file)


def test_torchscript_is_told() -> None:
    file = rewritten(saved(1), **{"constants.pkl": b"x", "code/a.py": b"y"})
    with pytest.raises(RuntimeError, match="TorchScript archive"):
        gnomon.load(file)


def test_what_is_not_read_or_written() -> None:
    with pytest.raises(ValueError, match=r"before 1\.6"):
        gnomon.save(1, io.BytesIO(), _use_new_zipfile_serialization=False)
    with pytest.raises(ValueError, match="protocols 1, 2 and 3"):
        gnomon.save(1, io.BytesIO(), pickle_protocol=4)
    with pytest.raises(ValueError, match="pickle_module=json"):
        gnomon.save(1, io.BytesIO(), pickle_module=sys.modules["json"])
    with pytest.raises(ValueError, match="pickle only"):
        gnomon.load(saved(1), pickle_module=sys.modules["json"])
    with pytest.raises(ValueError, match="file path in order to use the mmap argument"):
        gnomon.load(saved(1), mmap=True)


def test_a_record_that_is_missing_or_of_another_size() -> None:
    file = saved(gnomon.arange(3))
    with pytest.raises(RuntimeError, match=r"damaged.*record data/0 is missing"):
        gnomon.load(rewritten(file, **{"data/0": None}))
    with pytest.raises(RuntimeError, match="data/0 has 8 bytes where 24 are expected"):
        gnomon.load(rewritten(file, **{"data/0": bytes(8)}))


def test_a_file_without_byte_order_is_little_endian() -> None:
    file = rewritten(saved(gnomon.arange(3)), byteorder=None, version=None)
    assert gnomon.load(file).tolist() == [0, 1, 2]


def test_a_file_of_a_machine_of_the_other_byte_order() -> None:
    other = "big" if sys.byteorder == "little" else "little"
    values = {
        dtype: gnomon.tensor([0, 1, 300]).to(dtype)
        for dtype in (gnomon.float32, gnomon.int64, gnomon.bfloat16, gnomon.int16, gnomon.bool)
    }
    turned = {}
    for key, tensor in enumerate(values.values()):
        size = tensor.element_size()
        data = tensor.untyped_storage().read()
        cells = [data[start : start + size] for start in range(0, len(data), size)]
        turned[f"data/{key}"] = b"".join(cell[::-1] for cell in cells)
    file = rewritten(saved(list(values.values())), byteorder=other.encode(), **turned)
    found = [tensor.tolist() for tensor in gnomon.load(file)]
    assert found == [tensor.tolist() for tensor in values.values()]
    untyped = rewritten(saved(gnomon.ones(1, dtype=gnomon.uint16)), byteorder=other.encode())
    with pytest.raises(RuntimeError, match="another byte order"):
        gnomon.load(untyped)


def test_a_mapped_file_is_the_same_and_is_not_written_to(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    value = {"a": gnomon.arange(5.0), "b": gnomon.ones(2, dtype=gnomon.int16), "c": "text"}
    gnomon.save(value, path)
    before = path.read_bytes()
    found = gnomon.load(path, mmap=True)
    assert repr(found) == repr(value)
    found["a"].mul_(2)
    assert found["a"].tolist() == [0.0, 2.0, 4.0, 6.0, 8.0] and path.read_bytes() == before
    assert gnomon.load(str(path), mmap=True)["a"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_mapped_file_that_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    gnomon.save(gnomon.arange(5.0), path)
    data = path.read_bytes()
    start = data.index(b"PK\x03\x04", data.index(b"byteorder"))
    path.write_bytes(data[:start] + b"xx" + data[start + 2 :])
    with pytest.raises(RuntimeError, match="is not where the table of contents says"):
        gnomon.load(path, mmap=True)


def cuda_file() -> io.BytesIO:
    """Return a file as PyTorch writes it where tensors are on a CUDA device."""
    file = saved([gnomon.arange(3.0), gnomon.ones(2), "text"])
    with zipfile.ZipFile(file) as archive:
        data = archive.read("archive/data.pkl")
    tagged = data.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:1")
    return rewritten(file, **{"data.pkl": tagged})


@ABOUT_DEVICES
def test_a_file_from_a_device_that_is_not_here() -> None:
    with pytest.raises(RuntimeError, match=r"tensors on 'cuda:1'.*map_location='cpu'"):
        gnomon.load(cuda_file())
    with pytest.raises(RuntimeError, match="'tpu:0', which is no device here"):
        gnomon.load(cuda_file(), map_location={"cuda:1": "tpu:0"})


@ABOUT_DEVICES
def test_map_location_says_where_tensors_go() -> None:
    seen: list[tuple[str, int]] = []

    def keep(storage: UntypedStorage, location: str) -> UntypedStorage | None:
        seen.append((location, storage.nbytes()))
        return storage if location == "cuda:1" else None

    for location in ("cpu", gnomon.device("cpu"), {"cuda:1": "cpu"}, keep):
        found = gnomon.load(cuda_file(), map_location=location)
        assert found[0].tolist() == [0.0, 1.0, 2.0] and found[0].device.type == "cpu"
    assert seen == [("cuda:1", 12), ("cuda:1", 8)]
    gnomon.load(saved(gnomon.ones(1)), map_location=keep)
    assert seen[2:] == [("cpu", 4)]


@pytest.mark.parametrize("location", [3, lambda storage, location: 3])
def test_map_location_must_be_one(location: object) -> None:
    with pytest.raises(TypeError, match="map_location"):
        gnomon.load(saved(gnomon.ones(1)), map_location=location)


@ABOUT_DEVICES
def test_a_file_from_cuda_loads_where_cuda_means_a_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alias_device("cuda", "cpu")
    try:
        assert gnomon.load(cuda_file())[1].device.type == "cpu"
        for location in (lambda s, tag: s.cuda(), lambda s, tag: s.cuda(0).to("cpu")):
            found = gnomon.load(cuda_file(), map_location=location)
            assert found[0].tolist() == [0.0, 1.0, 2.0]
    finally:
        del _aliases["cuda"]


@ABOUT_DEVICES
def test_an_accelerators_tensors_come_back_to_it() -> None:
    pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")
    from opencl.devices import default_backend

    default_backend()
    base = gnomon.arange(6.0, device="opencl")
    parameter = gnomon.nn.Parameter(gnomon.ones(2, device="opencl"))
    data = saved([base, base[2:4], parameter, gnomon.ones(1)]).getvalue()
    whole, part, loaded, host = gnomon.load(io.BytesIO(data))
    assert [str(x.device) for x in (whole, part, loaded, host)] == ["opencl:0"] * 3 + ["cpu"]
    part.zero_()
    assert whole.tolist() == [0.0, 1.0, 0.0, 0.0, 4.0, 5.0]
    moved = gnomon.load(io.BytesIO(data), map_location="cpu")
    assert {str(x.device) for x in moved} == {"cpu"} and moved[0].tolist() == base.tolist()
    there = gnomon.load(saved(gnomon.arange(3)), map_location="opencl:0")
    assert str(there.device) == "opencl:0" and there.tolist() == [0, 1, 2]


def test_the_module_has_pytorchs_names() -> None:
    assert serialization.load is gnomon.load and serialization.save is gnomon.save
    assert gnomon.serialization is serialization
