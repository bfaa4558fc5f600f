"""Files of PyTorch load in gnomon, and those of gnomon in PyTorch and in gnomon."""

# ruff: noqa: ANN401  # the modules are those of two libraries

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import gnomon
from device import reference_only
from serialization.objects import described, weights
from serialization.resnet import resnet18

FOLDER = Path(__file__).parent
GOLDEN = FOLDER / "pytorch.pt"
WITH_PYTORCH = reference_only("PyTorch does not know the tag of the device")
PUBLISHED = (FOLDER / "resnet18.txt").read_text(encoding="utf-8").splitlines()[1:]


@pytest.fixture
def torch() -> ModuleType:
    return pytest.importorskip("torch", reason="the other side of these files is PyTorch")


def saved(module: ModuleType, value: object) -> io.BytesIO:
    file = io.BytesIO()
    module.save(value, file)
    file.seek(0)
    return file


def test_a_file_of_pytorch_loads() -> None:
    found = gnomon.load(GOLDEN)
    assert described(found, gnomon) == described(weights(gnomon), gnomon)


@pytest.mark.parametrize("weights_only", [True, False])
def test_a_file_of_gnomon_loads(weights_only: bool) -> None:
    expected = described(weights(gnomon), gnomon)
    found = gnomon.load(saved(gnomon, weights(gnomon)), weights_only=weights_only)
    assert described(found, gnomon) == expected


@WITH_PYTORCH
@pytest.mark.parametrize("weights_only", [True, False])
def test_pytorch_and_gnomon_load_each_others_files(
    torch: ModuleType, weights_only: bool
) -> None:
    expected = described(weights(torch), torch)
    assert expected == described(weights(gnomon), gnomon)
    theirs = gnomon.load(saved(torch, weights(torch)), weights_only=weights_only)
    assert described(theirs, gnomon) == expected
    ours = torch.load(saved(gnomon, weights(gnomon)), weights_only=weights_only)
    assert described(ours, torch) == expected


@WITH_PYTORCH
def test_the_golden_file_is_pytorchs(torch: ModuleType, write_golden: bool) -> None:
    if write_golden:
        torch.save(weights(torch), GOLDEN)
    assert described(torch.load(GOLDEN), torch) == described(weights(torch), torch)


@pytest.mark.parametrize("protocol", [1, 2, 3])
def test_every_protocol_that_is_written(protocol: int, tmp_path: Path) -> None:
    file = tmp_path / "x.pt"
    value = {"x": gnomon.arange(3), "size": gnomon.Size([2]), "set": {1}, "texts": ["a", b"b"]}
    gnomon.save(value, file, pickle_protocol=protocol)
    assert repr(gnomon.load(file, weights_only=False)) == repr(value)
    assert repr(gnomon.load(file)) == repr(value)


@WITH_PYTORCH
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol_that_pytorch_writes(torch: ModuleType, protocol: int) -> None:
    file = io.BytesIO()
    value = {
        "x": torch.arange(3),
        "s": {1, 2},
        "b": b"b",
        "long": "x" * 300,
        "n": [2**40] * 300,
    }
    torch.save(value, file, pickle_protocol=protocol)
    for weights_only in (True, False):
        file.seek(0)
        found = gnomon.load(file, weights_only=weights_only)
        assert described(found, gnomon) == described(value, torch)


def test_what_shared_memory_shares_it_again() -> None:
    base = gnomon.arange(6.0)
    network = gnomon.nn.Sequential(gnomon.nn.Linear(2, 2), gnomon.nn.Linear(2, 2))
    network[1].weight = network[0].weight
    value = [base, base[1:3], network.state_dict(), [base]]
    whole, part, state, (same,) = gnomon.load(saved(gnomon, value))
    part.zero_()
    state["0.weight"].zero_()
    assert whole.tolist() == [0, 0, 0, 3, 4, 5] and same is whole
    assert state["1.weight"].tolist() == [[0, 0], [0, 0]]


def test_records_are_stored_and_begin_at_multiples_of_64(tmp_path: Path) -> None:
    path = tmp_path / "a model.v2.pt"
    gnomon.save({str(n): gnomon.ones(n, dtype=gnomon.uint8) for n in range(5)}, path)
    raw = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        for entry in archive.infolist():
            lengths = struct.unpack_from("<HH", raw, entry.header_offset + 26)
            start = entry.header_offset + 30 + sum(lengths)
            assert start % 64 == 0 and entry.compress_type == zipfile.ZIP_STORED
            assert raw[start : start + entry.file_size] == archive.read(entry)
    assert names[:4] == [
        f"a model.v2/{name}"
        for name in ("data.pkl", ".format_version", ".storage_alignment", "byteorder")
    ]


@WITH_PYTORCH
def test_a_file_that_can_only_be_written_to(torch: ModuleType) -> None:
    class Pipe:
        def __init__(self) -> None:
            self.data = b""

        def write(self, data: bytes) -> None:
            self.data += data

    pipe = Pipe()
    gnomon.save(gnomon.arange(3), pipe)
    assert gnomon.load(io.BytesIO(pipe.data)).tolist() == [0, 1, 2]
    assert torch.load(io.BytesIO(pipe.data)).tolist() == [0, 1, 2]


@WITH_PYTORCH
def test_whole_modules_load_each_others_files(torch: ModuleType) -> None:
    def network(t: ModuleType) -> object:
        t.manual_seed(1)
        layers = [t.nn.Conv2d(1, 2, 2), t.nn.BatchNorm2d(2), t.nn.GELU(), t.nn.Flatten()]
        return t.nn.Sequential(*layers, t.nn.Linear(8, 2), t.nn.Softmax(-1))

    def outputs(t: ModuleType, loaded: Any) -> list[float]:
        found: list[float] = loaded.eval()(t.arange(9.0).view(1, 1, 3, 3))[0].tolist()
        return found

    theirs = gnomon.load(saved(torch, network(torch)), weights_only=False)
    ours = torch.load(saved(gnomon, network(gnomon)), weights_only=False)
    expected = outputs(torch, network(torch))
    for found in (outputs(gnomon, theirs), outputs(torch, ours)):
        assert found == pytest.approx(expected, rel=1e-5)


def test_published_weights_of_a_residual_network_have_a_place() -> None:
    def shrunk(size: int) -> int:
        return size // 16 if size >= 64 and size != 1000 else size

    expected = {
        name: tuple(shrunk(int(size)) for size in shape)
        for name, *shape in map(str.split, PUBLISHED)
    }
    model = resnet18(gnomon, 4, 1000)
    found = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    assert len(expected) == 122 and list(found.items()) == list(expected.items())
    state = {name: gnomon.ones(shape) for name, shape in expected.items()}
    result = model.load_state_dict(gnomon.load(saved(gnomon, state)))
    assert str(result) == "<All keys matched successfully>"


@WITH_PYTORCH
def test_weights_of_a_residual_network_from_pytorch(torch: ModuleType) -> None:
    torch.manual_seed(3)
    theirs = resnet18(torch, 2, 3).eval()
    ours = resnet18(gnomon, 2, 3).eval()
    ours.load_state_dict(gnomon.load(saved(torch, theirs.state_dict())))
    image = torch.rand(1, 3, 32, 32)
    expected = theirs(image)[0].tolist()
    found = ours(gnomon.tensor(image.tolist()))[0].tolist()
    assert found == pytest.approx(expected, rel=1e-4)
