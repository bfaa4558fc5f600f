"""Files that want to run code, to reach outside a storage, or to change what is not theirs."""

from __future__ import annotations

import io
import os
import pickle
import random
import zipfile
from collections import OrderedDict, defaultdict, namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import gnomon
from gnomon import serialization

Point = namedtuple("Point", ["x", "y"])


class Pair(NamedTuple):
    left: object
    right: object


class Plain:
    def __init__(self, value: object) -> None:
        self.value = value


class WithState(Plain):
    def __getstate__(self) -> tuple[object]:
        return (self.value,)

    def __setstate__(self, state: tuple[object]) -> None:
        (self.value,) = state


class Calls:
    """Pickles as a call of a function."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call


def archive(data: bytes, storages: tuple[bytes, ...] = (bytes(16),)) -> io.BytesIO:
    """Return an archive with the pickle ``data``."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/byteorder", "little")
        for key, storage in enumerate(storages):
            archive.writestr(f"archive/data/{key}", storage)
    file.seek(0)
    return file


def of(value: object, protocol: int = 2) -> io.BytesIO:
    return archive(pickle.dumps(value, protocol))


#: A storage of four floats, as a pickle calls it.
STORAGE = (
    b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
    b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"
)


def tensor_of(
    offset: bytes, size: bytes, stride: bytes, requires_grad: bytes = b"\x89"
) -> bytes:
    hooks = b"ccollections\nOrderedDict\n)R"
    arguments = b"(" + STORAGE + offset + size + stride + requires_grad + hooks + b"t"
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + arguments + b"R"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (Calls(os.system, "touch /tmp/gnomon-was-here"), "posix.system"),
        (Calls(eval, "1 + 1"), "builtins.eval"),
        (Calls(getattr, "text", "upper"), "builtins.getattr"),
        (Calls(open, "/etc/passwd"), "io.open"),
        (Calls(__import__, "os"), "builtins.__import__"),
        (Plain(1), "Plain"),
        (Pair(1, 2), "Pair"),
        (print, "builtins.print"),
        (defaultdict(list), "collections.defaultdict"),
        (frozenset({1}), "(?i)frozenset"),
        (range(3), "builtins.range"),
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_what_is_not_allowed_is_named(value: object, name: str, protocol: int) -> None:
    with pytest.raises(pickle.UnpicklingError, match=name):
        gnomon.load(of([1, value], protocol))
    assert not Path("/tmp/gnomon-was-here").exists()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (b"\x80\x02(cos\nsystem\nX\x02\x00\x00\x00lsRt.", "nothing of os can be allowed"),
        (b"\x80\x02(X\x02\x00\x00\x00lsios\nsystem\n.", "opcode INST"),
        (b"\x80\x02(ctorch\nSize\no.", "opcode OBJ"),
        (b"\x80\x02\x82\x01.", "opcode EXT1"),
        (b"P0\n.", "opcode PERSID"),
        (b"\x80\x02ctorch\nTensor\nK\x05\x85R.", "calls <class 'gnomon.Tensor'>"),
        (b"\x80\x02ctorch.storage\nUntypedStorage\nK\x05\x85R.", "calls <class"),
        (b"\x80\x02cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.", "made of bytes"),
        (b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R.", "latin1"),
        (b"\x80\x02ctorch\ndevice\nX\x01\x00\x00\x00:\x85R.", "names no device"),
        (b"\x80\x02ctorch\nfloat32\n)R.", "calls torch.float32"),
        (b"\x80\x02ctorch\nSize\n)\x81.", "makes an object of"),
        (b"\x80\x02ctorch\nFloatStorage\n}b.", "gives attributes to a StorageKind"),
        (b"\x80\x02ctorch\nSize\nK\x01a.", "appends to a type"),
        (b"\x80\x02ctorch\nSize\nK\x01K\x01s.", "sets items of a type"),
        (b"\x80\x02K\x01Q.", "which is no storage"),
        (
            b"\x80\x02(X\x07\x00\x00\x00storagectorch\nSize\nX\x01\x00\x00\x000h\x00K\x04tQ.",
            "damaged",
        ),
        (b"\x80\x02ctorch._utils\n_rebuild_qtensor\n)R.", "which gnomon does not have"),
        (b"\x80\x02ctorch\nComplexDoubleStorage\n)R.", "which gnomon does not have"),
        (b"\x80\x02ctorch.jit\nload\n)R.", "not an allowed global"),
        (b"\x80\x02]h\x05.", "damaged or made to do harm"),
        (b"\x80\x02ae.", "damaged or made to do harm"),
        (b"\x80\x02K\x01K\x02.", "damaged or made to do harm"),
        (b"\x80\x02", "damaged or made to do harm"),
        (b"", "damaged or made to do harm"),
        (b"\xff\xff\xff", "damaged or made to do harm"),
        (b"\x80\x02}]K\x01s.", "damaged or made to do harm"),
        (b"\x80\x02X\xff\xff\xff\x7fa.", "damaged or made to do harm"),
    ],
)
def test_code_that_weights_do_not_need_is_refused(code: bytes, words: str) -> None:
    with pytest.raises(pickle.UnpicklingError, match=words):
        gnomon.load(archive(code))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (tensor_of(b"K\x00", b"K\x05\x85", b"K\x01\x85"), "out of bounds for a storage of 16"),
        (tensor_of(b"K\x02", b"K\x03\x85", b"K\x01\x85"), "out of bounds"),
        (tensor_of(b"K\x00", b"K\x02\x85", b"K\x04\x85"), "out of bounds"),
        (tensor_of(b"J\xff\xff\xff\xff", b"K\x01\x85", b"K\x01\x85"), "integers from 0 on"),
        (tensor_of(b"K\x00", b"K\x02\x85", b"J\xff\xff\xff\xff\x85"), "integers from 0 on"),
        (tensor_of(b"K\x00", b"K\x02\x85", b")"), "different lengths"),
        (tensor_of(b"K\x00", b"N", b")"), "integers from 0 on"),
        (tensor_of(b"K\x00", b"\x88\x85", b"K\x01\x85"), "integers from 0 on"),
        (tensor_of(b"K\x00", b"K\x02\x85", b"K\x01\x85", b"K\x01"), "requires_grad"),
    ],
)
def test_a_tensor_stays_inside_its_storage(code: bytes, words: str) -> None:
    with pytest.raises(pickle.UnpicklingError, match=words):
        gnomon.load(archive(b"\x80\x02" + code + b"."))


