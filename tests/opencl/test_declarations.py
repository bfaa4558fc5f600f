"""Declarations of built-in functions: those of PoCL's compiler, in all their forms."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from gnomon_opencl import declarations
from gnomon_opencl.declarations import declarations_for, declared

_KERNELS = Path(declarations.__file__).parent / "kernels"
_HEADER = ".libs/share/pocl/include/opencl-c.h"
_DECLARATION = re.compile(r"^(\w+) __ovld ((?:__\w+ )*)(\w+)\((.*)\);$", re.MULTILINE)
_ATTRIBUTES = {"": "", "__cnfn ": ", const", "__purefn ": ", pure", "__conv ": ", convergent"}
#: Forms for halves, and for pointers of OpenCL C 2.0, which may lead to any memory.
_LEFT_OUT = re.compile(r"\bhalf\d*\b(?! *\*)|[(,] ?(const )?\w+ ?\*")


@pytest.fixture(scope="module")
def theirs() -> dict[str, set[str]]:
    """The declarations of PoCL from PyPI, by function."""
    package = find_spec("pocl_binary_distribution")
    if package is None or package.origin is None:
        pytest.skip("pocl-binary-distribution is not installed")
    header = (Path(package.origin).parent / _HEADER).read_text()
    found: dict[str, set[str]] = {}
    for result, attribute, name, parameters in _DECLARATION.findall(header):
        line = f"{result} __attribute__((overloadable{_ATTRIBUTES[attribute]})) "
        line += f"{name}({parameters.replace('cl_mem_fence_flags', 'uint')});"
        if not _LEFT_OUT.search(line):
            found.setdefault(name, set()).add(_alike(line))
    return found


def _alike(line: str) -> str:
    """Return a declaration without the names of parameters."""
    return re.sub(r"(?<=\w) \w+(?=[,)])|(?<=\*)\w+", "", re.sub(r" ?\* ?", "*", line))


def test_what_kernels_call_is_declared_in_every_form(theirs: dict[str, set[str]]) -> None:
    texts = "".join([path.read_text() for path in _KERNELS.glob("*.cl")])
    names = {name for name in re.findall(r"\b[a-z]\w+", texts) if declared(name)}
    assert {"exp", "isnan", "ldexp", "frexp", "vload8", "convert_uint8"} <= names
    for name in sorted({*names, "barrier", "select", "vstore16", "convert_int_rte", "clamp"}):
        ours = [_alike(line) for line in declared(name)]
        assert set(ours) == theirs[name], name
        assert len(set(ours)) == len(ours)


def test_only_what_is_called_is_declared() -> None:
    assert declarations_for("y[0] = x[0] + 1;") == ""
    text = declarations_for("y[0] = isinf(x[0]);")
    assert "int __attribute__((overloadable, const)) isinf(float);" in text
    assert "long8 __attribute__((overloadable, const)) isinf(double8);" in text
    assert "exp" not in text


def test_names_that_macros_make_are_declared() -> None:
    text = declarations_for("#define LOAD_(lanes) vload##lanes")
    assert declared("vload4")[0] in text
    assert declared("vload16")[0] in text
