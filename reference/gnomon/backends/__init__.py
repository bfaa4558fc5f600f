"""The libraries that PyTorch is built with, as programs ask for them: gnomon has none of them.

Switches keep what a program sets and change nothing: every result here is deterministic and of
full precision. gnomon's own accelerators are in ``gnomon.plugins``.
"""

from gnomon.backends import cpu as cpu
from gnomon.backends import cuda as cuda
from gnomon.backends import cudnn as cudnn
from gnomon.backends import mkl as mkl
from gnomon.backends import mkldnn as mkldnn
from gnomon.backends import mps as mps
from gnomon.backends import openmp as openmp
