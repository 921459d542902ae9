"""Talking to coreaudiod-sim: one interface, three ways to reach it.

`SubprocessHost` starts a process of its own (the default: a crash is the process's), `NativeHost`
loads the library into this one (fastest: a crash is yours), `ExternalHost` attaches to a socket.
"""
