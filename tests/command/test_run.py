"""``gnomon run`` is ``python`` with another torch: same ``argv``, ``__main__``, tracebacks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REFERENCE = Path(__file__).parent.parent.parent / "reference"

PROBE = """
import json, sys
print(json.dumps({
    "argv": sys.argv, "path": sys.path[0], "name": __name__, "file": __file__,
    "package": __package__, "spec": __spec__ and __spec__.name,
    "parent": __spec__ and __spec__.parent, "loader": type(__loader__).__name__,
    "main": sys.modules["__main__"].__dict__ is globals(), "doc": __doc__,
}))
"""


def python(
    *arguments: str | Path, folder: Path, path: Path | None = None, source: str | None = None
) -> subprocess.CompletedProcess[str]:
    search = [str(entry) for entry in (path, REFERENCE, os.environ.get("PYTHONPATH")) if entry]
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(search)},
        input=source,
        capture_output=True,
        text=True,
        check=False,
    )


def gnomon_run(
    *arguments: str | Path, folder: Path, path: Path | None = None, source: str | None = None
) -> subprocess.CompletedProcess[str]:
    return python("-m", "gnomon", "run", *arguments, folder=folder, path=path, source=source)


def printed(folder: Path, source: str, *arguments: str, path: Path | None = None) -> str:
    """Return what a program of this source prints under ``gnomon run``; it must succeed."""
    (folder / "program.py").write_text(source, "utf-8")
    finished = gnomon_run(*arguments, "program.py", folder=folder, path=path)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a program, a module, a package and a symbolic link."""
    (tmp_path / "probe.py").write_text(PROBE, "utf-8")
    package = tmp_path / "deep" / "package"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("", "utf-8")
    (package / "__init__.py").write_text("", "utf-8")
    (package / "__main__.py").write_text(PROBE, "utf-8")
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "linked.py").symlink_to(tmp_path / "probe.py")
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ["probe.py"],
        ["probe.py", "--device", "here", "-m", "x", "-h"],
        ["probe.py", "--", "a"],
        ["./deep/../probe.py", "a b", ""],
        ["link/linked.py"],
        ["-m", "probe"],
        ["-m", "probe", "-m", "--", "--device", "x"],
        ["-m", "deep.package", "--help"],
    ],
    ids=" ".join,
)
def test_a_program_sees_what_python_would_show_it(folder: Path, arguments: list[str]) -> None:
    expected = python(*arguments, folder=folder)
    finished = gnomon_run(*arguments, folder=folder)
    assert expected.returncode == 0, expected.stderr
    assert (finished.stdout, finished.stderr) == (expected.stdout, expected.stderr)


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    return 1 / 0\n\nf()\n",
        "x = (\n",
        "try:\n    {}['a']\nexcept KeyError as error:\n    raise ValueError('b') from error\n",
        "import json\njson.loads('[')\n",
        "raise SystemExit\n",
        "raise SystemExit(3)\n",
        "import sys\nsys.exit('a message')\n",
        "import sys\nsys.excepthook = lambda *all: print('mine', all[0])\n1 / 0\n",
        "import atexit\natexit.register(lambda: print(len('x'), __name__))\n",
        "class A: pass\nimport pickle\nprint(pickle.loads(pickle.dumps(A)) is A)\n",
    ],
)
def test_it_ends_as_under_python(tmp_path: Path, source: str) -> None:
    (tmp_path / "program.py").write_text(source, "utf-8")
    expected = python("program.py", folder=tmp_path)
    finished = gnomon_run("program.py", folder=tmp_path)
    assert finished.returncode == expected.returncode
    assert (finished.stdout, finished.stderr) == (expected.stdout, expected.stderr)


def test_a_program_may_come_from_the_standard_input(tmp_path: Path) -> None:
    source = (
        "import sys\nprint(sys.argv, sys.path[0], __name__, '__file__' in globals())\n1 / 0\n"
    )
    expected = python("-", "a", "-b", folder=tmp_path, source=source)
    finished = gnomon_run("-", "a", "-b", folder=tmp_path, source=source)
    assert finished.returncode == expected.returncode == 1
    assert (finished.stdout, finished.stderr) == (expected.stdout, expected.stderr)


