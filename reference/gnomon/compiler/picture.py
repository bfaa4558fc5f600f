"""The picture of what replays run: boxes for kernels, arrows for what flows between them.

The kernels stand in rows; a kernel's row is the one after those of all kernels whose results
it uses, or whose operands it overwrites.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple, final

from gnomon.recording import PlannedKernel, ReplayPlan

_WIDTH: Final = 190
_HEIGHT: Final = 46
_BESIDE: Final = 24
_BELOW: Final = 44
_TITLE: Final = 34
_MARGIN: Final = 16
#: Letters of the two lines of a box.
_LETTERS: Final = 27
_COLORS: Final = {"input": "#2a7f3f", "captured": "#7a4fa3", "result": "#b3402a"}

_BEGIN: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" font-family="sans-serif">
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" \
orient="auto"><path d="M0 0L8 4L0 8z" fill="#555"/></marker></defs>
<rect width="100%" height="100%" fill="white"/>"""


@final
class _Arrow(NamedTuple):
    """A buffer that one kernel writes and another reads."""

    start: int
    end: int
    buffer: int


@final
class _Flow:
    """Which kernel reads what which other has written, and in which row each stands."""

    def __init__(self, plan: ReplayPlan) -> None:
        self.arrows: list[_Arrow] = []
        #: By kernel.
        self.rows: list[int] = []
        writers: dict[int, int] = {}
        readers: dict[int, list[int]] = {}
        for number, kernel in enumerate(plan.kernels):
            before = [readers.get(buffer, []) for buffer in kernel.writes]
            earlier = [reader for group in before for reader in group]
            earlier += [writers[buffer] for buffer in kernel.writes if buffer in writers]
            for buffer in kernel.reads:
                if buffer in writers:
                    self.arrows.append(_Arrow(writers[buffer], number, buffer))
                    earlier.append(writers[buffer])
                readers.setdefault(buffer, []).append(number)
            for buffer in kernel.writes:
                writers[buffer], readers[buffer] = number, []
            rows = [self.rows[each] + 1 for each in earlier if each != number]
            self.rows.append(max(rows, default=0))

    def places(self) -> list[tuple[int, int]]:
        """Return the left upper corner of each kernel's box."""
        found = []
        filled: dict[int, int] = {}
        for row in self.rows:
            column = filled[row] = filled.get(row, -1) + 1
            left = _MARGIN + column * (_WIDTH + _BESIDE)
            found.append((left, _TITLE + row * (_HEIGHT + _BELOW)))
        return found


def drawn(plans: Sequence[tuple[str, ReplayPlan]]) -> str:
    """Return one SVG of all plans, each under its title."""
    parts: list[str] = []
    width, top = 4 * _WIDTH, 0
    for title, plan in plans:
        flow = _Flow(plan)
        places = flow.places()
        width = max([width, *[left + _WIDTH + _MARGIN for left, _ in places]])
        inside = [f'<text x="{_MARGIN}" y="22" font-size="15">{escape(title)}</text>']
        inside += [_arrow(arrow, places, plan) for arrow in flow.arrows]
        slowest = max([_time(kernel) for kernel in plan.kernels], default=0.0)
        for kernel, place in zip(plan.kernels, places, strict=True):
            inside += _box(kernel, place, plan, slowest)
        parts += [f'<g transform="translate(0 {top})">', *inside, "</g>"]
        top += _TITLE + (max(flow.rows, default=0) + 1) * (_HEIGHT + _BELOW)
    legend = f'<text x="{_MARGIN}" y="{top + 14}" font-size="12">{_legend()}</text>'
    begin = _BEGIN.format(width=width, height=top + 28)
    return "\n".join([begin, *parts, legend, "</svg>", ""])


def _time(kernel: PlannedKernel) -> float:
    return kernel.measured or kernel.predicted or 0.0


def _box(
    kernel: PlannedKernel, place: tuple[int, int], plan: ReplayPlan, slowest: float
) -> list[str]:
    """Return a kernel's box, its two lines, and a dot for each buffer from or to outside."""
    left, top = place
    share = _time(kernel) / slowest if slowest else 0.0
    color = f"#ff{250 - round(90 * share):02x}{240 - round(200 * share):02x}"
    known = _time(kernel)
    time = f" {known * 1e6:.1f} us" if known else ""
    operations = ", ".join(dict.fromkeys(kernel.operations)) or f"{kernel.items} items"
    about = f"{kernel.name}: {', '.join(kernel.operations)}; {kernel.nbytes} bytes moved"
    parts = [
        f"<g><title>{escape(about)}</title>",
        f'<rect x="{left}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" rx="5" '
        f'fill="{color}" stroke="#555"/>',
        f'<text x="{left + 8}" y="{top + 19}" font-size="12">'
        f"{escape(_cut(kernel.name, _LETTERS - len(time)) + time)}</text>",
        f'<text x="{left + 8}" y="{top + 36}" font-size="10" fill="#444">'
        f"{escape(_cut(operations, _LETTERS + 6))}</text></g>",
    ]
    for buffers, y in ((kernel.reads, top), (kernel.writes, top + _HEIGHT)):
        outside = [plan.buffers[number] for number in buffers]
        shown = [buffer for buffer in outside if buffer.kind in _COLORS]
        for count, buffer in enumerate(shown):
            x = left + _WIDTH - 10 - 10 * count
            parts.append(
                f'<circle cx="{x}" cy="{y}" r="4" fill="{_COLORS[buffer.kind]}"><title>'
                f"{buffer.kind}, {buffer.nbytes} bytes</title></circle>"
            )
    return parts


def _arrow(arrow: _Arrow, places: Sequence[tuple[int, int]], plan: ReplayPlan) -> str:
    (left, top), (right, bottom) = places[arrow.start], places[arrow.end]
    x, y, to_x, to_y = left + _WIDTH // 2, top + _HEIGHT, right + _WIDTH // 2, bottom
    bend = max((to_y - y) // 2, 12)
    buffer = plan.buffers[arrow.buffer]
    thickness = 1 + min(len(str(buffer.nbytes)), 9) / 4
    return (
        f'<path d="M{x} {y}C{x} {y + bend} {to_x} {to_y - bend} {to_x} {to_y}" fill="none" '
        f'stroke="#555" stroke-opacity="0.6" stroke-width="{thickness}" '
        f'marker-end="url(#tip)"><title>{buffer.kind}, {buffer.nbytes} bytes</title></path>'
    )


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "\u2026"


def _legend() -> str:
    dots = [f'<tspan fill="{color}">\u25cf</tspan> {kind}' for kind, color in _COLORS.items()]
    return " &#160; ".join([*dots, "arrows: what a kernel reads of another"])
