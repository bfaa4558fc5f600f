"""Recording and replaying of whole calls: ``torch.compiler``."""

from gnomon.compiler.compiled import Compiled as Compiled
from gnomon.compiler.compiled import compile as compile
