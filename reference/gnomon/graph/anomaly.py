"""Where in the user's program a node was made, for the errors of anomaly mode."""

from __future__ import annotations

import os

# Frames of gnomon itself say nothing to the reader of an error.
_INSIDE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_COMMAND = os.path.join(_INSIDE, "command") + os.sep


def forward_call() -> str:
    """Return the stack of the running call, down to the line that called gnomon.

    A program that ``gnomon run`` runs has what runs it above itself, which is left out too.
    """
    import traceback  # slow to import, and seldom needed

    frames = list(traceback.extract_stack())
    while frames and frames[-1].filename.startswith(_INSIDE):
        frames.pop()
    runners = [at for at, frame in enumerate(frames) if frame.filename.startswith(_COMMAND)]
    if runners:
        del frames[: runners[-1] + 1]
    return "".join(traceback.format_list(frames))
