"""The machine's coreaudiod: judges the HAL folder as macOS does, then becomes coreaudiod-sim.

``python -m lab.machine.coreaudiod`` is the job of launchd. Bundles that the profile refuses are
left out, with a line in the log; what nobody knows (*unknown* of `lab.bundle`) is let in. A child
tells the simulator which to load, writes down what devices there are, and ends: a driver that
cannot be loaded does not keep the others away, one that crashes takes coreaudiod along.
"""

from __future__ import annotations

import ctypes
import json
import os
import plistlib
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from lab.bundle.inspect import inspect_bundle
from lab.bundle.window import MalformedError
from lab.errors import LabError
from lab.machine.description import Description, read_description
from lab.machine.seal import condition_of
from lab.machine.state import STATE, write_state
from lab.profiles.profile import Profile
from lab.profiles.read import load_profile

SOCKET = Path("/private/var/run/coreaudiod.sock")
LOG = Path("/private/var/log/coreaudiod.log")
GENERATION = Path("/private/var/run/coreaudiod.generation")
PROGRAM = Path("/opt/hal-lab/libexec/coreaudiod")
STORAGE = Path("/private/var/db/hal-lab-storage")
PRESENTED = Path("/private/var/db/hal-lab-presented")
APPLES_TYPE = "443ABAB8-E7B3-491A-B985-BEB9187030DB"
"""The type UUID in every header of Apple's, and the only one that coreaudiod-sim knows."""
LOAD_LIMIT_S = 20.0
DOUBT = "Loading the driver plug-in, though nobody says whether this version does,"
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15


def log(text: str) -> None:
    """One line of the log, as ``log show`` has it."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S%z")
    with LOG.open("a", encoding="utf-8") as file:
        file.write(f"{stamp} coreaudiod[{os.getpid()}]: {' '.join(text.split())}\n")


def judge(bundle: Path, profile: Profile) -> tuple[str, str]:
    """What a version of macOS makes of a bundle.

    Returns
    -------
    tuple of str
        Why it is refused, and, when it is not, what nobody knows about it; either may be empty.
    """
    try:
        inspection = inspect_bundle(bundle, [profile])
    except (LabError, MalformedError, OSError) as error:
        return str(error), ""
    verdict = inspection.verdicts[0]
    reasons = "; ".join(verdict.reasons)
    if verdict.outcome == "refused":
        return reasons, ""
    if any(finding.id == "executable-for-linux" for finding in inspection.findings):
        refusal, doubt = _judge_seal(bundle, profile)
        return refusal, "; ".join(filter(None, (reasons, doubt)))
    return "", reasons


def _judge_seal(bundle: Path, profile: Profile) -> tuple[str, str]:
    """The rules for signatures, on what the stand-in for codesign has written."""
    key, sentence = {
        "unsigned": ("signature.unsigned-arm64", "the code has no signature"),
        "code-changed": (
            "signature.page-hash-mismatch",
            "Caught exception trying to add device: the code was changed after it was signed",
        ),
        "resources-changed": ("signature.broken-seal", "a sealed file was changed"),
        "valid": ("signature.ad-hoc", "the signature names nobody"),
    }[condition_of(bundle)]
    value = profile.get(key)
    if value == "refused":
        return sentence, ""
    return "", sentence if value is None else ""


def choose(folder: Path, profile: Profile) -> list[Path]:
    """The bundles of the HAL folder that are to be loaded, by name."""
    chosen = []
    for bundle in sorted(folder.glob("*.driver")):
        refusal, doubt = judge(bundle, profile)
        if refusal:
            log(f"Not loading the driver plug-in {bundle.name!r}: {refusal}")
            continue
        if doubt:
            log(f"{DOUBT} {bundle.name!r}: {doubt}")
        chosen.append(bundle)
    return chosen


def present(bundle: Path, profile: Profile, folder: Path = PRESENTED) -> Path:
    """What coreaudiod-sim is given for a bundle that the profile takes.

    A claim may look for another type UUID than Apple's, and the simulator knows Apple's alone: it
    is then given a copy whose property list has Apple's in the place of the claim's. The code is
    still asked for Apple's type and interface.

    Parameters
    ----------
    bundle
        In the HAL folder.
    profile
        The version of macOS.
    folder
        Where copies go.

    Returns
    -------
    Path
        The bundle itself where the profile looks for Apple's type.
    """
    wanted = profile.texts("loading.plugin-type-uuids") or (APPLES_TYPE,)
    if APPLES_TYPE in wanted:
        return bundle
    copy = folder / bundle.name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(bundle, copy)
    place = copy / "Contents/Info.plist"
    info = plistlib.loads(place.read_bytes())
    types = info["CFPlugInTypes"]
    factories = next(types[uuid] for uuid in types if uuid.upper() in wanted)
    info["CFPlugInTypes"] = {APPLES_TYPE: factories}
    place.write_bytes(plistlib.dumps(info))
    return copy


class _Link:
    """A connection to coreaudiod-sim, as little of it as is needed here."""

    def __init__(self, path: Path, deadline: float) -> None:
        while True:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                self._socket.connect(str(path))
                break
            except OSError:
                self._socket.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        self._socket.settimeout(LOAD_LIMIT_S)
        self._lines = self._read_lines()
        self._number = 0

    def _read_lines(self) -> Iterator[dict[str, Any]]:
        data = b""
        while chunk := self._socket.recv(1 << 16):
            data += chunk
            *lines, data = data.split(b"\n")
            yield from (json.loads(line) for line in lines)

    def call(self, method: str, **params: Any) -> Any:
        """The result of a request; LabError with the host's line when it is refused."""
        self._number += 1
        request = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        for line in self._lines:
            if line.get("id") == self._number:
                if "error" in line:
                    raise LabError(str(line["error"]["message"]))
                return line["result"]
        raise LabError("coreaudiod has ended")


