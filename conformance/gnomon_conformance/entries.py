"""What an entry of the catalogue is: a public function, and the inputs it is judged with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias, final

from gnomon import Tensor
from gnomon_conformance.cases import Level
from gnomon_conformance.functions import Function, Input, indices

Call: TypeAlias = Callable[[list[Tensor]], "Tensor | Sequence[Tensor]"]


@final
class Entry(NamedTuple):
    """A function, the inputs it is judged with, and the level it belongs to."""

    level: Level
    name: str
    function: Function
    inputs: tuple[Input, ...]
    differentiable: bool = True
    #: Whether it is defined on 16-bit floats.
    narrow: bool = True


def entry(
    level: Level,
    name: str,
    call: Call,
    *inputs: Input,
    differentiable: bool = True,
    narrow: bool = True,
) -> Entry:
    def function(tensors: list[Tensor]) -> Sequence[Tensor]:
        result = call(tensors)
        return [result] if isinstance(result, Tensor) else [*result]

    return Entry(level, name, function, inputs, differentiable, narrow)


def matrix(rows: int, columns: int) -> Input:
    return Input((rows, columns))


SQUARE: Final = matrix(4, 4)
CUBE: Final = Input((2, 3, 4))
LINE: Final = Input((12,))
IMAGE: Final = Input((2, 3, 6, 6))
ROWS: Final = indices((5,), 3)
