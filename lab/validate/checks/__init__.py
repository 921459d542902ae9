"""The checks, a module for each family or part of one; `lab.validate.registry` finds them."""
