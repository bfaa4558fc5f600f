"""Recording and replaying of whole calls: ``torch.compiler``."""

from gnomon.compiler.compiled import Compiled as Compiled
from gnomon.compiler.compiled import OptimizedModule as OptimizedModule
from gnomon.compiler.compiled import compile as compile
from gnomon.compiler.compiled import disable as disable
from gnomon.compiler.compiled import is_compiling as is_compiling
from gnomon.compiler.compiled import reset as reset
from gnomon.compiler.explanation import Explanation as Explanation
