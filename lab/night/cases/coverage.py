"""The coverage of a night's runs: counted in the run, named by a look at the driver apart from it.

The look has a host of its own. It asks for everything, which no run does: a driver that does not
survive that is for `hal-lab validate` to find, and the run stays what its command makes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from lab.errors import LabError
from lab.host.coverage import Survey, named_coverage, survey
from lab.host.models import CoverageRow
from lab.host.subprocess_host import HostOptions, SubprocessHost
from lab.play.names import release, unique_shm_name


def coverage_of_run(
    rows: Sequence[CoverageRow],
    bundle: Path,
    environment: Mapping[str, str],
    profile: str | None = None,
) -> dict[str, int]:
    """Name what was counted.

    Parameters
    ----------
    rows
        Of the run.
    bundle, environment, profile
        Of the driver, as it was loaded for the run.

    Returns
    -------
    dict
        As `lab.results.Result.coverage`. Of a driver that cannot be looked at: without what was
        not asked, and its objects have no class.
    """
    if not rows:
        return {}
    return named_coverage(rows, _look(bundle, tuple(sorted(environment.items())), profile))


@lru_cache(maxsize=64)
def _look(bundle: Path, environment: tuple[tuple[str, str], ...], profile: str | None) -> Survey:
    """Once for each driver as it is built: a night has many runs of it."""
    name = unique_shm_name()
    try:
        with SubprocessHost(
            HostOptions(clock="virtual", profile=profile),
            environment={**dict(environment), "GECKO_SHM_NAME": name},
        ) as host:
            return survey(host, host.load(bundle).plugin)
    except LabError:
        return Survey()
    finally:
        release(name)
