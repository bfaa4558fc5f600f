"""What a dtype is: its attributes, its identity, its limits."""

import copy
import pickle

import pytest

import gnomon.dtypes as dt
from gnomon.dtypes import DType, Kind, finfo, iinfo

# name, itemsize, kind, is_floating_point, is_signed
ATTRIBUTES = [
    ("bool", 1, Kind.BOOL, False, False),
    ("uint8", 1, Kind.UNSIGNED, False, False),
    ("uint16", 2, Kind.UNSIGNED, False, False),
    ("uint32", 4, Kind.UNSIGNED, False, False),
    ("uint64", 8, Kind.UNSIGNED, False, False),
    ("int8", 1, Kind.SIGNED, False, True),
    ("int16", 2, Kind.SIGNED, False, True),
    ("int32", 4, Kind.SIGNED, False, True),
    ("int64", 8, Kind.SIGNED, False, True),
    ("float16", 2, Kind.FLOAT, True, True),
    ("bfloat16", 2, Kind.FLOAT, True, True),
    ("float32", 4, Kind.FLOAT, True, True),
    ("float64", 8, Kind.FLOAT, True, True),
]


def test_attributes() -> None:
    assert [
        (d.name, d.itemsize, d.kind, d.is_floating_point, d.is_signed) for d in dt.ALL_DTYPES
    ] == ATTRIBUTES
    assert not any(d.is_complex for d in dt.ALL_DTYPES)


@pytest.mark.parametrize("dtype", dt.ALL_DTYPES, ids=str)
def test_one_instance_of_each(dtype: DType) -> None:
    assert repr(dtype) == str(dtype) == f"torch.{dtype.name}"
    assert getattr(dt, dtype.name) is dtype
    assert copy.copy(dtype) is dtype
    assert copy.deepcopy([dtype])[0] is dtype
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(dtype, protocol)) is dtype


@pytest.mark.parametrize("dtype", dt.ALL_DTYPES, ids=str)
def test_cells_have_the_size_of_the_dtype(dtype: DType) -> None:
    assert memoryview(bytes(2 * dtype.itemsize)).cast(dtype.cell).tolist() == [0, 0]
    assert dtype.pack([0, 1]).itemsize == dtype.itemsize
    assert memoryview(dtype.pack([0, 1])).format == dtype.cell


def test_aliases() -> None:
    aliases = (dt.bool, dt.half, dt.float, dt.double, dt.short, dt.int, dt.long)
    names = ["bool", "float16", "float32", "float64", "int16", "int32", "int64"]
    assert [alias.name for alias in aliases] == names


def test_dtypes_cannot_be_made_or_changed() -> None:
    with pytest.raises(TypeError, match="cannot create dtype instances"):
        DType()
    with pytest.raises(TypeError, match="base type"):
        type("Own", (DType,), {})
    with pytest.raises(AttributeError, match="immutable"):
        dt.float32.itemsize = 8
    with pytest.raises(AttributeError, match="immutable"):
        del dt.float32.itemsize
    assert dt.float32.itemsize == 4


# bits, eps, max, smallest_normal, resolution: as PyTorch 2.13 prints their repr.
FLOAT_LIMITS = {
    "float16": (16, 0.0009765625, 65504.0, 6.103515625e-05, 0.001),
    "bfloat16": (16, 0.0078125, 3.3895313892515355e38, 1.1754943508222875e-38, 0.01),
    "float32": (
        32, 1.1920928955078125e-07, 3.4028234663852886e38, 1.1754943508222875e-38, 1e-06,
    ),
    "float64": (
        64, 2.220446049250313e-16, 1.7976931348623157e308, 2.2250738585072014e-308, 1e-15,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FLOAT_LIMITS)
def test_finfo(name: str) -> None:
    info = finfo(getattr(dt, name))
    limits = (info.bits, info.eps, info.max, info.smallest_normal, info.resolution)
    assert limits == FLOAT_LIMITS[name]
    assert (info.min, info.tiny, info.dtype) == (-info.max, info.smallest_normal, name)


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
def test_iinfo(bits: int) -> None:
    signed, unsigned = (iinfo(getattr(dt, f"{sign}int{bits}")) for sign in ("", "u"))
    assert (signed.bits, unsigned.bits) == (bits, bits)
    assert (signed.min, signed.max) == (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    assert (unsigned.min, unsigned.max) == (0, 2**bits - 1)
    assert (signed.dtype, unsigned.dtype) == (f"int{bits}", f"uint{bits}")


# Printed by PyTorch 2.13.
LIMITS_PRINTED = [
    "finfo(resolution=0.001, min=-65504, max=65504, eps=0.000976562, "
    "smallest_normal=6.10352e-05, tiny=6.10352e-05, dtype=float16)",
    "finfo(resolution=0.01, min=-3.38953e+38, max=3.38953e+38, eps=0.0078125, "
    "smallest_normal=1.17549e-38, tiny=1.17549e-38, dtype=bfloat16)",
    "finfo(resolution=1e-06, min=-3.40282e+38, max=3.40282e+38, eps=1.19209e-07, "
    "smallest_normal=1.17549e-38, tiny=1.17549e-38, dtype=float32)",
    "finfo(resolution=1e-15, min=-1.79769e+308, max=1.79769e+308, eps=2.22045e-16, "
    "smallest_normal=2.22507e-308, tiny=2.22507e-308, dtype=float64)",
    "iinfo(min=-128, max=127, dtype=int8)",
    "iinfo(min=-2.14748e+09, max=2.14748e+09, dtype=int32)",
    "iinfo(min=0, max=1.84467e+19, dtype=uint64)",
]


def test_limits_print_as_in_pytorch() -> None:
    floats = (dt.float16, dt.bfloat16, dt.float32, dt.float64)
    integers = (dt.int8, dt.int32, dt.uint64)
    assert [*map(repr, map(finfo, floats)), *map(repr, map(iinfo, integers))] == LIMITS_PRINTED


def test_limits_compare_by_content() -> None:
    assert finfo(dt.float32) == finfo(dt.float) != finfo(dt.float64)
    assert iinfo(dt.int8) == iinfo(dt.int8) != iinfo(dt.uint8)
    assert finfo(dt.float32) != iinfo(dt.int32)
    with pytest.raises(TypeError, match="unhashable"):
        hash(finfo(dt.float32))


def test_limits_of_the_wrong_kind() -> None:
    with pytest.raises(TypeError, match="use iinfo"):
        finfo(dt.int32)
    with pytest.raises(TypeError, match="use finfo"):
        iinfo(dt.float32)
    with pytest.raises(TypeError, match="integer dtype"):
        iinfo(dt.bool_)
    with pytest.raises(TypeError, match=r"must be torch\.dtype, not int"):
        finfo(3)  # type: ignore[arg-type]  # the error is the subject
    with pytest.raises(TypeError, match=r"must be torch\.dtype, not str"):
        iinfo("int8")  # type: ignore[arg-type]  # the error is the subject
