"""Graphs of 100 000 nodes: backward and freeing them use no stack."""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Callable

import pytest

import gnomon as torch
from gnomon import Tensor

DEPTH = 100_000


def chain(x: Tensor, length: int) -> Tensor:
    y = x
    for _ in range(length):
        y = y + 1
    return y


def written_chain(x: Tensor, length: int) -> Tensor:
    y = x * 1
    for _ in range(length):
        y.mul_(1.0)
    return y


def chain_that_saves(x: Tensor, length: int) -> Tensor:
    y = x
    for _ in range(length):
        y = y * x
    return y


def test_backward_through_a_deep_graph() -> None:
    x = torch.tensor(1.0, requires_grad=True)
    chain(x, DEPTH).backward()
    assert x.grad is not None and x.grad.item() == 1.0


def test_a_deep_graph_is_freed_without_backward() -> None:
    x = torch.tensor(1.0, requires_grad=True)
    y = chain(x, DEPTH)
    node = weakref.ref(y.grad_fn)
    del y
    assert node() is None


@pytest.mark.parametrize("build", [written_chain, chain_that_saves])
@pytest.mark.parametrize("runs_backward", [False, True])
def test_every_kind_of_node_is_freed(
    build: Callable[[Tensor, int], Tensor], runs_backward: bool
) -> None:
    x = torch.tensor(1.0, requires_grad=True)
    y = build(x, DEPTH // 20)
    if runs_backward:
        y.backward()
        assert x.grad is not None
    node = weakref.ref(y.grad_fn)
    del y
    assert node() is None


def test_views_of_views_are_freed() -> None:
    x = torch.tensor([1.0], requires_grad=True)
    y = x
    for _ in range(DEPTH // 20):
        y = y.view(1)
    assert y._base is x
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [1.0]


def test_writes_through_views_are_freed() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    for _ in range(2_000):
        y[0].add_(y[1])
    y[0].backward()
    assert x.grad is not None and x.grad.tolist() == [1.0, 2000.0]
    del y


def test_a_small_stack_is_enough() -> None:
    # Threads often have less than the main thread. What is needed does not grow with the graph:
    # CPython frees nested objects a bounded number of levels at a time; 3.13 needs most for it.
    failures: list[BaseException] = []

    def work() -> None:
        try:
            x = torch.tensor(1.0, requires_grad=True)
            y = x
            for _ in range(20_000):
                y = y + 1
            y.backward()
            del y
        except BaseException as error:
            failures.append(error)

    previous, limit = threading.stack_size(1024 * 1024), sys.getrecursionlimit()
    sys.setrecursionlimit(200)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(previous)
        sys.setrecursionlimit(limit)
    assert failures == []
