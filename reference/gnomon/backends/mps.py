"""Apple's Metal, which gnomon does not use."""


def is_available() -> bool:
    """Return False.

    >>> is_available()
    False
    """
    return False


def is_built() -> bool:
    """Return False."""
    return False
