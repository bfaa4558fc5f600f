"""The names of types, as programs print them."""

import gnomon as torch


def test_a_tensor_is_of_the_package() -> None:
    assert repr(type(torch.ones(1))) == "<class 'gnomon.Tensor'>"


def test_typename_is_of_the_object_or_of_its_type() -> None:
    assert torch.typename(torch.ones(1, dtype=torch.int64)) == "torch.LongTensor"
    assert [torch.typename(kind) for kind in (1, "a", int, len)] == ["int", "str", "int", "len"]
    assert torch.typename(torch.nn.Linear(1, 1)) == "gnomon.nn.modules.linear.Linear"
