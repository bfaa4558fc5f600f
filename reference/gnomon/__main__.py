"""``python -m gnomon``: the ``gnomon`` command without an installed script."""

import sys

from gnomon.command import main

if __name__ == "__main__":
    sys.exit(main())
