"""The reference backend: one loop per family, in pure Python, exact to the rounding of the
dtype.
"""

from gnomon.cpu.backend import ReferenceBackend

__all__ = ["ReferenceBackend"]
