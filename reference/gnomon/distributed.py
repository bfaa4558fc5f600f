"""Process groups of one process: ``torch.distributed``, for programs that may run alone.

A group of one needs no messages, so every collective is what it means for one process. More
than one process raises RuntimeError.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeVar

from gnomon.autograd.grad_mode import no_grad
from gnomon.errors import explain

if TYPE_CHECKING:
    from datetime import timedelta

    from gnomon.devices import Device
    from gnomon.tensor import Tensor

__all__ = [
    "ReduceOp",
    "all_gather",
    "all_gather_into_tensor",
    "all_gather_object",
    "all_reduce",
    "barrier",
    "broadcast",
    "broadcast_object_list",
    "destroy_process_group",
    "get_backend",
    "get_rank",
    "get_world_size",
    "init_process_group",
    "is_available",
    "is_gloo_available",
    "is_initialized",
    "is_mpi_available",
    "is_nccl_available",
    "is_torchelastic_launched",
    "reduce",
]

Item = TypeVar("Item")


class ReduceOp(Enum):
    """How the tensors of several processes become one."""

    SUM = "sum"
    AVG = "avg"
    PRODUCT = "product"
    MIN = "min"
    MAX = "max"
    BAND = "band"
    BOR = "bor"
    BXOR = "bxor"


#: The backend that the group was given, where there is a group.
_group: Final[list[str]] = []


def is_available() -> bool:
    """Return True: a process can form a group by itself."""
    return True


def is_gloo_available() -> bool:
    """Return False: processes cannot reach each other."""
    return False


is_mpi_available = is_gloo_available
is_nccl_available = is_gloo_available


def is_torchelastic_launched() -> bool:
    """Return False."""
    return False


def is_initialized() -> bool:
    """Return whether there is a group.

    >>> is_initialized()
    False
    """
    return bool(_group)


def init_process_group(
    backend: str | None = None,
    init_method: str | None = None,
    timeout: timedelta | None = None,
    world_size: int = -1,
    rank: int = -1,
    store: object = None,
    group_name: str = "",
    pg_options: object = None,
    device_id: Device | int | None = None,
) -> None:
    """Make the group of this process, the rank 0 of it.

    The number of processes is ``world_size``, that of the environment's ``WORLD_SIZE``, or 1.
    Raises RuntimeError if it is more than 1, ValueError for a second group or another rank.

    >>> init_process_group("gloo", rank=0, world_size=1)
    >>> get_rank(), get_world_size()
    (0, 1)
    >>> destroy_process_group()
    """
    if _group:
        raise ValueError(
            explain(
                "init_process_group",
                "trying to initialize the default process group twice!",
                remedy="Call destroy_process_group() before",
            )
        )
    size = world_size if world_size >= 0 else int(os.environ.get("WORLD_SIZE", "1"))
    place = rank if rank >= 0 else int(os.environ.get("RANK", "0"))
    if size > 1:
        raise RuntimeError(
            explain(
                "init_process_group",
                f"{size} processes are to work together, and gnomon's cannot",
                remedy="Start one, with world_size=1 or WORLD_SIZE=1",
            )
        )
    if size != 1 or place != 0:
        raise ValueError(
            explain("init_process_group", f"there is no rank {place} among {size} processes")
        )
    _group.append(backend or "gloo")


def destroy_process_group(group: None = None) -> None:
    """Forget the group. Raises ValueError, as all functions below do, if there is none."""
    _require_group("destroy_process_group")
    _group.clear()


def get_rank(group: None = None) -> int:
    """Return 0."""
    _require_group("get_rank")
    return 0


def get_world_size(group: None = None) -> int:
    """Return 1."""
    _require_group("get_world_size")
    return 1


def get_backend(group: None = None) -> str:
    """Return the name that ``init_process_group`` was given."""
    _require_group("get_backend")
    return _group[0]


def barrier(
    group: None = None, async_op: bool = False, device_ids: Sequence[int] | None = None
) -> None:
    """Wait for the other processes, of which there are none."""
    _require_group("barrier")


def all_reduce(
    tensor: Tensor, op: ReduceOp = ReduceOp.SUM, group: None = None, async_op: bool = False
) -> _Work | None:
    """Leave ``tensor`` as it is, which is the result for one process."""
    return _done("all_reduce", async_op)


def reduce(
    tensor: Tensor,
    dst: int = 0,
    op: ReduceOp = ReduceOp.SUM,
    group: None = None,
    async_op: bool = False,
) -> _Work | None:
    """Leave ``tensor`` as it is, which is the result for one process."""
    return _done("reduce", async_op)


def broadcast(
    tensor: Tensor, src: int = 0, group: None = None, async_op: bool = False
) -> _Work | None:
    """Leave ``tensor`` as it is: no other process is there to get it."""
    return _done("broadcast", async_op)


def broadcast_object_list(
    object_list: list[Item], src: int = 0, group: None = None, device: Device | None = None
) -> None:
    """Leave ``object_list`` as it is: no other process is there to get it."""
    _require_group("broadcast_object_list")


def all_gather(
    tensor_list: list[Tensor], tensor: Tensor, group: None = None, async_op: bool = False
) -> _Work | None:
    """Copy ``tensor`` to the only tensor of ``tensor_list``."""
    _require_one("all_gather", len(tensor_list))
    with no_grad():
        tensor_list[0].copy_(tensor)
    return _done("all_gather", async_op)


def all_gather_into_tensor(
    output_tensor: Tensor, input_tensor: Tensor, group: None = None, async_op: bool = False
) -> _Work | None:
    """Copy ``input_tensor`` to ``output_tensor``."""
    _require_group("all_gather_into_tensor")
    with no_grad():
        output_tensor.copy_(input_tensor.view_as(output_tensor))
    return _done("all_gather_into_tensor", async_op)


def all_gather_object(object_list: list[Item], obj: Item, group: None = None) -> None:
    """Put ``obj`` into the only place of ``object_list``."""
    _require_one("all_gather_object", len(object_list))
    object_list[0] = obj


class _Work:
    """A collective that was called with ``async_op``, and is done."""

    def wait(self) -> bool:
        return True

    def is_completed(self) -> bool:
        return True


def _done(operation: str, async_op: bool) -> _Work | None:
    _require_group(operation)
    return _Work() if async_op else None


def _require_one(operation: str, length: int) -> None:
    _require_group(operation)
    if length != 1:
        raise ValueError(
            explain(operation, f"a list of {length} was given for the results of 1 process")
        )


def _require_group(operation: str) -> None:
    if not _group:
        raise ValueError(
            explain(
                operation,
                "Default process group has not been initialized",
                remedy="Call init_process_group() before",
            )
        )
