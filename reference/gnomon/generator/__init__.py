"""Random numbers as functions of a generator's state, without tensors.

`MersenneTwister` is the CPU's state. The draws are functions of it, of a count or of one
parameter an element, and of a dtype; they return Python numbers of that dtype and leave the
state where PyTorch leaves its own:

- `uniform`: uniform, Bernoulli (and so dropout);
- `normal`: normal and log-normal;
- `integers`: integers in a range or over all bits, permutations;
- `continuous`: exponential, Cauchy, geometric;
- `categories`: multinomial;
- `counting`, `gamma`: Poisson and binomial; gamma and Dirichlet.

`philox` and `philox_normal` define the stream of every accelerator by seed, offset and index;
`PhiloxGenerator` keeps the seed and counts the offsets.

>>> from gnomon.dtypes import float32
>>> from gnomon.generator.uniform import uniform
>>> uniform(MersenneTwister(0), 3, float32)
[0.49625658988952637, 0.7682217955589294, 0.08847743272781372]
"""

from gnomon.generator.mersenne import DEFAULT_SEED, STATE_SIZE, MersenneTwister, canonical_seed
from gnomon.generator.philox import PhiloxGenerator

__all__ = [
    "DEFAULT_SEED",
    "STATE_SIZE",
    "MersenneTwister",
    "PhiloxGenerator",
    "canonical_seed",
]
