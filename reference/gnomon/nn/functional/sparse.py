"""Rows of a table by their number, and numbers as vectors."""

from gnomon.composite.encoding import embedding, one_hot

__all__ = ["embedding", "one_hot"]
