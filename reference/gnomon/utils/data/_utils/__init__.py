"""How batches are put together, at the place where programs look for it."""

from gnomon.utils.data._utils import collate as collate