def test_anomaly_mode_names_the_programs_lines_only(tmp_path: Path) -> None:
    source = (
        "import torch\n"
        "def f(x):\n"
        "    return x.sqrt()\n"
        "with torch.autograd.detect_anomaly():\n"
        "    f(torch.tensor(-1.0, requires_grad=True)).backward()\n"
    )
    (tmp_path / "program.py").write_text(source, "utf-8")
    finished = gnomon_run("program.py", folder=tmp_path)
    warning = finished.stderr.partition("RuntimeError")[0]
    assert "program.py:5: UserWarning: Error detected in SqrtBackward0" in warning
    assert 'program.py", line 3, in f' in warning
    assert "gnomon/command" not in warning and "runpy" not in warning


def test_a_traceback_as_deep_as_the_stack_is_shown(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("def f(n):\n    return f(n + 1)\n\nf(0)\n", "utf-8")
    finished = gnomon_run("program.py", folder=tmp_path)
    assert finished.returncode == 1
    assert finished.stderr.splitlines()[-1].startswith("RecursionError: maximum recursion")
    assert "gnomon" not in finished.stderr


def test_an_interrupt_ends_with_the_shell_status_of_one(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("raise KeyboardInterrupt\n", "utf-8")
    finished = gnomon_run("program.py", folder=tmp_path)
    assert finished.returncode == 130
    assert finished.stderr.splitlines()[-1] == "KeyboardInterrupt"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "name a script, or a module after -m"),
        (["absent.py"], "can't open 'absent.py': No such file or directory"),
        (["-m"], "name a script, or a module after -m"),
        (["-m", "absent"], "there is no module 'absent' on sys.path"),
        (["-m", "sys"], "the module 'sys' holds no Python code to run"),
        (["--device", ":1", "probe.py"], "':1' names no device"),
        (["--device", "absent:1", "probe.py"], "no installed backend is called 'absent'"),
        (["--default-device", "absent", "probe.py"], "no installed backend is called 'absent'"),
        (
            ["--device", "cpu", "--default-device", "cpu", "probe.py"],
            "not allowed with argument",
        ),
        (["--devi", "cpu", "probe.py"], "unrecognized arguments: --devi"),
    ],
)
def test_a_mistake_on_the_command_line_is_named(
    folder: Path, arguments: list[str], problem: str
) -> None:
    finished = gnomon_run(*arguments, folder=folder)
    assert finished.returncode == 2
    assert problem in finished.stderr and "Traceback" not in finished.stderr


def test_the_safe_path_is_respected(folder: Path) -> None:
    expected = python("-P", "probe.py", folder=folder)
    finished = python("-P", "-m", "gnomon", "run", "probe.py", folder=folder)
    assert finished.stdout == expected.stdout


def test_every_form_of_import_gives_gnomons_own_modules(tmp_path: Path) -> None:
    source = """
import torch, gnomon
import torch.autograd as autograd, gnomon.autograd
import torch.autograd.functional as F
from torch import Tensor, func
from torch.autograd.functional import jacobian
assert torch is gnomon and autograd is gnomon.autograd and F is gnomon.autograd.functional
assert Tensor is gnomon.Tensor and func is gnomon.func
assert jacobian is gnomon.autograd.functional.jacobian
assert gnomon.autograd.__name__ == gnomon.autograd.__spec__.name == "gnomon.autograd"
print(torch.__version__ == gnomon.__version__)
"""
    assert printed(tmp_path, source) == "True\n"


def test_an_installed_torch_does_not_matter(tmp_path: Path) -> None:
    other = tmp_path / "site" / "torch"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("raise SystemError('the other torch')", "utf-8")
    source = "import torch, gnomon\nprint(torch is gnomon)\n"
    assert printed(tmp_path, source, path=other.parent) == "True\n"