def load(bundles: list[Path], deadline: float) -> list[dict[str, Any]]:
    """Have the simulator load bundles; what does not load is logged.

    Returns
    -------
    list of dict
        The devices that there are then: ``name``, ``uid``, ``hidden``, ``outputs``, ``inputs``.
    """
    link = _Link(SOCKET, deadline)
    SOCKET.chmod(0o666)  # whoever holds the machine may use it from outside
    for bundle in bundles:
        try:
            link.call("plugin.load", path=str(bundle))
        except LabError as error:
            log(f"Caught exception trying to add device: {bundle.name!r}: {error}")
    return [
        {
            "name": device["name"],
            "uid": device["uid"],
            "hidden": device["hidden"],
            "rate": device["nominal_rate"],
            "outputs": sum(one["direction"] == "output" for one in device["streams"]),
            "inputs": sum(one["direction"] == "input" for one in device["streams"]),
        }
        for device in link.call("device.list")
    ]


def _next_generation() -> int:
    try:
        before = int(GENERATION.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        before = 0
    GENERATION.write_text(f"{before + 1}\n", encoding="utf-8")
    return before + 1


def _load_apart(bundles: list[Path], pid: int) -> None:
    """Load from a process of nobody's, which ends when that is done."""
    first = os.fork()
    if first:
        os.waitpid(first, 0)
        return
    if os.fork():
        os._exit(0)
    _name("coreaudiod-load")
    try:
        found = load(bundles, time.monotonic() + LOAD_LIMIT_S)
        state = {"pid": pid, "generation": _next_generation(), "devices": found}
        write_state(STATE, state)
        log(f"loaded {len(bundles)} driver plug-ins, {len(found)} devices")
    except (LabError, OSError, StopIteration) as error:
        log(f"the drivers could not be loaded: {error}")
    finally:
        os._exit(0)


def _name(name: str) -> None:
    """What ps, pgrep and killall call this process."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)


def _arguments(description: Description) -> list[str]:
    STORAGE.mkdir(parents=True, exist_ok=True)
    return [
        *("coreaudiod", "--rpc", f"unix:{SOCKET}", "--clock", description.clock),
        *("--storage", str(STORAGE), "--no-realtime-priority"),
    ]


def _stay_deaf(arguments: list[str]) -> int:
    """Be a coreaudiod that does not hear SIGTERM: the simulator is a child that dies with us."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    deaf = os.getpid()
    child = os.fork()
    if child == 0:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != deaf:
            os._exit(1)  # killed before we could ask to go with it
        # Under its own name, so that killall does not meet it.
        os.execv(read_description().daemon, arguments)  # noqa: S606
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def main() -> NoReturn:
    """Become coreaudiod."""
    _name("coreaudiod")
    description = read_description()
    profile = load_profile(description.profile, check=False)
    folder = Path(str(profile.need("installation.hal-folder")))
    bundles = [present(bundle, profile) for bundle in choose(folder, profile)]
    STATE.unlink(missing_ok=True)
    arguments = _arguments(description)
    _load_apart(bundles, os.getpid())
    if description.sigterm == "ignored":
        sys.exit(_stay_deaf(arguments))
    # A symbolic link: its name is what killall sees.
    os.execv(PROGRAM, arguments)  # noqa: S606


if __name__ == "__main__":
    main()
