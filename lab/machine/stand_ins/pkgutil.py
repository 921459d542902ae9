"""``pkgutil``."""

from __future__ import annotations

import sys

from lab.machine.stand_ins.common import need_root, run, unknown
from lab.machine.stand_ins.receipts import FOLDER, read_receipt, receipt_path

HELP = """
pkgutil --pkgs      pkgutil --pkg-info ID      pkgutil --files ID      pkgutil --forget ID

Reads and removes the receipts that the stand-in for installer writes.

Not done: --check-signature, --expand, --flatten, --regexp and all others; a receipt is one property
list, without a bill of materials.
"""


def _serve(arguments: list[str]) -> int:
    match arguments:
        case ["--pkgs"]:
            for found in sorted(FOLDER.glob("*.plist")):
                sys.stdout.write(f"{found.stem}\n")
            return 0
        case ["--pkg-info" | "--files" | "--forget", identifier]:
            pass
        case _:
            unknown("pkgutil", arguments)
    receipt, path = read_receipt(identifier), receipt_path(identifier)
    if receipt is None or path is None:
        sys.stderr.write(f"No receipt for '{identifier}' found at '/'.\n")
        return 1
    if arguments[0] == "--forget":
        need_root("pkgutil")
        path.unlink()
        sys.stdout.write(f"Forgot package '{identifier}' on '/'.\n")
    elif arguments[0] == "--files":
        sys.stdout.writelines(f"{name}\n" for name in receipt["Files"])
    else:
        version = receipt["PackageVersion"]
        sys.stdout.write(f"package-id: {identifier}\nversion: {version}\nvolume: /\n")
    return 0


if __name__ == "__main__":
    run("pkgutil", HELP, _serve)