def test_the_pickle_of_a_tensor_that_is_in_order_loads() -> None:
    code = b"\x80\x02" + tensor_of(b"K\x01", b"K\x01K\x02\x86", b"K\x02K\x01\x86") + b"."
    assert gnomon.load(archive(code)).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("name", ["operand", "autograd", "__class__"])
def test_a_file_does_not_change_what_makes_a_tensor_one(name: str) -> None:
    tensor = tensor_of(b"K\x00", b"K\x01\x85", b"K\x01\x85")
    arguments = tensor.removeprefix(b"ctorch._utils\n_rebuild_tensor_v2\n")[:-1]
    state = b"}X" + len(name).to_bytes(4, "little") + name.encode() + b"K\x01s"
    parts = b"ctorch._utils\n_rebuild_tensor_v2\nctorch\nTensor\n" + arguments + state
    code = b"\x80\x02ctorch._tensor\n_rebuild_from_type_v2\n(" + parts + b"tR."
    with pytest.raises(pickle.UnpicklingError, match="cannot be given this attribute"):
        gnomon.load(archive(code))


@pytest.mark.parametrize(
    ("kind", "makes"),
    [
        (b"ctorch\nSize\n", b"ctorch._utils\n_rebuild_tensor_v2\n"),
        (b"ctorch\nTensor\n", b"cbuiltins\nset\n"),
    ],
)
def test_only_tensors_are_made_by_the_functions_for_them(kind: bytes, makes: bytes) -> None:
    code = b"\x80\x02ctorch._tensor\n_rebuild_from_type_v2\n(" + makes + kind + b")NtR."
    with pytest.raises(pickle.UnpicklingError, match="it makes a"):
        gnomon.load(archive(code))


def test_weights_only_false_loads_any_object() -> None:
    values = [Plain(1), Pair(1, 2), print, frozenset({1}), Calls(eval, "1 + 1")]
    plain, pair, function, numbers, two = gnomon.load(of(values), weights_only=False)
    assert (plain.value, pair, function, numbers, two) == (1, (1, 2), print, {1}, 2)


