"""What a check is given: the driver, and hosts to load it into."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from lab.closing import Closing
from lab.host.models import Device, Plugin
from lab.host.probe import Instance, Probe
from lab.host.subprocess_host import HostOptions, SubprocessHost
from lab.play.names import unique_shm_name
from lab.profiles import Profile
from lab.validate.check import Unmet

CALL_LIMIT_MS = 5_000
"""Of real time, for a call into the driver: what is longer has hung."""


@dataclass(frozen=True)
class Loaded:
    """A host with the driver in it.

    Attributes
    ----------
    host
        The host.
    plugin
        What it says of the driver.
    devices
        All of them.
    """

    host: SubprocessHost
    plugin: Plugin
    devices: tuple[Device, ...]

    @property
    def outputs(self) -> tuple[Device, ...]:
        """Devices that something can be played to."""
        return tuple(device for device in self.devices if device.outputs)

    @property
    def inputs(self) -> tuple[Device, ...]:
        """Devices that something can be recorded from."""
        return tuple(
            device
            for device in self.devices
            if any(stream.direction == "input" for stream in device.streams)
        )


class Subject(Closing):
    """A driver, for the time of one check.

    Parameters
    ----------
    bundle
        Its folder.
    profile
        Which macOS is played.
    seed
        Of everything random.
    environment
        For the driver. ``{unique}`` in a value becomes a name that nobody else has, ``{folder}`` a
        folder of this check: drivers that share a name would disturb each other.
    started
        Told the process of each host, at once: who ends this check ends it, too.

    Attributes
    ----------
    folder
        For files of the check; removed with it.
    """

    def __init__(
        self,
        bundle: Path,
        profile: Profile,
        *,
        seed: int = 0,
        environment: Mapping[str, str] | None = None,
        started: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.bundle = bundle
        self.profile = profile
        self.seed = seed
        self._started = started
        self._stack = ExitStack()
        self.folder = Path(
            self._stack.enter_context(tempfile.TemporaryDirectory(prefix="hal-lab-"))
        )
        unique = unique_shm_name().strip("/")
        self.environment = {
            name: value.replace("{unique}", unique).replace("{folder}", str(self.folder))
            for name, value in (environment or {}).items()
        }

    def close(self) -> None:
        """End all hosts. May be called twice."""
        self._stack.close()

    def host(
        self,
        clock: Literal["virtual", "realtime"] = "virtual",
        *,
        environment: Mapping[str, str] | None = None,
        **options: Any,
    ) -> SubprocessHost:
        """Start a host, with no driver in it yet.

        Parameters
        ----------
        clock
            ``"virtual"`` or ``"realtime"``.
        environment
            On top of the subject's.
        **options
            Of `lab.host.subprocess_host.HostOptions`.

        Returns
        -------
        SubprocessHost
            Ended with the check.
        """
        asked = HostOptions(
            clock=clock,
            seed=self.seed,
            call_limit_ms=CALL_LIMIT_MS,
            profile=self.profile.name,
            process_model="in-process",  # a crash has to end the host: then the report is ours
        )
        made = SubprocessHost(
            replace(asked, **options), environment={**self.environment, **(environment or {})}
        )
        self._started(made.pid)
        return self._stack.enter_context(made)

    def loaded(
        self,
        clock: Literal["virtual", "realtime"] = "virtual",
        *,
        environment: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Loaded:
        """Start a host and load the driver; parameters as for `host`."""
        host = self.host(clock, environment=environment, **options)
        plugin = host.load(self.bundle)
        return Loaded(host, plugin, tuple(host.device(index) for index in plugin.devices))

    def probe(self, *, environment: Mapping[str, str] | None = None, **options: Any) -> Probe:
        """Start a host and open the bundle in it, with nothing called yet.

        Parameters
        ----------
        environment
            On top of the subject's.
        **options
            As for `host`; ``threads="free"`` lets storms run at once.

        Raises
        ------
        HostError
            When the bundle cannot be opened.
        """
        return self.host(environment=environment, **options).probe(self.bundle)

    def instance(
        self,
        *,
        initialized: bool = True,
        environment: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Instance:
        """Make a driver by its factory, in a host of its own; parameters as for `probe`.

        Raises
        ------
        Unmet
            When the factory returns NULL, or Initialize fails.
        """
        made = self.probe(environment=environment, **options).create()
        if made is None:
            raise Unmet("the factory returned NULL for the type of an AudioServerPlugIn")
        if initialized:
            answer = made.initialize()
            if not answer.ok:
                raise Unmet(f"Initialize answered {answer.status_text}")
        return made
