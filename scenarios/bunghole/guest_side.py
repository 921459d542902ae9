"""What runs in a guest when the listener is outside: the host simulator, the driver, two clients.

    python -m scenarios.bunghole.guest_side FOLDER SECONDS

Plays ``FOLDER/tune.raw`` into the output for so long, records the input into ``FOLDER/input.raw``,
and prints what the driver has counted, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from lab.host import sources
from lab.host.locate import find_driver
from lab.host.subprocess_host import HostOptions, SubprocessHost
from scenarios.bunghole.rig import Rig


def main(folder: Path, seconds: float) -> None:
    """Play, record, tell."""
    environment = {"BUNGHOLE_CID": "2"}
    with SubprocessHost(HostOptions(clock="realtime"), environment=environment) as host:
        rig = Rig(host, find_driver("BungholeAudio"))
        rig.wait_for_links()
        recorder = rig.recorder(folder / "input.raw", seconds + 2)
        player = rig.player(sources.file(folder / "tune.raw", 2, loop=True))
        time.sleep(seconds)
        player.stop()
        recorder.stop()
        time.sleep(0.2)
        told = {
            "played": player.stats().position_frames,
            "output": rig.counted(rig.output),
            "input": rig.counted(rig.input),
            "links": [rig.link(rig.output), rig.link(rig.input)],
        }
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
