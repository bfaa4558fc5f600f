"""``Variable``: programs of old make tensors with gradients by it."""

import pytest

import gnomon as torch
from gnomon.autograd import Variable


def test_a_variable_is_a_leaf_over_the_same_memory() -> None:
    data = torch.ones(2)
    x = Variable(data, requires_grad=True)
    (x * 3).sum().backward()
    x.data.sub_(0.5 * x.grad)
    assert type(x) is torch.Tensor and x.is_leaf and not data.requires_grad
    assert data.tolist() == [-0.5, -0.5]


def test_a_variable_of_a_result_leaves_its_graph() -> None:
    y = torch.ones(2, requires_grad=True) * 2
    assert Variable(y).grad_fn is None and not Variable(y).requires_grad
    assert Variable(torch.ones(1), volatile=True).tolist() == [1]


def test_every_tensor_is_a_variable() -> None:
    assert isinstance(torch.ones(1), Variable) and not isinstance([1.0], Variable)


def test_only_tensors_become_variables() -> None:
    with pytest.raises(TypeError, match="has to be a tensor, but got list"):
        Variable([1.0])  # type: ignore[arg-type]  # what is tested
    with pytest.raises(RuntimeError, match="floating point"):
        Variable(torch.arange(2), requires_grad=True)
