"""Machines that drivers are installed on: a throw-away root, a container, this Mac.

`lab.machine.base.Machine` is the one interface. `lab.machine.sandbox` is a root in namespaces of
its own, for an ordinary user; `lab.machine.docker_machine` a container; `lab.machine.mac` a real
Mac. What runs inside a machine (`coreaudiod`, `stand_ins`, `look`, `seal`, and `lab.launchd`) uses
the standard library only.
"""
