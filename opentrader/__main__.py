"""`python -m opentrader` is the command `opentrader`."""

import sys

from opentrader.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