def test_a_missing_class_is_named(tmp_path: Path) -> None:
    code = b"\x80\x02cno.such.module\nThing\n)R."
    with pytest.raises(pickle.UnpicklingError, match=r"no\.such\.module\.Thing.*not here"):
        gnomon.load(archive(code), weights_only=False)


def test_a_program_allows_classes_of_its_own() -> None:
    values = [Plain([1]), Pair(1, 2), WithState(3), defaultdict(list, a=[1])]
    allowed = [Plain, Pair, WithState, (defaultdict, "collections.defaultdict"), list]
    with serialization.safe_globals(allowed):
        plain, pair, with_state, default = gnomon.load(of(values))
        assert serialization.get_safe_globals() == allowed
    assert (plain.value, pair, with_state.value) == ([1], Pair(1, 2), 3)
    assert default == {"a": [1]} and default["b"] == []
    assert serialization.get_safe_globals() == []
    with pytest.raises(pickle.UnpicklingError, match=r"add_safe_globals\(\[Plain\]\)"):
        gnomon.load(of(values))


def test_allowing_lasts_until_it_is_taken_back() -> None:
    serialization.add_safe_globals([Plain])
    try:
        with serialization.safe_globals([Pair]):
            assert serialization.get_safe_globals() == [Plain, Pair]
        assert gnomon.load(of(Plain(4))).value == 4
    finally:
        serialization.clear_safe_globals()
    assert serialization.get_safe_globals() == []


def test_nothing_of_the_operating_system_can_be_allowed() -> None:
    with (
        serialization.safe_globals([os.system]),
        pytest.raises(pickle.UnpicklingError, match="can be allowed"),
    ):
        gnomon.load(of(Calls(os.system, "true")))


def test_a_module_may_be_allowed_class_by_class() -> None:
    file = io.BytesIO()
    gnomon.save(gnomon.nn.Linear(2, 1), file)
    with serialization.safe_globals([gnomon.nn.Linear, set]):
        file.seek(0)
        assert str(gnomon.load(file)) == "Linear(in_features=2, out_features=1, bias=True)"


def test_a_class_of_tensors_may_be_allowed() -> None:
    class Marked(gnomon.Tensor):
        __qualname__ = "Marked"

    globals()["Marked"] = Marked
    marked = Marked([1.0, 2.0])
    marked.note = "kept"
    file = io.BytesIO()
    gnomon.save(marked, file)
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="Marked"):
        gnomon.load(file)
    with serialization.safe_globals([Marked]):
        file.seek(0)
        found = gnomon.load(file)
    assert type(found) is Marked and found.note == "kept" and found.tolist() == [1.0, 2.0]


def test_what_a_file_asks_for_can_be_listed() -> None:
    file = of([Plain(1), OrderedDict(a=1), {1}], protocol=4)
    found = serialization.get_unsafe_globals_in_checkpoint(file)
    assert found == [f"{__name__}.Plain"]


def some_archive() -> bytes:
    file = io.BytesIO()
    parameter = gnomon.nn.Parameter(gnomon.ones(2))
    value = {"a": gnomon.arange(6.0), "b": [parameter, {1}], "c": OrderedDict(x=1.5)}
    gnomon.save(value, file)
    return file.getvalue()


DECLARED = (RuntimeError, pickle.UnpicklingError, EOFError)


def test_a_truncated_file_is_an_error() -> None:
    data = some_archive()
    for length in range(0, len(data), 7):
        with pytest.raises(DECLARED):
            gnomon.load(io.BytesIO(data[:length]))


def test_a_damaged_file_is_an_error_or_loads() -> None:
    data, draw = some_archive(), random.Random(1)
    for _ in range(500):
        damaged = bytearray(data)
        damaged[draw.randrange(len(data))] = draw.randrange(256)
        try:
            found = gnomon.load(io.BytesIO(damaged))
        except DECLARED:
            continue
        assert found["a"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def test_a_damaged_pickle_is_an_error_or_loads() -> None:
    draw = random.Random(2)
    with zipfile.ZipFile(io.BytesIO(some_archive())) as records:
        whole = records.read("archive/data.pkl")
        storages = (records.read("archive/data/0"), records.read("archive/data/1"))
    for _ in range(700):
        damaged = bytearray(whole)
        for _ in range(draw.choice([1, 1, 3])):
            damaged[draw.randrange(len(whole))] = draw.randrange(256)
        try:
            gnomon.load(archive(bytes(damaged), storages))
        except DECLARED:
            continue
