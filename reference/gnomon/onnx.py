"""ONNX, for programs that import it although they may not export anything."""

from __future__ import annotations

from gnomon.errors import explain


def is_in_onnx_export() -> bool:
    """Return False.

    >>> is_in_onnx_export()
    False
    """
    return False


def export(model: object, *args: object, **kwargs: object) -> None:
    """Raise NotImplementedError, which says what to do."""
    raise NotImplementedError(
        explain(
            "onnx.export",
            "gnomon writes no ONNX files",
            remedy="Save the state_dict, load it in PyTorch and export it there",
        )
    )
