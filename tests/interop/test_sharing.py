"""Memory that tensors share: with each other, NumPy and DLPack, in copies and pickles."""

from __future__ import annotations

import copy
import gc
import pickle
import sys

import pytest

import gnomon as torch
from device import reference_only
from gnomon.tensor import dlpack


def matrix() -> torch.Tensor:
    return torch.arange(6.0).reshape(2, 3)


class TestStorages:
    def test_views_share_one_storage_object(self) -> None:
        x = matrix()
        assert x.t().untyped_storage() is x.untyped_storage()
        assert x.clone().untyped_storage() != x.untyped_storage()

    def test_a_write_to_the_storage_shows_and_counts(self) -> None:
        x = torch.zeros(2, dtype=torch.int8)
        before = x._version
        x.untyped_storage()[1] = 255
        assert x.tolist() == [0, -1]
        assert x._version == before + 1

    def test_a_tensor_set_to_a_storage_has_that_storage(self) -> None:
        storage = torch.UntypedStorage([1, 2, 3])
        x = torch.zeros(0, dtype=torch.uint8).set_(storage)
        assert x.untyped_storage() is storage
        y, again = pickle.loads(pickle.dumps((x, storage)))
        assert y.untyped_storage() is again and y.tolist() == [1, 2, 3]

    def test_resize_keeps_what_fits(self) -> None:
        storage = torch.UntypedStorage([1, 2, 3])
        assert storage.resize_(2).tolist() == [1, 2]
        assert storage.resize_(4).tolist()[:2] == [1, 2]

    def test_addresses_count_bytes(self) -> None:
        x = matrix()
        assert x[1].data_ptr() - x.data_ptr() == 3 * x.element_size()
        assert x.untyped_storage().data_ptr() == x.data_ptr()

    def test_set_shares_a_storage(self) -> None:
        x = matrix()
        y = torch.zeros(0).set_(x.untyped_storage(), 1, (2, 2), (3, 1))
        y.fill_(9)
        assert x.tolist() == [[0, 9, 9], [3, 9, 9]]


class TestCopiesAndPickles:
    @pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
    def test_what_was_shared_is_shared_again(self, again: object) -> None:
        assert callable(again)
        x = matrix()
        y, part = again([x, x.t()[1:]])
        assert part.stride() == (1, 3) and part.storage_offset() == 1
        y[0, 1] = 50
        assert part[0, 0] == 50
        assert x[0, 1] == 1

    def test_one_tensor_stays_one(self) -> None:
        x = matrix()
        first, second = copy.deepcopy([x, x])
        assert first is second

    def test_a_leaf_keeps_what_autograd_knows_of_it(self) -> None:
        x = torch.ones(2, requires_grad=True)
        x.grad = torch.full((2,), 3.0)
        y = copy.deepcopy(x)
        assert y.requires_grad and y.grad is not None and y.grad.tolist() == [3, 3]
        assert y.grad.data_ptr() != x.grad.data_ptr()
        assert pickle.loads(pickle.dumps(x)).requires_grad

    def test_attributes_of_a_program_come_along(self) -> None:
        x = matrix()
        x.tag = ["mine"]  # type: ignore[attr-defined]  # programs do this
        assert copy.deepcopy(x).tag == ["mine"]
        assert copy.deepcopy(x).tag is not x.tag  # type: ignore[attr-defined]  # as above
        assert pickle.loads(pickle.dumps(x)).tag == ["mine"]

    @pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
    def test_every_dtype_survives_every_protocol(self, protocol: int) -> None:
        for dtype in (torch.bool, torch.uint8, torch.int64, torch.float16, torch.bfloat16):
            x = torch.tensor([0, 1, 1]).to(dtype)
            y = pickle.loads(pickle.dumps(x, protocol))
            assert y.dtype is dtype and y.tolist() == x.tolist()

    def test_a_computed_tensor_is_not_copied_deeply(self) -> None:
        with pytest.raises(RuntimeError, match="leaves"):
            copy.deepcopy(torch.ones(2, requires_grad=True) * 2)


class TestBuffers:
    def test_a_writable_buffer_is_shared(self) -> None:
        data = bytearray(8)
        torch.frombuffer(data, dtype=torch.int16, offset=2, count=2).fill_(-1)
        assert data == b"\0\0\xff\xff\xff\xff\0\0"

    def test_a_read_only_buffer_is_copied(self) -> None:
        data = b"ab"
        assert torch.frombuffer(data, dtype=torch.uint8).fill_(0).tolist() == [0, 0]
        assert data == b"ab"

    @reference_only("what a device holds is no buffer of Python's")
    def test_a_tensor_is_a_buffer(self) -> None:
        x = matrix()
        view = x.__buffer__(0)
        assert (view.shape, view.format, view.tolist()) == ((2, 3), "f", x.tolist())
        x[0, 0] = 7
        assert view[0, 0] == 7
        assert torch.ones(2).bool().__buffer__(0).tolist() == [True, True]
        assert torch.ones(0, 3).__buffer__(0).tolist() == []
        for refused in (x.t(), x.half(), x.bfloat16(), x.requires_grad_()):
            with pytest.raises(BufferError):
                refused.__buffer__(0)

    @pytest.mark.skipif(
        sys.version_info < (3, 12), reason="Python asks for __buffer__ from 3.12"
    )
    def test_memoryview_of_a_tensor(self) -> None:
        assert memoryview(matrix()).tolist() == matrix().tolist()


