"""The handle that registering a hook returns."""

from gnomon.hooks import RemovableHandle

__all__ = ["RemovableHandle"]
