"""Graphs name what backward walks; cells say where elements stand; logs hold what was given."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

import gnomon
from gnomon.layout import Layout
from gnomon.utils.graph import cells_of, graph_of


def test_a_graph_has_a_box_a_node_and_an_arrow_an_edge() -> None:
    w = gnomon.ones(2, 3, requires_grad=True)
    x = gnomon.ones(2, 3)
    graph = graph_of((w * x).sum(), (w + 1), names={"a weight": w})
    labels = [label for label, _ in graph.boxes]
    assert labels.count("a weight\n(2, 3)") == 1
    assert sorted(labels) == sorted(
        [
            *("result\n()", "result\n(2, 3)", "a weight\n(2, 3)"),
            *("SumBackward0", "MulBackward0", "AddBackward0"),
        ]
    )
    pairs = {(labels[source], labels[target]) for source, target in graph.arrows}
    assert ("MulBackward0", "SumBackward0") in pairs
    assert ("a weight\n(2, 3)", "AddBackward0") in pairs
    assert ("SumBackward0", "result\n()") in pairs


def test_a_graph_of_nothing_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="does not require grad"):
        graph_of(gnomon.ones(2))


def test_a_graph_is_drawn_or_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = graph_of(gnomon.ones(2, requires_grad=True).sum())
    graph.save(tmp_path / "graph.dot")
    assert (tmp_path / "graph.dot").read_text().startswith("digraph {")
    if shutil.which("dot"):
        graph.save(tmp_path / "graph.svg")
        assert "SumBackward0" in (tmp_path / "graph.svg").read_text()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RuntimeError, match="graphviz"):
        graph.svg()


@pytest.mark.parametrize(
    "view",
    [
        gnomon.arange(6),
        gnomon.arange(12).view(3, 4).t()[1:, ::2],
        gnomon.arange(3).expand(2, 3),
        gnomon.tensor(1.0),
        gnomon.empty(0),
    ],
)
def test_cells_are_where_the_elements_are(view: gnomon.Tensor) -> None:
    cells = cells_of(view)
    positions = list(view.operand.layout.positions())
    for cell, elements in enumerate(cells.elements):
        assert list(elements) == [n for n, place in enumerate(positions) if place == cell]
    assert cells.svg().count("<rect") == len(cells.elements)


def test_cells_of_a_layout_and_of_too_much() -> None:
    assert cells_of(Layout((2,), (2,), 1)).text() == " .  0  .  1"
    with pytest.raises(ValueError, match="too many for a picture"):
        cells_of(gnomon.empty(20_000))


def test_a_writer_writes_tensors_of_any_dtype(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX", reason="SummaryWriter needs tensorboardX")
    from gnomon.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("loss", gnomon.tensor(0.5, dtype=gnomon.bfloat16), 1)
        writer.add_scalars("two", {"a": 1, "b": gnomon.tensor(2)}, 1)
        writer.add_histogram("weights", gnomon.rand(10, requires_grad=True), 1)
        writer.add_image("picture", gnomon.rand(3, 4, 4))
        writer.add_images("pictures", gnomon.rand(2, 3, 4, 4))
        writer.add_text("words", "some")
        writer.add_pr_curve("curve", gnomon.tensor([0, 1]), gnomon.tensor([0.2, 0.7]))
        assert writer.get_logdir() == writer.log_dir == str(tmp_path)
        with pytest.raises(NotImplementedError, match=r"gnomon\.utils\.graph"):
            writer.add_graph(gnomon.nn.Linear(1, 1))
        writer.flush()
    (file,) = tmp_path.glob("events.out.tfevents.*")
    content = file.read_bytes()
    for tag in (b"loss", b"weights", b"picture", b"words", b"curve"):
        assert tag in content


def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    from gnomon.utils.tensorboard import SummaryWriter

    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ModuleNotFoundError, match=r"gnomon\[tensorboard\]"):
        SummaryWriter()