class TestNumPy:
    def test_memory_is_shared_both_ways(self) -> None:
        numpy = pytest.importorskip("numpy", reason="it is NumPy that shares")
        array = numpy.arange(12.0).reshape(3, 4)
        for part in (array, array.T, array[::2, 1::2], array[1], array[2:, :0]):
            x = torch.from_numpy(part)
            assert x.tolist() == part.tolist() and x.numpy().tolist() == part.tolist()
            x.add_(1)
            assert x.tolist() == part.tolist()
            part *= 2
            assert x.tolist() == part.tolist()

    @reference_only("NumPy sees the host's memory only")
    def test_memory_lives_as_long_as_either(self) -> None:
        numpy = pytest.importorskip("numpy", reason="it is NumPy that shares")
        x = torch.from_numpy(numpy.full(100_000, 3.0))
        y = torch.full((100_000,), 4.0).numpy()
        gc.collect()
        assert x.sum() == 300_000 and y.sum() == 400_000

    def test_a_read_only_array_warns(self) -> None:
        numpy = pytest.importorskip("numpy", reason="it is NumPy that shares")
        array = numpy.zeros(2)
        array.flags.writeable = False
        with pytest.warns(UserWarning, match="not writable"):
            torch.from_numpy(array)

    def test_borrowed_memory_does_not_grow(self) -> None:
        numpy = pytest.importorskip("numpy", reason="it is NumPy that shares")
        x = torch.from_numpy(numpy.zeros(2))
        for grow in (lambda: x.resize_(3), lambda: x.untyped_storage().resize_(99)):
            with pytest.raises(RuntimeError, match="not resizable"):
                grow()
        assert x.tolist() == [0, 0]


class Capsule:
    """Something that hands ``capsule`` over."""

    def __init__(self, capsule: object) -> None:
        self.capsule = capsule

    def __dlpack__(self, **options: object) -> object:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return dlpack.CPU_DEVICE


@reference_only("DLPack hands over memory of the host")
class TestDLPack:
    def test_gnomon_to_itself(self) -> None:
        x = matrix().t()
        y = torch.from_dlpack(x)
        assert y.stride() == (1, 3) and y.data_ptr() == x.data_ptr()
        y.zero_()
        assert x.sum() == 0

    def test_every_dtype(self) -> None:
        for dtype in (torch.bool, torch.uint8, torch.int16, torch.uint64, torch.bfloat16):
            x = torch.tensor([0, 1, 1]).to(dtype)
            y = torch.from_dlpack(x)
            assert y.dtype is dtype and y.tolist() == x.tolist()

    def test_numpy_both_ways(self) -> None:
        numpy = pytest.importorskip("numpy", reason="it is NumPy that shares")
        array = numpy.arange(6).reshape(2, 3)[:, ::2]
        x = torch.from_dlpack(array)
        x.mul_(10)
        assert array.tolist() == [[0, 20], [30, 50]] == numpy.from_dlpack(x).tolist()

    def test_what_is_handed_over_is_given_back(self) -> None:
        numpy = pytest.importorskip("numpy", reason="it is NumPy that shares")
        x = matrix()
        array = numpy.from_dlpack(Capsule(dlpack.exported(x)))
        del x
        gc.collect()
        assert array.tolist() == matrix().tolist()
        held = len(dlpack._exports)
        del array
        gc.collect()
        assert len(dlpack._exports) == held - 1

    def test_numpy_may_write(self) -> None:
        numpy = pytest.importorskip("numpy", reason="it is NumPy that shares")
        x = matrix()
        numpy.from_dlpack(x)[0, 0] = 7
        assert x[0, 0] == 7

    def test_an_array_is_given_back_while_an_error_is_on_its_way(self) -> None:
        numpy = pytest.importorskip("numpy", reason="it is NumPy that shares")
        with pytest.raises(ZeroDivisionError):
            _ = numpy.from_dlpack(matrix()), 1 // 0

    def test_a_capsule_that_nobody_takes_is_forgotten(self) -> None:
        capsules = [dlpack.exported(matrix()) for _ in range(3)]
        held = len(dlpack._exports)
        del capsules
        kept = dlpack.exported(matrix())
        assert len(dlpack._exports) == held - 2
        assert torch.from_dlpack(kept).tolist() == matrix().tolist()

    def test_a_capsule_is_used_once(self) -> None:
        capsule = matrix().__dlpack__()
        torch.from_dlpack(capsule)
        with pytest.raises(RuntimeError, match="used already"):
            torch.from_dlpack(capsule)

    def test_what_cannot_be_shared(self) -> None:
        with pytest.raises(BufferError, match="gradient"):
            torch.ones(2, requires_grad=True).__dlpack__()
        with pytest.raises(TypeError, match="__dlpack__"):
            torch.from_dlpack([1])
