"""The processor."""


def get_cpu_capability() -> str:
    """Return "DEFAULT": the reference uses no vector instructions.

    >>> get_cpu_capability()
    'DEFAULT'
    """
    return "DEFAULT"
