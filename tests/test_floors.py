"""The floors of gnomon: a module imports only from its own floor and those below.

Function-level imports and imports under ``TYPE_CHECKING`` count like any other, and modules of
one floor may not import each other in a circle. ``FLOORS`` is the only place that says which
module stands where.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path
from typing import TypeVar

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "reference" / "gnomon"

# The modules directly inside gnomon; a package stands for everything in it. "gnomon" itself is
# its __init__.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset(
        {
            "dtypes",
            "errors",
            "formats",
            "generator",
            "hooks",
            "layout",
            "printing",
            "special_functions",
            "version",
        }
    ),
    frozenset({"backend", "devices", "memory", "recording", "registry"}),
    frozenset({"core"}),
    frozenset({"dispatch", "graph", "op", "return_types"}),
    frozenset({"ops"}),
    frozenset({"composite", "fusible"}),
    frozenset({"cpu", "plugins", "records"}),
    frozenset(
        {
            "gnomon",
            "__main__",
            "accelerator",
            "amp",
            "autograd",
            "backends",
            "command",
            "compiler",
            "cuda",
            "distributed",
            "distributions",
            "func",
            "jit",
            "linalg",
            "multiprocessing",
            "nn",
            "onnx",
            "optim",
            "profiler",
            "random",
            "settings",
            "serialization",
            "special",
            "tensor",
            "testing",
            "types",
            "utils",
        }
    ),
)

MAXIMUM_LINES = 500

# Backends, which see of gnomon what anybody else's backend sees.
BACKENDS = (
    ROOT / "accel_opencl" / "gnomon_opencl",
    ROOT / "examples" / "numpy_backend" / "gnomon_numpy",
)
PUBLIC = ("gnomon", "gnomon.backend", "gnomon.fusible")

# Imported inside the one function that needs it, and only there: gnomon has no dependencies.
OPTIONAL = frozenset({"numpy", "safetensors", "tensorboardX"})


def module_name(file: Path, package: Path) -> str:
    parts = file.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_of(package: Path) -> dict[str, Path]:
    return {module_name(file, package): file for file in sorted(package.rglob("*.py"))}


def imports_of(name: str, file: Path, modules: Mapping[str, Path]) -> Iterator[tuple[int, str]]:
    """Yield line and name of every module that ``file`` imports, wherever the import stands."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            source = absolute(node, name, file)
            for alias in node.names:
                submodule = f"{source}.{alias.name}"
                yield node.lineno, submodule if submodule in modules else source
        elif isinstance(node, ast.Call) and is_import_call(node):
            argument = node.args[0]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield node.lineno, argument.value


def absolute(node: ast.ImportFrom, name: str, file: Path) -> str:
    if not node.level:
        return node.module or ""
    package = name if file.stem == "__init__" else name.rpartition(".")[0]
    base = package.split(".")[: len(package.split(".")) - (node.level - 1)]
    return ".".join([*base, *([node.module] if node.module else [])])


def is_import_call(node: ast.Call) -> bool:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
    return name in ("import_module", "__import__") and bool(node.args)


def floor_of(name: str) -> int | None:
    """Return the floor of a module of gnomon, None where the table does not have it."""
    parts = name.split(".")
    unit = parts[1] if len(parts) > 1 else parts[0]
    return next((floor for floor, units in enumerate(FLOORS) if unit in units), None)


def violations(package: Path) -> list[str]:
    """Return what breaks the rule in the tree under ``package``, one sentence each."""
    modules = modules_of(package)
    found: list[str] = []
    graph: dict[str, set[str]] = {name: set() for name in modules}
    for name, file in modules.items():
        floor = floor_of(name)
        if floor is None:
            found.append(
                f"{name} stands on no floor. Add it to FLOORS in tests/test_floors.py, on the "
                "lowest floor that is above everything it imports (DESIGN: floors)."
            )
            continue
        for line, target in imports_of(name, file, modules):
            if target.partition(".")[0] != package.name:
                continue
            target_floor = floor_of(target)
            if target_floor is not None and target_floor > floor:
                found.append(
                    f"{file}:{line}: {name} (floor {floor}) imports {target} (floor "
                    f"{target_floor}). Move what it needs down, or what needs it up."
                )
            if target_floor == floor and target in graph and target != name:
                graph[name].add(target)
    return found + cycles(graph)


