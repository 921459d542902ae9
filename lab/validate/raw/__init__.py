"""Raw calls, slot by slot, and what they find: a driver as it is, with no host between.

``answers`` reads one property, ``selectors`` are those that there are, ``tree`` walks over all
objects, ``asked`` puts to each the questions of the contract, ``settable`` is what can be set.
``device``, ``io`` and ``loop`` are devices and what is done with them.
"""
