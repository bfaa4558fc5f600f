"""Pictures: the graph of derivatives behind a tensor, and the storage cells a view reads.

>>> import gnomon as torch
>>> w = torch.ones(2, requires_grad=True)
>>> print(graph_of((w * w).sum(), names={"w": w}).dot())
digraph {
  n0 [label="result\\n()", shape=box, style=filled, fillcolor="#caff70"];
  n1 [label="SumBackward0"];
  n2 [label="MulBackward0"];
  n3 [label="w\\n(2)", shape=box, style=filled, fillcolor="#add8e6"];
  n1 -> n0;
  n2 -> n1;
  n3 -> n2;
  n3 -> n2;
}
>>> cells = cells_of(torch.arange(6).view(2, 3).t()[1:])
>>> print(cells.text())
 .  0  2  .  1  3
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final, final

from gnomon.core import Node, TensorCore
from gnomon.errors import explain
from gnomon.graph.edges import AccumulateGrad, edge_of
from gnomon.layout import Layout

__all__ = ["Cells", "Graph", "cells_of", "graph_of"]

_RESULT: Final = 'shape=box, style=filled, fillcolor="#caff70"'
_LEAF: Final = 'shape=box, style=filled, fillcolor="#add8e6"'
_CELL: Final = 36
_MOST_CELLS: Final = 10_000


@final
@dataclass(frozen=True, slots=True)
class Graph:
    """A graph of derivatives: boxes, and arrows in the direction of the computation."""

    #: The label and the style of each box.
    boxes: Sequence[tuple[str, str]]
    arrows: Sequence[tuple[int, int]]

    def dot(self) -> str:
        """Return the graph in the language of graphviz."""
        lines = [
            f'  n{number} [label="{_quoted(label)}"{", " + style if style else ""}];'
            for number, (label, style) in enumerate(self.boxes)
        ]
        lines += [f"  n{source} -> n{target};" for source, target in self.arrows]
        return "\n".join(["digraph {", *lines, "}"])

    def svg(self) -> str:
        """Return the graph drawn by graphviz.

        Raises RuntimeError where its program ``dot`` is not installed.
        """
        program = shutil.which("dot")
        if program is None:
            raise RuntimeError(
                explain(
                    "svg",
                    "graphviz' program `dot` is not installed",
                    remedy="Install graphviz, or give the text of dot() to another tool",
                )
            )
        drawn = subprocess.run(
            [program, "-Tsvg"], input=self.dot(), capture_output=True, text=True, check=True
        )
        return drawn.stdout

    def save(self, path: str | Path) -> None:
        """Write the graph to a file: drawn if its name ends in ``.svg``, otherwise as text."""
        path = Path(path)
        path.write_text(self.svg() if path.suffix == ".svg" else self.dot(), encoding="utf-8")


def graph_of(*results: TensorCore, names: Mapping[str, TensorCore] | None = None) -> Graph:
    """Return the graph that ``backward`` of ``results`` would walk.

    ``names`` gives names to leaves, as ``dict(model.named_parameters())`` does. Raises
    RuntimeError for a result that no gradient can flow through.
    """
    called = {id(tensor): name for name, tensor in (names or {}).items()}
    boxes: list[tuple[str, str]] = []
    arrows: list[tuple[int, int]] = []
    numbers: dict[Node, int] = {}
    pending: list[Node] = []

    def number_of(node: Node) -> int:
        if node not in numbers:
            numbers[node] = len(boxes)
            boxes.append(_box(node, called))
            pending.append(node)
        return numbers[node]

    for result in results:
        edge = edge_of(result)
        if edge is None:
            raise RuntimeError(
                explain(
                    "graph_of",
                    "the tensor does not require grad and does not have a grad_fn",
                    result,
                    remedy="Compute it from a tensor that requires grad",
                )
            )
        place = len(boxes)
        boxes.append((f"result\n{_shape(result)}", _RESULT))
        arrows.append((number_of(edge.node), place))
    while pending:
        node = pending.pop(0)
        arrows += [
            (number_of(edge.node), numbers[node]) for edge in node.edges if edge is not None
        ]
    return Graph(boxes, arrows)


def _box(node: Node, names: Mapping[int, str]) -> tuple[str, str]:
    if not isinstance(node, AccumulateGrad):
        return node.name(), ""
    leaf = node.variable
    name = names.get(id(leaf))
    shape = _shape(leaf)
    return (f"{name}\n{shape}" if name else shape), _LEAF


def _shape(tensor: TensorCore) -> str:
    return f"({', '.join(map(str, tensor.operand.layout.shape))})"


def _quoted(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@final
@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a storage, and which elements of a view stand in each, in logical order."""

    elements: Sequence[Sequence[int]]

    def text(self) -> str:
        """Return one line: for each cell the numbers of its elements, a dot where none is."""
        words = [",".join(map(str, found)) or "." for found in self.elements]
        width = max(map(len, words), default=1)
        return " ".join(f"{word:>{width + 1}}" for word in words)

    def svg(self) -> str:
        """Return the cells as a row of squares, filled where the view reads them."""
        width = _CELL * max(len(self.elements), 1)
        parts = [
            '<svg xmlns="http://www.w3.org/2000/svg" '
            f'width="{width + 2}" height="{_CELL + 18}" '
            'font-family="sans-serif" text-anchor="middle">'
        ]
        for position, found in enumerate(self.elements):
            left = position * _CELL + 1
            color = "#add8e6" if found else "#f4f4f4"
            middle = left + _CELL / 2
            parts.append(
                f'<rect x="{left}" y="1" width="{_CELL}" height="{_CELL}" fill="{color}" '
                'stroke="#555"/>'
                f'<text x="{middle}" y="{_CELL / 2 + 5}" font-size="13">'
                f"{escape(','.join(map(str, found)))}</text>"
                f'<text x="{middle}" y="{_CELL + 14}" font-size="9" fill="#777">'
                f"{position}</text>"
            )
        return "\n".join([*parts, "</svg>"])

    def save(self, path: str | Path) -> None:
        """Write the cells to a file: drawn if its name ends in ``.svg``, otherwise as text."""
        path = Path(path)
        path.write_text(self.svg() if path.suffix == ".svg" else self.text(), encoding="utf-8")


def cells_of(view: TensorCore | Layout) -> Cells:
    """Return which cells of its storage a tensor, or a layout, reads.

    Raises ValueError for more cells than a picture can show.
    """
    if isinstance(view, Layout):
        layout, count = view, view.span[1]
    else:
        layout = view.operand.layout
        count = view.operand.storage.nbytes // view.operand.dtype.itemsize
    if max(count, layout.numel) > _MOST_CELLS:
        raise ValueError(
            f"cells_of: {max(count, layout.numel)} cells are too many for a picture, which "
            f"has {_MOST_CELLS} at most. Take a smaller tensor of the same kind."
        )
    elements: list[list[int]] = [[] for _ in range(count)]
    for number, position in enumerate(layout.positions()):
        elements[position].append(number)
    return Cells(elements)
