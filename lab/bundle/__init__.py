"""A driver bundle looked at from outside: nothing of it is loaded or run, nothing is written.

:func:`lab.bundle.inspect.inspect_bundle` reads a ``.driver`` folder and says, per macOS version,
whether it would be accepted, with the reason. What is read may be hostile: sizes are checked before
they are believed, and no name out of it reaches a shell or a terminal unescaped.
"""
