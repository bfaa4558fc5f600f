"""Softmax over many classes, of which few are frequent.

Source: E. Grave et al., "Efficient softmax approximation for GPUs" (2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, cast

from gnomon.composite.selection import where
from gnomon.nn import functional as F
from gnomon.nn.modules.container import ModuleList, Sequential
from gnomon.nn.modules.linear import Linear
from gnomon.nn.modules.module import Module
from gnomon.ops.joining import cat
from gnomon.tensor import Tensor
from gnomon.tensor.options import DeviceLike, DTypeLike

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    """The log-probability of each target, and the mean of their negatives."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """The log-probability of targets among ``n_classes`` that are sorted by frequency.

    ``cutoffs`` part the classes: those below the first are in the head, and each of the other
    parts is a cluster with one place in the head, whose inner classes are scored from features
    that are ``div_value`` times fewer from cluster to cluster. Raises ValueError unless cutoffs
    ascend from 1 to ``n_classes`` - 1.

    >>> import gnomon as torch
    >>> layer = AdaptiveLogSoftmaxWithLoss(16, 10, cutoffs=[2, 5])
    >>> layer(torch.ones(3, 16), torch.tensor([0, 4, 9])).output.shape
    torch.Size([3])
    """

    in_features: int
    n_classes: int
    cutoffs: list[int]
    div_value: float
    head_bias: bool
    head: Linear
    tail: ModuleList

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        borders = [0, *cutoffs, n_classes]
        if len(borders) < 3:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if any(int(each) != each for each in cutoffs) or any(
            later <= earlier for earlier, later in pairwise(borders)
        ):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an "
                "increasing order, where each value is between 1 and n_classes-1"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, head_bias, device, dtype)
        self.tail = ModuleList()
        for place, (low, high) in enumerate(pairwise(self.cutoffs)):
            inner = int(in_features // div_value ** (place + 1))
            self.tail.append(
                Sequential(
                    Linear(in_features, inner, False, device, dtype),
                    Linear(inner, high - low, False, device, dtype),
                )
            )

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        self.head.reset_parameters()
        for cluster in self.tail:
            for layer in cast(Sequential, cluster):
                cast(Linear, layer).reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> _ASMoutput:
        """Return the log-probability of each target, and the loss.

        Inputs are (N, in_features) with targets (N), or both without N. Raises RuntimeError for
        other shapes, and for a target that is no class.
        """
        self._check(input_, target_)
        input = input_ if target_.ndim else input_.unsqueeze(0)
        target = target_ if target_.ndim else target_.unsqueeze(0)
        output = input.new_zeros(target.size(0))
        places = target
        for cluster, (low, high) in enumerate(pairwise(self.cutoffs)):
            inside = (target >= low) & (target < high)
            rows = inside.nonzero().squeeze(1)
            if not rows.numel():
                continue
            scores = self._cluster(cluster, input.index_select(0, rows))
            found = scores.gather(1, (target[rows] - low).unsqueeze(1)).squeeze(1)
            output = output.index_copy(0, rows, found)
            places = where(inside, self.shortlist_size + cluster, places)
        head = F.log_softmax(self.head(input), dim=1)
        output = output + head.gather(1, places.unsqueeze(1)).squeeze(1)
        loss = (-output).mean()
        return _ASMoutput(output if target_.ndim else output.squeeze(0), loss)

    def _cluster(self, cluster: int, input: Tensor) -> Tensor:
        """Return the log-probabilities of a cluster's classes, given the cluster."""
        return F.log_softmax(cast(Tensor, self.tail[cluster](input)), dim=1)

    def _check(self, input: Tensor, target: Tensor) -> None:
        rule = ""
        if target.ndim > 1:
            rule = "0D or 1D target tensor expected, multi-target not supported"
        elif target.ndim and input.ndim != 2:
            rule = f"1D target tensor expects 2D input tensors, but found {input.size()}"
        elif not target.ndim and input.ndim != 1:
            rule = f"0D target tensor expects 1D input tensors, but found {input.size()}"
        elif target.ndim and input.size(0) != target.size(0):
            rule = "Input and target should have the same size in the batch dimension"
        elif ((target < 0) | (target >= self.n_classes)).any():
            rule = (
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{target.min().item()}, {target.max().item()}] were found"
            )
        if rule:
            raise RuntimeError(f"AdaptiveLogSoftmaxWithLoss: {rule}.")

    def log_prob(self, input: Tensor) -> Tensor:
        """Return the log-probabilities of all classes, (N, n_classes)."""
        head = F.log_softmax(self.head(input), dim=1)
        parts = [head[:, : self.shortlist_size]]
        for cluster in range(self.n_clusters):
            place = self.shortlist_size + cluster
            parts.append(self._cluster(cluster, input) + head[:, place : place + 1])
        return cat(parts, 1)

    def predict(self, input: Tensor) -> Tensor:
        """Return the most probable class of each sample, (N).

        It is looked for in the clusters only where a cluster is more probable than all classes
        of the head.
        """
        first = self.head(input).argmax(1)
        return where(first < self.shortlist_size, first, self.log_prob(input).argmax(1))
