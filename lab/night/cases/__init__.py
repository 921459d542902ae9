"""The kinds of runs of a night: what each is, how it is done, and what is typed to do it again."""
