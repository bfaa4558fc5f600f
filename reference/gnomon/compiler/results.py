"""Results of a recorded call, taken apart so that a replay can give the like anew."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from gnomon.backend import Operand, Storage
from gnomon.dtypes import DType
from gnomon.layout import Layout
from gnomon.recording import LiveNumber
from gnomon.tensor import Tensor


class Result(ABC):
    """What a call returned, or a part of it."""

    @abstractmethod
    def build(self, storages: Sequence[Storage], inputs: Sequence[Tensor]) -> object:
        """Return the result of a replay that filled ``storages`` and was given ``inputs``."""


@final
@dataclass(frozen=True, slots=True)
class Same(Result):
    """The same object every time."""

    value: object

    def build(self, storages: Sequence[Storage], inputs: Sequence[Tensor]) -> object:
        return self.value


@final
@dataclass(frozen=True, slots=True)
class Again(Result):
    """A number that is computed anew."""

    number: LiveNumber

    def build(self, storages: Sequence[Storage], inputs: Sequence[Tensor]) -> object:
        return self.number.now()


@final
@dataclass(frozen=True, slots=True)
class Given(Result):
    """The input itself, or a view of its memory."""

    index: int
    layout: Layout | None
    dtype: DType

    def build(self, storages: Sequence[Storage], inputs: Sequence[Tensor]) -> object:
        given = inputs[self.index]
        if self.layout is None:
            return given
        return Tensor.over(Operand(given.operand.storage, self.layout, self.dtype))


@final
@dataclass(frozen=True, slots=True)
class Made(Result):
    """A tensor over memory that every replay makes."""

    index: int
    layout: Layout
    dtype: DType

    def build(self, storages: Sequence[Storage], inputs: Sequence[Tensor]) -> Tensor:
        return Tensor.over(Operand(storages[self.index], self.layout, self.dtype))


@final
@dataclass(frozen=True, slots=True)
class Several(Result):
    """A tuple, named or not, or a list."""

    kind: type
    parts: tuple[Result, ...]

    def build(self, storages: Sequence[Storage], inputs: Sequence[Tensor]) -> object:
        built = [part.build(storages, inputs) for part in self.parts]
        return self.kind(*built) if hasattr(self.kind, "_fields") else self.kind(built)


@final
@dataclass(frozen=True, slots=True)
class Named(Result):
    """A dict."""

    parts: Mapping[object, Result]

    def build(self, storages: Sequence[Storage], inputs: Sequence[Tensor]) -> object:
        return {name: part.build(storages, inputs) for name, part in self.parts.items()}
