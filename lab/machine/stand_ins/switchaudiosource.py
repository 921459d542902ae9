"""``SwitchAudioSource``, of Homebrew's switchaudio-osx."""

from __future__ import annotations

import sys

from lab.machine.stand_ins.common import run, unknown
from lab.machine.state import BUILT_IN, DEFAULT_OUTPUT, devices

HELP = """
SwitchAudioSource -a [-t output]     SwitchAudioSource -c [-t output]
SwitchAudioSource -s NAME [-t output]

Lists output devices, says which one is the default, and chooses it. The default is a file in the
machine: the simulator has no default device. When the device is gone, the built-in one is meant.

Not done: -t input, -t system, -i, -u, -n, -f, -m.
"""


def _serve(arguments: list[str]) -> int:
    names = [BUILT_IN, *(str(device["name"]) for device in devices() if device["outputs"])]
    rest = list(arguments)
    if rest[-2:] == ["-t", "output"]:
        rest = rest[:-2]
    match rest:
        case ["-a"]:
            sys.stdout.writelines(f"{name}\n" for name in names)
        case ["-c"]:
            chosen = DEFAULT_OUTPUT.read_text(encoding="utf-8") if DEFAULT_OUTPUT.exists() else ""
            sys.stdout.write(f"{chosen if chosen in names else BUILT_IN}\n")
        case ["-s", name]:
            if name not in names:
                sys.stderr.write(f'Could not find an audio device named "{name}" of type output.')
                sys.stderr.write("  Nothing was changed.\n")
                return 1
            DEFAULT_OUTPUT.write_text(name, encoding="utf-8")
            sys.stdout.write(f'output audio device set to "{name}"\n')
        case _:
            unknown("SwitchAudioSource", arguments)
    return 0


if __name__ == "__main__":
    run("SwitchAudioSource", HELP, _serve)
