"""hal-lab: a coreaudiod you can hold in your hand.

The package drives ``coreaudiod-sim``, reads what the driver under test puts out, and says per
glitch when it was, how big, and whose fault. Import the submodules by name: this module stays
free of imports, so that ``python -m lab.doctor`` runs on a bare interpreter.
"""

__version__ = "0.1.0"
