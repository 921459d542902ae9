"""A real Mac, the one we run on: for the macOS runners of a CI, and for who says they mean it.

Real root by ``sudo -n``, the real launchd and the real coreaudiod: nothing is thrown away at the
end, and the scripts' own uninstall is the only way back. Only its refusals have been run anywhere
yet; the rest waits for a Mac.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.errors import UsageError
from lab.machine.base import CannotError, Done, Machine, MachineError, Who

MEANT = "--i-mean-it"


class MacMachine(Machine):
    """See the module.

    Parameters
    ----------
    i_mean_it
        That drivers may be installed into this very Mac; in a CI (``CI`` is set) it is understood.
    system
        ``sys.platform``, for tests.

    Raises
    ------
    CannotError
        When this is no Mac, or sudo asks for a password.
    UsageError
        When nobody has said that they mean it.
    """

    def __init__(self, *, i_mean_it: bool = False, system: str = sys.platform) -> None:
        if system != "darwin":
            raise CannotError("this is not a Mac", do="use the sandbox or the docker machine")
        if not i_mean_it and not os.environ.get("CI"):
            raise UsageError(
                "this would install drivers into this very Mac and restart its audio",
                do=f"say {MEANT}",
            )
        version = self._output(["sw_vers", "-productVersion"])
        self.profile = f"macos-{version.split('.')[0]}"
        if self.run(["true"], folder="/").code != 0:
            raise CannotError("sudo asks for a password", do="sudo -v first")

    @staticmethod
    def _output(command: Sequence[str]) -> str:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def run(
        self,
        command: Sequence[str],
        *,
        who: Who = "root",
        environment: Mapping[str, str] | None = None,
        given: bytes = b"",
        timeout_s: float = 60.0,
        folder: str = "/private/tmp",
    ) -> Done:
        """See `Machine.run`."""
        named = [f"{name}={value}" for name, value in (environment or {}).items()]
        lead = ["sudo", "-n"] if who == "root" else []
        try:
            done = subprocess.run(
                [*lead, "env", *named, *command],
                input=given,
                capture_output=True,
                timeout=timeout_s,
                cwd=folder,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise MachineError(
                f"not done after {timeout_s:g} s", where=" ".join(command)
            ) from error
        code = done.returncode if done.returncode >= 0 else 128 - done.returncode
        out, said = (data.decode("utf-8", "surrogateescape") for data in (done.stdout, done.stderr))
        return Done(code, out, said)

    def put(self, source: Path, target: str) -> None:
        """See `Machine.put`."""
        self.must(["mkdir", "-p", str(Path(target).parent)])
        self.must(["cp", "-R", str(source), target])
        self.must(["chown", "-R", "0:0", target])

    def python(self) -> list[str]:
        """See `Machine.python`."""
        return ["env", f"PYTHONPATH={Path(__file__).resolve().parents[2]}", sys.executable]

    def devices(self) -> list[str]:
        """See `Machine.devices`; as system_profiler lists them."""
        lines = self.run(["system_profiler", "SPAudioDataType"]).out.splitlines()
        return device_names(lines)

    def generation(self) -> int:
        """See `Machine.generation`; here the pid of coreaudiod, which differs after a restart."""
        pids = self.coreaudiod_pids()
        return pids[0] if pids else 0

    def wait_for_coreaudiod(self, *, after: int = 0, timeout_s: float = 30.0) -> int:
        """See `Machine.wait_for_coreaudiod`."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            found = self.generation()
            if found not in {0, after}:
                return found
            time.sleep(0.2)
        raise MachineError(f"coreaudiod is not there after {timeout_s:g} s")

    def socket(self) -> Path:
        """See `Machine.socket`: the real coreaudiod has none."""
        raise CannotError("the real coreaudiod has no control socket")

    def close(self) -> None:
        """See `Machine.close`: there is nothing to end."""


def device_names(lines: Sequence[str]) -> list[str]:
    """The names in what ``system_profiler SPAudioDataType`` prints.

    Parameters
    ----------
    lines
        Of its output: devices are indented by eight blanks and end with a colon.
    """
    return [
        line.strip().removesuffix(":")
        for line in lines
        if line.startswith(" " * 8) and line[8:9] not in {"", " "} and line.rstrip().endswith(":")
    ]
