"""``xattr``."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from lab.machine.stand_ins.common import refuse, run, unknown

HELP = """
xattr PATH...                 xattr -p NAME PATH
xattr -w NAME VALUE PATH      xattr -d [-r] NAME PATH...  (also -dr, -rd)

Lists, prints, writes and deletes extended attributes. Linux gives users only names that begin with
"user.": NAME is kept as user.NAME.

Not done: -c, -l, -s, -v, -x, attributes that are not text; symbolic links are passed over.
"""
_PREFIX = "user."


def _serve(arguments: list[str]) -> int:
    match arguments:
        case ["-p", name, path]:
            return _print(name, path)
        case ["-w", name, value, path]:
            os.setxattr(path, _PREFIX + name, value.encode())
        case ["-d", "-r", name, *paths] | ["-dr" | "-rd", name, *paths] if paths:
            return _delete(name, [found for path in paths for found in _below(path)], deep=True)
        case ["-d", name, *paths] if paths and not name.startswith("-"):
            return _delete(name, paths, deep=False)
        case [first, *_] if not first.startswith("-"):
            for path in arguments:
                for name in os.listxattr(path):
                    lead = f"{path}: " if len(arguments) > 1 else ""
                    sys.stdout.write(f"{lead}{name.removeprefix(_PREFIX)}\n")
        case _:
            unknown("xattr", arguments)
    return 0


def _print(name: str, path: str) -> int:
    try:
        sys.stdout.write(os.getxattr(path, _PREFIX + name).decode("utf-8", "replace") + "\n")
    except OSError as error:
        return _fail(error, name, path)
    return 0


def _delete(name: str, paths: list[str], *, deep: bool) -> int:
    code = 0
    for path in paths:
        if Path(path).is_symlink():
            continue
        try:
            os.removexattr(path, _PREFIX + name)
        except OSError as error:
            if not (deep and error.errno == errno.ENODATA):
                code = _fail(error, name, path)
    return code


def _fail(error: OSError, name: str, path: str) -> int:
    if error.errno == errno.ENOTSUP:
        refuse("xattr", f"this file system has no attributes: {path}")
    why = f"No such xattr: {name}" if error.errno == errno.ENODATA else error.strerror
    sys.stderr.write(f"xattr: {path}: {why}\n")
    return 1


def _below(path: str) -> list[str]:
    found = [path]
    for folder, folders, files in os.walk(path):
        found += [str(Path(folder) / name) for name in [*folders, *files]]
    return found


if __name__ == "__main__":
    run("xattr", HELP, _serve)
