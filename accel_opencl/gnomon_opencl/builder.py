"""Build the programs that come on the standard input; see ``builders``.

``python -m gnomon_opencl.builder 0`` reads pickled lists of texts and options, and writes what
the device built of the first that it could, pickled too, or None.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import warnings
from collections.abc import Iterable

import pyopencl as cl

from gnomon_opencl.trials import all_devices


def program_of(
    context: cl.Context, device: cl.Device, attempts: Iterable[tuple[str, list[str]]]
) -> cl.Program | None:
    """Return the program of the first of ``attempts`` that builds."""
    for text, options in attempts:
        try:
            return cl.Program(context, text).build(
                options=options, devices=[device], cache_dir=False
            )
        except cl.Error:
            continue
    return None


def main() -> None:
    """Serve until there is nobody to ask any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # is for who asks
    warnings.simplefilter("ignore", cl.CompilerWarning)
    # A driver may print; what it prints must not be among the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    device = all_devices()[int(sys.argv[1])]
    context = cl.Context([device])
    while True:
        try:
            attempts = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        program = program_of(context, device, attempts)
        pickle.dump(None if program is None else bytes(program.binaries[0]), answers)
        answers.flush()


if __name__ == "__main__":
    main()
