"""gnomon's own version, and the versions of what it is not built with; ``torch.version``."""

__version__ = "0.1.0"

cuda: str | None = None
hip: str | None = None
xpu: str | None = None
