"""``gnomon.nn`` is loaded when it is first asked for, under each of its names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import gnomon

REFERENCE = str(Path(gnomon.__file__).parent.parent)

PROGRAM = """
import torch
from torch import nn
import torch.nn as same
import torch.nn.functional as F
from torch.nn import Module, functional, utils
from torch.nn.modules.linear import Linear
from torch.nn.modules.activation import MultiheadAttention
from torch.nn.modules.loss import CrossEntropyLoss, _Loss
from torch.nn.modules.rnn import LSTMCell
from torch.nn.modules.utils import _pair
from torch.nn.parameter import Parameter
from torch.nn.utils import parametrize, prune
assert CrossEntropyLoss is nn.CrossEntropyLoss and issubclass(CrossEntropyLoss, _Loss)
assert LSTMCell is nn.LSTMCell and MultiheadAttention is nn.MultiheadAttention
assert _pair(3) == (3, 3) and nn.utils is utils
assert torch.nn is nn is same and F is functional is nn.functional
assert Linear is nn.Linear and Parameter is nn.Parameter and Module is nn.Module
print(nn.Linear(1, 2))
"""


def output(*arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": REFERENCE}
    command = [sys.executable, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return run.stdout


def test_nn_waits_until_it_is_asked_for() -> None:
    text = "import sys, gnomon; print('gnomon.nn' in sys.modules, gnomon.nn.Identity())"
    assert output("-c", text) == "False Identity()\n"


def test_an_unknown_attribute_is_an_attribute_error() -> None:
    assert output("-c", "import gnomon; print(hasattr(gnomon, 'nothing'))") == "False\n"


def test_every_name_of_nn_in_a_program(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    found = output("-m", "gnomon", "run", str(tmp_path / "program.py"))
    assert found == "Linear(in_features=1, out_features=2, bias=True)\n"