def cycles(graph: Mapping[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " <- ".join(error.args[1])
        return [f"Modules of one floor import each other in a circle: {circle}."]
    return []


def foreign_imports(package: Path) -> list[str]:
    """Return every import from outside gnomon and the standard library that is not allowed."""
    modules = modules_of(package)
    found = []
    for name, file in modules.items():
        in_functions = lines_in_functions(file)
        for line, target in imports_of(name, file, modules):
            distribution = target.partition(".")[0]
            if distribution == package.name or distribution in sys.stdlib_module_names:
                continue
            if distribution not in OPTIONAL or line not in in_functions:
                found.append(f"{file}:{line}: {name} imports {target}.")
    return found


def private_imports(backend: Path) -> list[str]:
    """Return every import of a module of gnomon that no other package may rely on."""
    modules = modules_of(PACKAGE)
    return [
        f"{file}:{line}: {name} imports {target}. Import from gnomon.backend or "
        "gnomon.fusible; what a backend needs and neither has belongs there."
        for name, file in modules_of(backend).items()
        for line, target in imports_of(name, file, modules)
        if target in modules and target not in PUBLIC
    ]


def lines_in_functions(file: Path) -> set[int]:
    return {
        line
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def test_every_import_stays_on_its_floor_or_goes_down() -> None:
    assert violations(PACKAGE) == []


def test_gnomon_imports_only_the_standard_library() -> None:
    assert foreign_imports(PACKAGE) == []


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
def test_a_backend_imports_public_modules_only(backend: Path) -> None:
    assert private_imports(backend) == []


@pytest.mark.parametrize("module", ["gnomon.backend", "gnomon.fusible"])
def test_a_public_module_says_which_names_are_public(module: str) -> None:
    public = import_module(module)
    names = public.__all__
    assert sorted(names) == sorted(set(names))
    assert set(names) <= set(vars(public))
    defined = {
        name
        for name, value in vars(public).items()
        if getattr(value, "__module__", "") == module and not isinstance(value, TypeVar)
    }
    assert defined <= set(names)


def test_modules_stay_short() -> None:
    sources = [
        file
        for folder in ("reference", "accel_opencl", "conformance", "examples/numpy_backend")
        for file in (ROOT / folder).rglob("*.py")
    ]
    lengths = {
        str(file): len(file.read_text(encoding="utf-8").splitlines()) for file in sources
    }
    assert {file: length for file, length in lengths.items() if length > MAXIMUM_LINES} == {}


def test_the_table_names_no_module_twice_and_none_that_is_gone() -> None:
    units = [unit for floor in FLOORS for unit in floor]
    assert len(units) == len(set(units))
    present = {name.split(".")[1] if "." in name else name for name in modules_of(PACKAGE)}
    assert set(units) - present == set()


def plant(folder: Path, **sources: str) -> Path:
    """Write a package named gnomon: ``ops__add`` becomes ``ops/add.py``."""
    package = folder / "gnomon"
    for name, source in {"__init__": "", **sources}.items():
        file = package.joinpath(*name.replace("__init__", "INIT").split("__")).with_suffix(
            ".py"
        )
        file = file.with_name(file.name.replace("INIT", "__init__"))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8")
    return package


def test_a_tree_that_keeps_the_rule_passes(tmp_path: Path) -> None:
    package = plant(
        tmp_path,
        errors="import sys\n",
        core="from gnomon import errors\nfrom gnomon.errors import Problem\n",
        ops__add="from gnomon.core import TensorCore\nfrom .multiply import mul\n",
        ops__multiply="import gnomon.core\n",
    )
    assert violations(package) == []


@pytest.mark.parametrize(
    "source",
    [
        "from gnomon.ops.add import add\n",
        "import gnomon.ops.add\n",
        "import gnomon\n",
        "from gnomon import ops\n",
        "from .ops import add\n",
        "from . import ops\n",
        "def late():\n    from gnomon.ops import add\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from gnomon.ops import add\n",
        "import importlib\ndef late():\n    importlib.import_module('gnomon.ops.add')\n",
    ],
)
def test_an_import_from_a_higher_floor_is_caught(tmp_path: Path, source: str) -> None:
    package = plant(tmp_path, core=source, ops____init__="", ops__add="")
    (problem,) = violations(package)
    assert "gnomon.core (floor 2) imports gnomon" in problem
    assert f"core.py:{source.count(chr(10))}:" in problem


def test_a_circle_within_a_floor_is_caught(tmp_path: Path) -> None:
    package = plant(
        tmp_path,
        ops__add="from gnomon.ops.multiply import mul\n",
        ops__multiply="def late():\n    from gnomon.ops import add\n",
    )
    (problem,) = violations(package)
    assert "in a circle" in problem and "gnomon.ops.add" in problem


def test_a_module_without_a_floor_is_told_what_to_do(tmp_path: Path) -> None:
    (problem,) = violations(plant(tmp_path, cellar="import sys\n"))
    assert problem.startswith("gnomon.cellar stands on no floor. Add it to FLOORS in tests/")


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("from gnomon.backend import Layout\nimport gnomon\nimport math\n", 0),
        ("from gnomon.layout import Layout\n", 1),
        ("from gnomon import layout\n", 1),
        ("import gnomon.ops.arithmetic\n", 1),
        ("def late():\n    from gnomon.dtypes import DType\n", 1),
    ],
)
def test_a_backend_that_looks_inside_is_caught(tmp_path: Path, source: str, count: int) -> None:
    (tmp_path / "mine.py").write_text(source, encoding="utf-8")
    assert len(private_imports(tmp_path)) == count


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("import numpy\n", 1),
        ("try:\n    import numpy\nexcept ImportError:\n    pass\n", 1),
        ("def late():\n    import numpy\n", 0),
        ("def late():\n    import gnomon_opencl\n", 1),
        ("from os import path\nimport gnomon.core\n", 0),
    ],
)
def test_a_dependency_is_caught(tmp_path: Path, source: str, count: int) -> None:
    assert len(foreign_imports(plant(tmp_path, errors=source))) == count
