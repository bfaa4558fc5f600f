"""What printing promises beyond the text: few reads, options, errors."""

import pytest

from gnomon import printing


def test_only_shown_elements_are_read() -> None:
    read: list[tuple[int, ...]] = []

    def element(index: tuple[int, ...]) -> float:
        read.append(index)
        return 1.0

    printing.format_tensor((10**6, 10**3, 2), element)
    assert len(read) == len(set(read)) == 6 * 6 * 2


def test_nothing_is_read_of_an_empty_tensor() -> None:
    def element(index: tuple[int, ...]) -> float:
        raise AssertionError(index)

    assert printing.format_tensor((0, 3), element) == "tensor([])"


def test_accelerator_device_is_named() -> None:
    text = printing.tensor_repr((1,), lambda index: 2.5, dtype="float32", device="opencl:0")
    assert text == "tensor([2.5000], device='opencl:0')"


def test_subclass_indents_by_its_own_name() -> None:
    text = printing.tensor_repr((2, 1), sum, dtype="int64", class_name="Image")
    assert text == "Image([[0],\n       [1]])"


def test_context_manager_restores_after_an_error() -> None:
    before = printing.get_printoptions()
    with pytest.raises(KeyError), printing.printoptions(precision=1, sci_mode=True):
        assert printing.format_tensor((), lambda index: 2.5) == "tensor(2.5e+00)"
        raise KeyError
    assert printing.get_printoptions() == before


def test_unknown_profile_is_refused_and_changes_nothing() -> None:
    before = printing.get_printoptions()
    with pytest.raises(ValueError, match=r"'long'.*'default', 'full', 'short'"):
        printing.set_printoptions(profile="long", precision=1)
    with pytest.raises(ValueError, match="edgeitems=-1"):
        printing.set_printoptions(edgeitems=-1)
    assert printing.get_printoptions() == before
