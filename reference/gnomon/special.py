"""Special functions: ``torch.special``.

All are elementwise but the softmaxes; bool and integers give floats of the default dtype. Those
that PyTorch also has at the top level are the same functions here, some under another name.

>>> import gnomon as torch
>>> torch.special.entr(torch.tensor([0.0, 0.5, 2.0]))
tensor([ 0.0000,  0.3466, -1.3863])
"""

from gnomon.composite.softmax import log_softmax, softmax
from gnomon.ops.bessel import bessel_j0, bessel_j1, i0, i0e, i1, i1e
from gnomon.ops.error_functions import erf, erfc, erfcx, erfinv, log_ndtr, ndtr, ndtri
from gnomon.ops.exponentials import exp2, expm1, log1p
from gnomon.ops.gamma import digamma, mvlgamma, polygamma, zeta
from gnomon.ops.gamma import lgamma as gammaln
from gnomon.ops.logistic import entr, logit, xlog1py
from gnomon.ops.logistic import sigmoid as expit
from gnomon.ops.norms import logsumexp
from gnomon.ops.powers import xlogy
from gnomon.ops.rounding import round
from gnomon.ops.trigonometry import sinc

__all__ = [
    "bessel_j0",
    "bessel_j1",
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammaln",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "log1p",
    "log_ndtr",
    "log_softmax",
    "logit",
    "logsumexp",
    "modified_bessel_i0",
    "modified_bessel_i1",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "round",
    "sinc",
    "softmax",
    "xlog1py",
    "xlogy",
    "zeta",
]

psi = digamma
multigammaln = mvlgamma
modified_bessel_i0 = i0
modified_bessel_i1 = i1
