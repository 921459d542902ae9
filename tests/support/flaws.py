"""The flaws that Flawed.driver can have: the list of its C sources, as the build wrote it.

``FLAW=<name>`` in the environment of the host turns exactly one on::

    flaw = find_flaw("start-not-counted")
    with SubprocessHost(environment=flaw.environment) as host:
        host.load(flaw.path)
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from lab.host.locate import find_driver

FAMILIES = (
    "bundle",
    "objects",
    "settings",
    "lifecycle",
    "time",
    "io",
    "real-time",
    "threads",
    "robustness",
)
"""Of `hal-lab validate`, in its order."""

BUNDLE = "Flawed"


class Flaw(BaseModel):
    """One thing that is wrong.

    Attributes
    ----------
    name
        In kebab case, after what is wrong.
    family
        Of the checks that have to find it, one of `FAMILIES`.
    bundle
        That has it: ``"Flawed"`` when it is asked for, or a bundle that always has it.
    sentence
        What the driver does then.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    family: str
    bundle: str
    sentence: str

    @property
    def environment(self) -> dict[str, str]:
        """What the host's environment needs; empty when the bundle always has the flaw."""
        return {"FLAW": self.name} if self.bundle == BUNDLE else {}

    @property
    def path(self) -> Path:
        """Of the bundle; `MissingError` when it is not built."""
        return find_driver(self.bundle)


@cache
def load_flaws() -> tuple[Flaw, ...]:
    """All flaws, in the order of flaws.def.

    Returns
    -------
    tuple of Flaw

    Raises
    ------
    MissingError
        Flawed.driver is not built.
    """
    listed = find_driver(BUNDLE) / "Contents" / "Resources" / "flaws.json"
    return TypeAdapter(tuple[Flaw, ...]).validate_json(listed.read_bytes())


def find_flaw(name: str) -> Flaw:
    """The flaw of that name.

    Raises
    ------
    KeyError
        There is none.
    """
    for flaw in load_flaws():
        if flaw.name == name:
            return flaw
    raise KeyError(name)
