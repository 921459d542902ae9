"""``installer``."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from lab.machine.stand_ins.common import need_root, refuse, run, unknown
from lab.machine.stand_ins.receipts import receipt_path, write_receipt

HELP = """
installer -pkg FOLDER -target /

FOLDER stands for a package: package.json ({"identifier": ..., "version": ...}), Payload/ (what is
copied below /) and, if there is one, Scripts/postinstall (run as root with the arguments that the
real one gives). Then a receipt is written.

Not done: real packages (xar archives), signatures, choices, preinstall, other targets.
"""


def _serve(arguments: list[str]) -> int:
    match arguments:
        case ["-pkg", package, "-target", "/"]:
            folder = Path(package)
        case _:
            unknown("installer", arguments)
    need_root("installer")
    if not (folder / "package.json").is_file():
        refuse("installer", f"{package} is no folder with package.json")
    said = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    identifier = str(said["identifier"])
    if receipt_path(identifier) is None:
        refuse("installer", f"{identifier!r} is no identifier")
    payload = folder / "Payload"
    files = sorted(str(path.relative_to(payload)) for path in payload.rglob("*"))
    shutil.copytree(payload, "/", symlinks=True, dirs_exist_ok=True)
    script = folder / "Scripts" / "postinstall"
    if script.is_file():
        done = subprocess.run([str(script), str(folder), "/", "/", "/"], check=False)
        if done.returncode != 0:
            sys.stderr.write(f"installer: The install failed ({script} exit {done.returncode}).\n")
            return 1
    write_receipt(identifier, str(said["version"]), files)
    sys.stdout.write("installer: The install was successful.\n")
    return 0


if __name__ == "__main__":
    run("installer", HELP, _serve)
