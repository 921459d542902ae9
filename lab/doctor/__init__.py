"""What hal-lab needs of a machine, whether it is there, and the line that gets it.

Runs on a bare Python 3.11 before anything is installed: ``python -m lab.doctor``. So nothing in
this package imports anything but the standard library, and modules of `lab` that keep to it too.
"""
