"""Random numbers: PyTorch's CPU draws over a Mersenne Twister, and the Philox stream."""

from gnomon.generator.mersenne import DEFAULT_SEED, STATE_SIZE, MersenneTwister, canonical_seed

__all__ = ["DEFAULT_SEED", "STATE_SIZE", "MersenneTwister", "canonical_seed"]