def test_a_torch_loaded_before_does_not_matter(tmp_path: Path) -> None:
    source = """
import sys, types
sys.modules["torch"] = sys.modules["torch.func"] = types.ModuleType("torch")
from gnomon.command import torch_alias
torch_alias.install()
torch_alias.install()
import torch, gnomon, torch.func
print(torch is gnomon, torch.func is gnomon.func, len(sys.meta_path))
"""
    (tmp_path / "program.py").write_text(source, "utf-8")
    plain = python("-c", "import sys; print(len(sys.meta_path))", folder=tmp_path).stdout
    finished = python("program.py", folder=tmp_path)
    assert finished.stdout == f"True True {int(plain) + 1}\n", finished.stderr


@pytest.mark.parametrize(
    ("statement", "error", "name"),
    [
        ("torch.absent", "AttributeError", "torch.absent"),
        ("torch.autograd.absent(3)", "AttributeError", "torch.autograd.absent"),
        (
            "torch.autograd.functional.absent",
            "AttributeError",
            "torch.autograd.functional.absent",
        ),
        ("from torch import absent", "ImportError", "torch.absent"),
        (
            "from torch.autograd import absent as a, Function",
            "ImportError",
            "torch.autograd.absent",
        ),
        (
            "from torch.autograd.functional import absent",
            "ImportError",
            "torch.autograd.functional.absent",
        ),
        ("import torch.absent", "ModuleNotFoundError", "torch.absent"),
        ("import torch.autograd.absent as a", "ModuleNotFoundError", "torch.autograd.absent"),
        ("from torch.absent.x import y", "ModuleNotFoundError", "torch.absent"),
        ("importlib.import_module('torch.absent')", "ModuleNotFoundError", "torch.absent"),
    ],
)
def test_a_missing_name_is_named_with_the_line_that_wants_it(
    tmp_path: Path, statement: str, error: str, name: str
) -> None:
    (tmp_path / "part.py").write_text(f"import importlib\nimport torch\n{statement}\n", "utf-8")
    (tmp_path / "program.py").write_text("\nimport part\n", "utf-8")
    finished = gnomon_run("program.py", folder=tmp_path)
    assert finished.returncode == 1
    message = finished.stderr.splitlines()[-1]
    line = f"{tmp_path / 'part.py'}:3"
    assert message.startswith(f"{error}: gnomon has no {name}, which {line} asks for;")
    assert "gnomon/command" not in finished.stderr.replace(message, "")


def test_a_program_may_ask_whether_a_name_exists(tmp_path: Path) -> None:
    source = """
import importlib.util
import torch
print(hasattr(torch, "absent"), getattr(torch, "absent", 7))
print(importlib.util.find_spec("torch.absent"), importlib.util.find_spec("torch.func") is None)
try:
    import torch.absent
except ImportError as error:
    print(error.name)
try:
    from torch import absent
except ImportError as error:
    print(error.name)
try:
    torch.absent
except AttributeError as error:
    print(error.name, error.obj is torch)
"""
    expected = "False 7\nNone False\ntorch.absent\ntorch\nabsent True\n"
    assert printed(tmp_path, source) == expected


def test_a_name_behind_many_others_is_still_a_failed_import(tmp_path: Path) -> None:
    # More than 256 names make the compiler prefix the import instruction.
    many = "\n".join(f"name_{i} = {i}" for i in range(300))
    source = (
        f"{many}\ntry:\n    from torch import absent\nexcept ImportError as e:\n    print(e)\n"
    )
    assert printed(tmp_path, source).startswith("gnomon has no torch.absent, which ")


def test_without_a_device_there_is_no_cuda(tmp_path: Path) -> None:
    assert printed(tmp_path, "import torch\nprint(torch.cuda.is_available())\n") == "False\n"


def test_cuda_means_the_device_that_was_named(tmp_path: Path) -> None:
    source = """
import torch
device = torch.device("cuda" if torch.cuda.is_available() else "none")
print(torch.cuda.is_available(), torch.cuda.device_count())
print((torch.ones(2, device=device) + torch.ones(2).cuda()).to("cuda").sum().item())
"""
    assert printed(tmp_path, source, "--device", "cpu") == "True 1\n4.0\n"
