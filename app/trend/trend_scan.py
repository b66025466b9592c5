"""`python -m app.trend.trend_scan --timeframe 4h --mode market` is `opentrader scan` with the same options."""

import sys

from opentrader.cli.entry import main

if __name__ == "__main__":
    sys.exit(main(["scan", *sys.argv[1:]]))
