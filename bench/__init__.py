"""What every speed that the documents claim is measured with: `python -m bench --help`."""
