"""How a validation is to be run: command line, environment, ``hal-lab.toml``, in that order.

The file is looked for in the bundle's folder and in all folders above it::

    [validate]
    strictness = 7
    macos = "26"
    jobs = 2
    exclude = ["io-loopback-*"]

    [validate.environment]          # of the driver; {unique} and {folder} are filled in
    GECKO_SHM_NAME = "/{unique}"
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lab.errors import UsageError
from lab.profiles import Profile, load_profile, profile_names

FILE = "hal-lab.toml"
DEFAULT_STRICTNESS = 5


class Settings(BaseModel):
    """How a validation is to be run; None: as by default.

    Attributes
    ----------
    strictness
        1 to 10.
    macos
        ``"26"``, ``"14.4"``, or the name of a profile.
    include, exclude
        As for `lab.validate.registry.choose`.
    jobs
        Checks at the same time.
    patience
        Limits of time are taken times this.
    seed
        Of everything random.
    environment
        For the driver.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    strictness: Annotated[int | None, Field(ge=1, le=10)] = None
    macos: str | None = None
    include: list[str] = Field(default_factory=list)
    exclude: list[str] = Field(default_factory=list)
    jobs: Annotated[int | None, Field(ge=1, le=64)] = None
    patience: Annotated[float | None, Field(gt=0, le=1000)] = None
    seed: Annotated[int | None, Field(ge=0, lt=2**64)] = None
    environment: dict[str, str] = Field(default_factory=dict)


def find_file(bundle: Path) -> Path | None:
    """The nearest ``hal-lab.toml`` at the bundle or above it."""
    absolute = bundle.absolute()
    for folder in (absolute, *absolute.parents):
        if (folder / FILE).is_file():
            return folder / FILE
    return None


def read_file(path: Path) -> Settings:
    """Read ``[validate]``; other tables are somebody else's.

    Raises
    ------
    UsageError
        When it cannot be read, is no TOML, or holds what nobody knows.
    """
    try:
        table = tomllib.loads(path.read_text()).get("validate", {})
        return Settings.model_validate(table)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(
            f"cannot be read ({error})", where=str(path), do="mend the file"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in ("validate", *first["loc"]))
        raise UsageError(
            f"{name}: {first['msg'].lower()}", where=str(path), do="see docs/reference/validate.md"
        ) from error


def together(given: Settings, file: Settings) -> Settings:
    """What was given counts; what was not comes from the file. Lists replace, they do not add."""
    told: dict[str, Any] = given.model_dump(exclude_defaults=True)
    merged = {**file.model_dump(), **told}
    merged["environment"] = {**file.environment, **given.environment}
    return Settings.model_validate(merged)


def profile_of(macos: str | None) -> Profile:
    """Which macOS is played.

    Parameters
    ----------
    macos
        ``"26"``, ``"macos-26"``, ``"seed-15"``; None: the latest there is.

    Raises
    ------
    UsageError
        For one that there is no profile of.
    """
    names = profile_names()
    if macos is None:
        return load_profile(_latest(names))
    for name in (macos, f"macos-{macos}"):
        if name in names:
            return load_profile(name)
    known = ", ".join(name.removeprefix("macos-") for name in names)
    raise UsageError(f"there is no profile of macOS {macos}", do=f"take one of: {known}")


def _latest(names: Sequence[str]) -> str:
    versions = [name for name in names if name.startswith("macos-")]
    return max(
        versions, key=lambda name: [int(part) for part in name.removeprefix("macos-").split(".")]
    )
