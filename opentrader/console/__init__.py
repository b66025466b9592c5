"""What the command line shows: tables, charts, the doctor's findings."""
