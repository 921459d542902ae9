"""A small launchd for tests: real processes, the job rules of launchd.plist(5).

``python -m lab.launchd`` is the process; `lab.launchd.jobs` the rules, without processes or time of
their own; `lab.launchd.policy` what a version of macOS refuses. docs/reference/launchd.md says what
is there and what is not. Standard library only: it runs inside containers.
"""
