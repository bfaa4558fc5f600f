"""A run as one HTML page that needs nothing else: it can be published as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from itertools import groupby
from typing import Final

from gnomon.backend import ALL_DTYPES
from gnomon_conformance.cases import Level, Outcome, Status
from gnomon_conformance.reports.text import headroom, verdict_of, verdict_on
from gnomon_conformance.runner import Run

#: The order of columns; what is of no dtype, or of more than one, has other names.
_DTYPES: Final = ["", *[dtype.name for dtype in ALL_DTYPES]]
#: What a cell that holds several outcomes shows: the first of these that is among them.
_ORDER: Final = (Status.FAILED, Status.BLOCKED, Status.DECLARED, Status.PASSED)
#: The families that are not folded.
_OPEN: Final = ("values", "reduce", "scan", "scatter", "gather", "sort")
_MARKS: Final = {
    Status.FAILED: "✗",
    Status.BLOCKED: "·",
    Status.DECLARED: "–",
    Status.PASSED: "✓",
}


def html_of(run: Run) -> str:
    """Return the page."""
    style = files("gnomon_conformance.reports").joinpath("report.css").read_text("utf-8")
    title = f"{run.device}: conformance"
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{style}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            f'<p class="verdict {"bad" if run.failures else "good"}">'
            f"{escape(verdict_of(run))}</p>",
            *_levels(run),
            *_failures(run),
            *_grids(run),
            *_headroom(run.outcomes),
            *_environment(run),
            "</body></html>",
        ]
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> list[str]:
    """Return a table; cells are HTML."""
    lines = [f'<table class="{kind}"><thead><tr>']
    lines += [f"<th>{cell}</th>" for cell in head]
    lines.append("</tr></thead><tbody>")
    lines += ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows]
    return [*lines, "</tbody></table>"]


def _levels(run: Run) -> list[str]:
    rows = []
    for level in Level:
        found = [each for each in run.outcomes if each.level == level]
        if not found:
            continue
        counts = [sum(each.status == status.value for each in found) for status in Status]
        verdict = verdict_on(level, found, run.levels)
        kind = {"reached": "passed", "NOT REACHED": "failed"}.get(verdict, "declared")
        rows.append(
            [
                f'<a href="#level{level.value}">{level.value} {escape(level.title)}</a>',
                f'<span class="mark {kind}">{escape(verdict.lower())}</span>',
                *map(str, [len(found), *counts]),
                f"{sum(each.comparisons for each in found):,}",
            ]
        )
    head = ["level", "", "cases", *[status.value for status in Status], "elements compared"]
    return ["<h2>Levels</h2>", *_table(head, rows, "numbers")]


def _failures(run: Run) -> list[str]:
    if not run.failures:
        return []
    lines = [f"<h2>Failures ({len(run.failures)})</h2>"]
    for each in run.failures:
        again = f"gnomon conform {run.device} --reproduce '{each.id}'"
        lines += [
            f"<details><summary><code>{escape(each.id)}</code> {escape(each.detail)}</summary>",
            # The link leads inside, so that a browser unfolds what it leads to.
            f'<pre id="{escape(_anchor(each))}">'
            f"{escape(each.reproducer)}\n\n{escape(again)}</pre></details>",
        ]
    return lines


def _anchor(outcome: Outcome) -> str:
    return "case-" + outcome.id.replace("/", "-").replace(" ", "_")


def _grids(run: Run) -> list[str]:
    """Return for each level and family a grid of subjects by dtypes."""
    lines = [
        "<h2>Operations and dtypes</h2>",
        '<p class="legend"><span class="passed">✓ passed</span> '
        '<span class="failed">✗ failed</span> <span class="declared">– declared</span> '
        '<span class="blocked">· blocked</span>. A figure is the largest error seen, in ULP; '
        "hover for what is allowed, and for layouts.</p>",
    ]
    ordered = sorted(run.outcomes, key=lambda each: (each.level, each.family, each.subject))
    for level, of_level in groupby(ordered, key=lambda each: each.level):
        title = f"{level} {Level(level).title}"
        lines.append(f'<h3 id="level{level}">{escape(title)}</h3>')
        for family, of_family in groupby(of_level, key=lambda each: each.family):
            found = list(of_family)
            bad = sum(each.status == Status.FAILED.value for each in found)
            state = f" · {bad} failed" if bad else ""
            unfolded = " open" if bad or family in _OPEN else ""
            count = f"({_counted(found)}{state})"
            lines.append(f"<details{unfolded}><summary>{escape(family)} {count}</summary>")
            lines += [*_grid(found), "</details>"]
    return lines


def _grid(found: Sequence[Outcome]) -> list[str]:
    names = {each.dtype for each in found}
    columns = [*filter(names.__contains__, _DTYPES), *sorted(names.difference(_DTYPES))]
    rows = []
    for subject, of_subject in groupby(found, key=lambda each: each.subject):
        cells = {name: [] for name in columns}  # type: dict[str, list[Outcome]]
        for each in of_subject:
            cells[each.dtype].append(each)
        rows.append([escape(subject), *[_cell(cells[name]) for name in columns]])
    return _table(["", *[escape(name) or "any" for name in columns]], rows, "grid")


def _counted(found: Sequence[Outcome]) -> str:
    return f"{len(found)} case{'s' if len(found) > 1 else ''}"


def _cell(found: Sequence[Outcome]) -> str:
    if not found:
        return ""
    statuses = {each.status for each in found}
    status = next(each for each in _ORDER if each.value in statuses)
    worst = max(found, key=lambda each: each.ulps / (each.allowed or 1.0))
    text = _MARKS[status]
    if worst.ulps and status is Status.PASSED:
        text = f"{worst.ulps:.2g}"
    notes = [_counted(found)]
    if worst.allowed:
        notes.append(f"{worst.ulps:.3g} of {worst.allowed:.3g} ULP")
    notes += sorted({" ".join(filter(None, (each.layout, each.mode))) for each in found})
    title = escape(" · ".join(filter(None, notes)), quote=True)
    cell = f'<span class="mark {status.value}" title="{title}">{escape(text)}</span>'
    if status is Status.FAILED:
        failed = next(each for each in found if each.status == status.value)
        return f'<a href="#{escape(_anchor(failed))}">{cell}</a>'
    return cell


def _headroom(outcomes: Sequence[Outcome]) -> list[str]:
    rows = [
        [escape(name), f"{ulps:.2f}", f"{allowed:g}", f"{100 * ulps / allowed:.0f} %"]
        for name, ulps, allowed in headroom(outcomes)[:60]
    ]
    head = ["operation", "largest error (ULP)", "allowed", "used"]
    return ["<h2>Errors and what is allowed</h2>", *_table(head, rows, "numbers")]


def _environment(run: Run) -> list[str]:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    rows = [[escape(k), escape(v)] for k, v in {**run.environment(), "written": now}.items()]
    return ["<h2>Environment</h2>", *_table(["", ""], rows)]
