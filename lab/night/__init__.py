"""A night: the matrix is run, judged against the nights before, and told on one page."""
