"""The meaning of a copy: each element converted to the output's dtype."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from gnomon.dtypes import Cells, DType, Scalar


@final
class CopyRecord:
    """The one elementwise launch whose input and output dtypes may differ without a rule."""

    name: Final = "copy"

    def evaluate(
        self, columns: Sequence[Sequence[Scalar]], compute: DType, result: DType
    ) -> Cells:
        """Return the cells of ``result`` for the one column of values of ``compute``."""
        (values,) = columns
        return result.pack_converted(values, compute)


COPY = CopyRecord()
