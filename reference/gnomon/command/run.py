"""``gnomon run``: an unmodified PyTorch program, with ``torch`` standing for gnomon."""

from __future__ import annotations

import argparse
import atexit
import importlib.util
import os
import sys
from collections.abc import Sequence
from importlib.abc import InspectLoader
from importlib.machinery import BuiltinImporter, ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType, TracebackType

from gnomon.command import torch_alias
from gnomon.devices import Device, alias_device, set_default_device
from gnomon.registry import backend_for

FAILURE, USAGE_ERROR, INTERRUPTED = 1, 2, 130


class NoProgram(Exception):
    """What was named cannot be run; the message says why."""


def run(arguments: Sequence[str]) -> int:
    """Run a PyTorch program, with `torch` standing for gnomon.

    The program is a script, ``-`` for the standard input, or a module after ``-m``, and sees
    ``sys.argv``, ``sys.path`` and ``__main__`` as ``python`` would set them; ``--device NAME``
    makes the device "cuda" mean NAME, and ``--default-device NAME`` puts there what the program
    makes without naming a device as well. The status is the program's: 0, 1 after an uncaught
    exception (its traceback shows the program's own frames only), or what the program gave to
    ``sys.exit``.
    """
    parser = _parser()
    own, program = _split(arguments)
    options = parser.parse_args(own)
    chosen = options.default_device or options.device
    if chosen is not None:
        try:
            device = Device(chosen)
            backend_for(device)  # A device that does not open is better told of now than later.
            alias_device("cuda", str(device))
        except RuntimeError as error:
            parser.error(str(error))
        if options.default_device is not None:
            set_default_device(device)
        else:
            atexit.register(_tell_if_unused, device)
    torch_alias.install()
    try:
        match program:
            case ["-m", module, *rest]:
                _run_module(module, rest)
            case ["-", *rest]:
                _run_input(rest)
            case [script, *rest] if script != "-m":
                _run_script(script, rest)
            case _:
                raise NoProgram("name a script, or a module after -m")
    except NoProgram as error:
        parser.error(str(error))
    except SystemExit:
        raise
    except BaseException as error:
        return _report(error)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gnomon run",
        usage=(
            "gnomon run [--device NAME | --default-device NAME] (SCRIPT | - | -m MODULE) "
            "[ARGUMENTS]"
        ),
        description="Run a PyTorch program, with `torch` standing for gnomon.",
        allow_abbrev=False,
    )
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--device", metavar="NAME", help='the device that "cuda" means')
    group.add_argument(
        "--default-device",
        metavar="NAME",
        help="that, and where tensors are made for which the program names no device",
    )
    return parser


def _tell_if_unused(device: Device) -> None:
    """Say at the end that a program never used a device that counts what is on it."""
    backend = backend_for(device)
    use, device = backend.memory_use(), backend.device
    if use.limit and not use.reserved_peak:
        print(
            f"gnomon: the program put no tensor on {device}. If it names no device itself, run "
            f"it with --default-device {device}.",
            file=sys.stderr,
        )


def _split(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Part the command's own options from the program and its arguments, whatever those are."""
    end = 0
    while arguments[end:] and arguments[end].startswith("-"):
        if arguments[end] in ("-", "-m"):
            break
        end += 2 if arguments[end] in ("--device", "--default-device") else 1
    return arguments[:end], arguments[end:]


def _run_script(path: str, arguments: Sequence[str]) -> None:
    file = os.path.join(os.getcwd(), path)
    try:
        with open(file, "rb") as stream:
            source = stream.read()
    except OSError as error:
        raise NoProgram(f"can't open {path!r}: {error.strerror}") from error
    sys.argv = [path, *arguments]
    _set_first_path(os.path.dirname(os.path.realpath(file)))
    main = ModuleType("__main__")
    main.__file__ = file
    main.__loader__ = SourceFileLoader("__main__", file)
    _execute(compile(source, file, "exec", dont_inherit=True), main)


def _run_input(arguments: Sequence[str]) -> None:
    sys.argv = ["-", *arguments]
    _set_first_path("")
    source = sys.stdin.buffer.read()
    main = ModuleType("__main__")
    main.__file__ = "<stdin>"
    main.__loader__ = BuiltinImporter
    _execute(compile(source, "<stdin>", "exec", dont_inherit=True), main)


def _run_module(name: str, arguments: Sequence[str]) -> None:
    sys.argv = ["-m", *arguments]
    _set_first_path(os.getcwd())
    spec = _find(name)
    loader = spec.loader
    code = loader.get_code(spec.name) if isinstance(loader, InspectLoader) else None
    if code is None or spec.origin is None:
        raise NoProgram(f"the module {name!r} holds no Python code to run")
    sys.argv[0] = spec.origin
    main = ModuleType("__main__")
    main.__file__ = spec.origin
    main.__loader__ = loader
    main.__package__ = spec.parent
    main.__spec__ = spec
    _execute(code, main)


def _find(name: str) -> ModuleSpec:
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = importlib.util.find_spec(name := f"{name}.__main__")
    if spec is None:
        raise NoProgram(f"there is no module {name!r} on sys.path")
    return spec


def _set_first_path(directory: str) -> None:
    # Python put the directory of the gnomon command there, unless it was told not to (-P, -I).
    if not sys.flags.safe_path:
        sys.path[0] = directory


def _execute(code: CodeType, main: ModuleType) -> None:
    # The module stays in place after the program's end, for what runs then: threads, atexit.
    sys.modules["__main__"] = main
    exec(code, main.__dict__)


def _report(error: BaseException) -> int:
    """Print the traceback of an uncaught exception as Python does, gnomon's frames left out."""
    traceback = _without_own_frames(error.__traceback__)
    sys.excepthook(type(error), error.with_traceback(traceback), traceback)
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAILURE


def _without_own_frames(traceback: TracebackType | None) -> TracebackType | None:
    frames = []
    while traceback is not None:
        if traceback.tb_frame.f_globals.get("__package__") != __package__:
            frames.append(traceback)
        traceback = traceback.tb_next
    for frame in reversed(frames):
        frame.tb_next = traceback
        traceback = frame
    return traceback
