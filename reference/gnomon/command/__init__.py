"""The ``gnomon`` command: ``gnomon NAME [ARGUMENTS]``.

A command is a function from its arguments to an exit status, and the first line of its
docstring is its line of help. ``run`` and ``devices`` live here; an installed distribution adds
one through the entry-point group ``gnomon.commands``, which is read only when it is needed, so
that the reference imports no other package.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gnomon.command.devices import list_devices
from gnomon.command.run import run

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Command = Callable[[Sequence[str]], int]

GROUP = "gnomon.commands"
BUILT_IN: dict[str, Command] = {"run": run, "devices": list_devices}
USAGE_ERROR = 2


class CommandError(Exception):
    """A command that cannot be started; the message says why and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that ``arguments`` (None: the process's own) name; return its status."""
    name, *rest = (sys.argv[1:] if arguments is None else list(arguments)) or ["--help"]
    if name in ("-h", "--help"):
        print(_help())
        return 0
    try:
        command = find(name)
    except CommandError as error:
        print(f"gnomon: {error}", file=sys.stderr)
        return USAGE_ERROR
    return command(rest)


def find(name: str) -> Command:
    """Return the command called ``name``: a built-in one, else an installed distribution's.

    >>> find("dvices")
    Traceback (most recent call last):
    gnomon.command.CommandError: there is no command 'dvices'. Run `gnomon --help` for the list.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    offers = [entry for entry in _installed() if entry.name == name]
    if not offers:
        raise CommandError(f"there is no command {name!r}. Run `gnomon --help` for the list.")
    if len(offers) > 1:
        origins = " and ".join(map(_origin, offers))
        raise CommandError(
            f"the command {name!r} is offered by {origins}. Uninstall all but one of them."
        )
    try:
        return _load(offers[0])
    except Exception as error:
        raise CommandError(
            f"the command {name!r} of {_origin(offers[0])} does not load: "
            f"{type(error).__name__}: {error}. Repair or uninstall that distribution."
        ) from error


def _installed() -> Sequence[EntryPoint]:
    # Importing importlib.metadata takes longer than importing gnomon; `run` needs none of it.
    from importlib.metadata import entry_points

    return tuple(entry_points(group=GROUP))


def _load(entry: EntryPoint) -> Command:
    command: Command = entry.load()
    if not callable(command):
        raise TypeError(f"{entry.value} is not a function of the arguments")
    return command


def _origin(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.value


def _help() -> str:
    lines = ["usage: gnomon COMMAND [ARGUMENTS]", "", "commands:"]
    for name, command in BUILT_IN.items():
        lines.append(f"  {name:<10}{(command.__doc__ or '').partition(chr(10))[0]}")
    for entry in sorted(_installed(), key=lambda entry: entry.name):
        if entry.name not in BUILT_IN:
            lines.append(f"  {entry.name:<10}From the distribution {_origin(entry)}.")
    lines += ["", "`gnomon COMMAND --help` describes one command."]
    return "\n".join(lines)
