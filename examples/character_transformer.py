"""Train a transformer to continue a text, character by character.

The text is the documentation of some of Python's own modules. Each block lets a character look
at those before it; Vaswani et al., "Attention Is All You Need", 2017.
"""

import argparse
import importlib
import inspect
from pathlib import Path

import gnomon as torch
from gnomon import nn
from gnomon.nn import functional

parser = argparse.ArgumentParser(description="Train a transformer on characters.")
parser.add_argument("--device", default="cpu", help="cpu, opencl, opencl:1, ...")
parser.add_argument("--text", type=Path, help="a file to learn instead")
parser.add_argument("--steps", type=int, default=20, help="updates of the parameters")
parser.add_argument("--batch", type=int, default=4, help="pieces of text of a step")
parser.add_argument("--length", type=int, default=32, help="characters of a piece")
parser.add_argument("--width", type=int, default=32, help="numbers that stand for a character")
parser.add_argument("--heads", type=int, default=4, help="ways to look back")
parser.add_argument("--blocks", type=int, default=2, help="blocks on top of each other")
parser.add_argument("--sample", type=int, default=40, help="characters to write at the end")
options = parser.parse_args()

MODULES = ("argparse", "functools", "itertools", "random", "statistics", "textwrap")


def text():
    """Return the documentation of some modules, or the file, in characters of ASCII."""
    if options.text:
        return options.text.read_text(encoding="ascii", errors="ignore")
    parts = [inspect.getdoc(importlib.import_module(name)) or "" for name in MODULES]
    return "\n\n".join(parts).encode("ascii", "ignore").decode()


class Block(nn.Module):
    """Attention to what came before, then a network for each character alone."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.attention = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.network = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x):
        batch, length, width = x.shape
        parts = self.attention(self.norm1(x)).chunk(3, dim=-1)
        query, key, value = (
            part.view(batch, length, self.heads, -1).transpose(1, 2) for part in parts
        )
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.projection(seen.transpose(1, 2).reshape(batch, length, width))
        return x + self.network(self.norm2(x))


class Transformer(nn.Module):
    """Characters and places become vectors, blocks change them, a layer scores what follows."""

    def __init__(self, characters):
        super().__init__()
        self.character = nn.Embedding(characters, options.width)
        self.place = nn.Embedding(options.length, options.width)
        self.blocks = nn.Sequential(
            *(Block(options.width, options.heads) for _ in range(options.blocks))
        )
        self.norm = nn.LayerNorm(options.width)
        self.scores = nn.Linear(options.width, characters)

    def forward(self, x):
        places = torch.arange(x.shape[1], device=x.device)
        x = self.blocks(self.character(x) + self.place(places))
        return self.scores(self.norm(x))


def batch_of(codes):
    """Return pieces of the text, and the same moved on by one character."""
    starts = torch.randint(0, len(codes) - options.length - 1, (options.batch,)).tolist()
    pieces = torch.stack([codes[start : start + options.length + 1] for start in starts])
    pieces = pieces.to(options.device)
    return pieces[:, :-1], pieces[:, 1:]


content = text()
letters = sorted(set(content))
code_of = {letter: code for code, letter in enumerate(letters)}
codes = torch.tensor([code_of[letter] for letter in content])

torch.manual_seed(0)
model = Transformer(len(letters)).to(options.device)
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
print(f"{len(content)} characters, {len(letters)} different ones")

for step in range(options.steps):
    inputs, targets = batch_of(codes)
    scores = model(inputs)
    loss = functional.cross_entropy(scores.flatten(0, 1), targets.flatten())
    if step % max(1, options.steps // 10) == 0:
        print(f"step {step:4d}  loss {loss.item():.4f}")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

written = [code_of["T"]]
with torch.no_grad():
    for _ in range(options.sample):
        seen = torch.tensor([written[-options.length :]]).to(options.device)
        chances = model(seen)[0, -1].softmax(0).cpu()
        written.append(torch.multinomial(chances, 1).item())
print("".join(letters[code] for code in written))
