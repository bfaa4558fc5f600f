"""``gnomon conform``: judge a backend, show what came of it, and say so in the exit status."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from gnomon_conformance.cases import Level, Selection, Tier
from gnomon_conformance.processes import run_in_processes, usual_processes
from gnomon_conformance.reports.text import ProgressLine, text_of
from gnomon_conformance.runner import TIMEOUT, Run, as_data, run, selected
from gnomon_conformance.target import Target

#: Exit statuses: everything passed; something failed; the call itself was wrong.
PASSED, FAILED, USAGE = 0, 1, 2


def conform(arguments: Sequence[str]) -> int:
    """Judge a backend: how far is it right, and what is wrong with it?"""
    options = parser().parse_args(list(arguments))
    if options.audit:
        from gnomon_conformance.audit import audit, chosen

        if not chosen(options.only):
            print("gnomon conform: no fault has such a name; --audit alone shows them all.")
            return USAGE
        return PASSED if audit(options.only, options.level) else FAILED
    if options.device is None:
        parser().error("name the device to judge, as `gnomon devices` lists them")
    try:
        target = Target(options.device, options.seed)
    except RuntimeError as error:
        print(f"gnomon conform: {error}")
        return USAGE
    selection = selection_of(options)
    cases = selected(selection, options.seed)
    if not cases:
        print("gnomon conform: no case has such an id; --list shows them all.")
        return USAGE
    if options.list:
        print("\n".join(case.id for case in cases))
        return PASSED
    processes = options.processes or usual_processes(len(cases))
    if processes > 1:
        try:
            found = run_in_processes(
                target, selection, processes, ProgressLine(), options.timeout
            )
        except RuntimeError as error:
            print(f"gnomon conform: one of {processes} processes: {error} -n 1 needs no other.")
            return USAGE
    else:
        found = run(target, selection, ProgressLine(), options.timeout)
    print(text_of(found), end="")
    write_reports(found, options)
    return FAILED if found.failures else PASSED


def selection_of(options: argparse.Namespace) -> Selection:
    """Return the cases that the options choose."""
    if options.reproduce:
        return Selection(Tier.THOROUGH, Level.PROGRAM, tuple(options.reproduce))
    tier = Tier.DEFAULT
    if options.quick:
        tier = Tier.QUICK
    elif options.thorough:
        tier = Tier.THOROUGH
    return Selection(tier, options.level, tuple(options.only))


def write_reports(found: Run, options: argparse.Namespace) -> None:
    """Write the reports that the options ask for."""
    if options.json:
        text = json.dumps(as_data(found), indent=1, default=str)
        Path(options.json).write_text(text + "\n", encoding="utf-8")
    if options.junit:
        from gnomon_conformance.reports.junit import junit_of

        Path(options.junit).write_text(junit_of(found), encoding="utf-8")
    if options.report:
        from gnomon_conformance.reports.html import html_of

        Path(options.report).write_text(html_of(found), encoding="utf-8")
        print(f"report: {options.report}")


def level_of(text: str) -> Level:
    """Return the level that a number or a name means."""
    for level in Level:
        if text.lower() in (str(level.value), level.name.lower()):
            return level
    names = ", ".join(f"{level.value} ({level.name.lower()})" for level in Level)
    raise argparse.ArgumentTypeError(f"{text!r} is no level; there are {names}")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command's arguments."""
    made = argparse.ArgumentParser(
        prog="gnomon conform",
        description="Judge a backend: how far is it right, and what is wrong with it?",
        epilog="The exit status is 0 if everything passed, 1 if something failed, 2 if the "
        "command was wrong. What it checks is in docs/conformance.md.",
    )
    made.add_argument("device", nargs="?", help="the device, such as opencl:0")
    tiers = made.add_mutually_exclusive_group()
    tiers.add_argument("--quick", action="store_true", help="under a minute")
    tiers.add_argument("--thorough", action="store_true", help="everything there is")
    made.add_argument(
        "-n",
        dest="processes",
        type=int,
        help="processes to run in (default: one for each core, four at most, fewer for few "
        "cases)",
    )
    made.add_argument(
        "--timeout",
        type=float,
        default=TIMEOUT,
        metavar="SECONDS",
        help=f"a case that takes longer has failed, and its process is ended (default: "
        f"{TIMEOUT:g})",
    )
    made.add_argument("--seed", type=int, default=0, help="draw other values (default: 0)")
    made.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="PATTERN",
        help="cases whose id has PATTERN as consecutive parts; * and ? are wild",
    )
    made.add_argument(
        "--level",
        type=level_of,
        default=Level.PROGRAM,
        help="up to this level, a number or a name such as reduction",
    )
    made.add_argument(
        "--reproduce", action="append", metavar="ID", help="this case, whatever its tier"
    )
    made.add_argument("--list", action="store_true", help="show the ids, and run nothing")
    made.add_argument("--report", metavar="FILE", help="write one HTML page")
    made.add_argument("--json", metavar="FILE", help="write all outcomes as JSON")
    made.add_argument("--junit", metavar="FILE", help="write all outcomes as JUnit's XML")
    made.add_argument(
        "--audit",
        action="store_true",
        help="judge the suite: inject faults into a right backend, and see whether it notices; "
        "--only chooses faults by name",
    )
    return made
