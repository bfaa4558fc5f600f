"""Draw the graph of derivatives behind a loss, and which cells of a storage some views read.

    python examples/pictures.py --folder pictures

The graph needs graphviz' program ``dot`` to be drawn; without it, its text is written.
"""

import argparse
import shutil
from pathlib import Path

import gnomon as torch
from gnomon.utils.graph import cells_of, graph_of

parser = argparse.ArgumentParser(description="Draw a graph and some layouts.")
parser.add_argument("--folder", type=Path, help="where to write SVG files")
options = parser.parse_args()

model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
loss = model(torch.ones(5, 3)).square().mean()
graph = graph_of(loss, names=dict(model.named_parameters()))
print(graph.dot())

matrix = torch.arange(12).view(3, 4)
views = {
    "matrix": matrix,
    "transposed": matrix.t(),
    "every second column": matrix[:, ::2],
    "diagonal": matrix.diagonal(),
    "windows": torch.arange(6).unfold(0, 3, 1),
    "expanded": torch.arange(3).expand(2, 3),
}
for name, view in views.items():
    print(f"{name:20} strides {view.stride()!s:8} {cells_of(view).text()}")

if options.folder:
    options.folder.mkdir(parents=True, exist_ok=True)
    graph.save(options.folder / ("loss.svg" if shutil.which("dot") else "loss.dot"))
    for name, view in views.items():
        cells_of(view).save(options.folder / f"{name}.svg")
