"""Intel's MKL, which gnomon does not use."""


def is_available() -> bool:
    """Return False.

    >>> is_available()
    False
    """
    return False
