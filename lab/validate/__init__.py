"""The conformance ladder: what every AudioServerPlugIn must, should or may do, check by check.

A check (`lab.validate.check.Check`) is a small class in `lab.validate.checks`; it gets a
`lab.validate.subject.Subject` and says by `expect` what has to hold. `lab.validate.runner` runs
each in a process of its own, so that a driver that crashes or hangs costs one check.
"""
