"""Which formula an elementwise record has on which dtype."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gnomon.backend import DType, Kind, float32
from gnomon_numpy.exact import EXACT
from gnomon_numpy.integers import ON_BOOLS, ON_INTEGERS
from gnomon_numpy.stepwise import STEPWISE
from gnomon_numpy.tables import Formula
from gnomon_numpy.widened import WIDENED

_EVERYWHERE: Final = {**EXACT, **WIDENED}
#: Where the meaning on a kind of dtype is another one.
_EXCEPTIONS: Final[Mapping[Kind, Mapping[str, Formula]]] = {
    Kind.BOOL: ON_BOOLS,
    Kind.UNSIGNED: ON_INTEGERS,
    Kind.SIGNED: ON_INTEGERS,
    Kind.FLOAT: {},
}

NAMES: Final = frozenset({*_EVERYWHERE, *ON_INTEGERS, *STEPWISE})


def formula_of(name: str, dtype: DType) -> Formula | None:
    """Return what the record ``name`` means on elements of ``dtype``, if this backend knows."""
    if dtype.is_floating_point and name in STEPWISE:
        steps = STEPWISE[name]
        return lambda inputs: steps(inputs[0], inputs[1], dtype)
    return _EXCEPTIONS[dtype.kind].get(name) or _EVERYWHERE.get(name)


def needs_float64(name: str, dtype: DType) -> bool:
    """Return whether elements of ``dtype`` are to be widened for the record ``name``."""
    return dtype.is_floating_point and not (dtype is float32 and name in EXACT)
