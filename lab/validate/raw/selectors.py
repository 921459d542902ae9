"""Selectors of AudioHardwareBase.h and AudioServerPlugIn.h."""

from __future__ import annotations

from lab.validate.contract import all_properties

_OF_CHANNELS = frozenset({"lchn", "lccn", "lcnn"})
"""Names of elements: strings, and no part of the contract, which has the main element only."""

REFERENCES = _OF_CHANNELS | {one.selector for one in all_properties() if one.is_reference}
"""Those whose data is a reference."""

OTHERS = frozenset(one.selector for one in all_properties()) - REFERENCES
"""All others."""

WITH_ITEM = frozenset(one.selector for one in all_properties() if one.needs == "item")
"""Those that need an item to ask for."""
