"""Build the program on the standard input in a process of its own; see ``trials``.

``python -m gnomon_opencl.trial_of_program 0 OPTION...`` puts what it built on the standard
output. It ends with status 0, or with ``FAILED`` if the program has an error.
"""

from __future__ import annotations

import sys
import warnings

import pyopencl as cl

from gnomon_opencl.trials import FAILED, all_devices


def main() -> int:
    """Return 0 if the program builds on the device named, else FAILED."""
    warnings.simplefilter("ignore", cl.CompilerWarning)
    _, number, *options = sys.argv
    device = all_devices()[int(number)]
    source = sys.stdin.buffer.read().decode()
    try:
        program = cl.Program(cl.Context([device]), source)
        binary = program.build(options=options, devices=[device], cache_dir=False).binaries[0]
    except cl.Error:
        return FAILED
    sys.stdout.buffer.write(binary)
    return 0


if __name__ == "__main__":
    sys.exit(main())
