"""What the rows call of the package beside its public names, in one place for each topic."""
