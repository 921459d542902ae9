"""A driver and what installs it, on a machine; and variants of a driver, wrong ones among them."""

from __future__ import annotations

import plistlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.errors import MissingError
from lab.machine.base import Done, Machine, Who

KIT = "/Users/Shared/kit"
"""Where it lies on the machine."""
_COMMON = Path("driver/common/scripts/hal-installer.sh")
_SCRIPTS = ("install.sh", "uninstall.sh")


@dataclass(slots=True)
class Kit:
    """The scripts of a driver on a machine, with the bundle that they install.

    Parameters
    ----------
    machine
        Where.
    bundle
        Name of the bundle's folder.
    folder
        On the machine.
    """

    machine: Machine
    bundle: str
    folder: str = KIT

    def bring(self, bundle: Path) -> None:
        """Put a bundle into the kit, in the place of the one before."""
        self.machine.must(["rm", "-rf", f"{self.folder}/{self.bundle}"])
        self.machine.put(bundle, f"{self.folder}/{self.bundle}")

    def install(
        self,
        *arguments: str,
        who: Who = "root",
        environment: Mapping[str, str] | None = None,
        timeout_s: float = 120.0,
    ) -> Done:
        """Run install.sh."""
        return self._run("install.sh", arguments, who, environment, timeout_s)

    def uninstall(
        self,
        *arguments: str,
        who: Who = "root",
        environment: Mapping[str, str] | None = None,
        timeout_s: float = 120.0,
    ) -> Done:
        """Run uninstall.sh."""
        return self._run("uninstall.sh", arguments, who, environment, timeout_s)

    def remove(self) -> None:
        """Take the kit away."""
        self.machine.must(["rm", "-rf", self.folder])

    def _run(
        self,
        script: str,
        arguments: tuple[str, ...],
        who: Who,
        environment: Mapping[str, str] | None,
        timeout_s: float,
    ) -> Done:
        return self.machine.run(
            [f"{self.folder}/{script}", *arguments],
            who=who,
            environment=environment,
            timeout_s=timeout_s,
        )


def bring_kit(machine: Machine, bundle: Path, scripts: Path, *, folder: str = KIT) -> Kit:
    """Put a driver's scripts and a bundle on a machine.

    Parameters
    ----------
    machine
        Where to.
    bundle
        The driver.
    scripts
        Folder of install.sh and uninstall.sh, such as ``driver/gecko/scripts`` of the source tree.
    folder
        On the machine.

    Raises
    ------
    MissingError
        When there are no scripts: an installed package does not bring them.
    """
    common = scripts.parents[2] / _COMMON
    for file in [*(scripts / name for name in _SCRIPTS), common]:
        if not file.is_file():
            raise MissingError("no script to install with", where=str(file), do="use a checkout")
        machine.put(file, f"{folder}/{file.name}")
    kit = Kit(machine, bundle.name, folder)
    kit.bring(bundle)
    return kit


def variant(bundle: Path, folder: Path, change: Callable[[dict[str, object]], None]) -> Path:
    """A copy of a bundle with another Info.plist.

    Parameters
    ----------
    bundle
        The original.
    folder
        A new folder, in which the copy gets the original's name.
    change
        Changes the plist's dictionary in place.
    """
    copy = folder / bundle.name
    shutil.copytree(bundle, copy, symlinks=True)
    place = copy / "Contents/Info.plist"
    info = plistlib.loads(place.read_bytes())
    change(info)
    place.write_bytes(plistlib.dumps(info))
    return copy


def with_version(bundle: Path, folder: Path, version: str) -> Path:
    """A copy of a bundle that says it is another version."""
    return variant(bundle, folder, lambda info: info.update(CFBundleShortVersionString=version))


def with_types(bundle: Path, folder: Path, types: tuple[str, ...]) -> Path:
    """A copy of a bundle that lists these plug-in types, with the factories of its first one."""

    def change(info: dict[str, object]) -> None:
        tables = info["CFPlugInTypes"]
        assert isinstance(tables, dict)
        factories = next(iter(tables.values()))
        info["CFPlugInTypes"] = dict.fromkeys(types, factories)

    return variant(bundle, folder, change)
