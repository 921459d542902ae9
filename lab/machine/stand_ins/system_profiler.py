"""``system_profiler``."""

from __future__ import annotations

import sys

from lab.machine.stand_ins.common import run, unknown
from lab.machine.state import BUILT_IN, devices, read_state

HELP = """
system_profiler SPAudioDataType

Lists the devices of the machine's coreaudiod as the real one lists them by name; the list is what
coreaudiod had when it had loaded its drivers. Without a coreaudiod it is empty.

Not done: other data types, -json, -xml, -detailLevel, sources and manufacturers.
"""


def _serve(arguments: list[str]) -> int:
    if arguments != ["SPAudioDataType"]:
        unknown("system_profiler", arguments)
    sys.stdout.write("Audio:\n\n    Devices:\n\n")
    if not read_state():
        return 0
    built_in = {"name": BUILT_IN, "outputs": 1, "inputs": 0, "rate": 48000}
    for device in [built_in, *devices()]:
        sys.stdout.write(f"        {device['name']}:\n\n")
        if device["inputs"]:
            sys.stdout.write(f"          Input Streams: {device['inputs']}\n")
        if device["outputs"]:
            sys.stdout.write(f"          Output Streams: {device['outputs']}\n")
        sys.stdout.write(f"          Current SampleRate: {device['rate']:g}\n\n")
    return 0


if __name__ == "__main__":
    run("system_profiler", HELP, _serve)
