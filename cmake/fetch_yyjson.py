"""Get the C sources of yyjson for the build.

The JSON library yyjson (MIT) is taken from the source distribution of its Python binding, which
carries ``yyjson.c`` and ``yyjson.h``. pip finds it wherever this machine's pip is set up to look;
the file is checked against a fixed digest before anything of it is used.

Usage: ``fetch_yyjson.py FOLDER``. Leaves ``yyjson.c``, ``yyjson.h`` and ``LICENSE`` in FOLDER;
does nothing when they are there already. Exit code 0, or 1 with one line that says what to do.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

DISTRIBUTION = "yyjson"
VERSION = "4.0.6"  # carries yyjson 0.10.0
SHA256 = "fcd4dc15c1e39a30bf9fa85d56903029111506860fc3080ab0d81c6c6dacaa8c"
ARCHIVE = f"{DISTRIBUTION}-{VERSION}.tar.gz"
MEMBERS = {
    f"{DISTRIBUTION}-{VERSION}/yyjson/yyjson.c": "yyjson.c",
    f"{DISTRIBUTION}-{VERSION}/yyjson/yyjson.h": "yyjson.h",
    f"{DISTRIBUTION}-{VERSION}/LICENSE": "LICENSE",
}
ADVICE = (
    "install yyjson for C instead (Debian/Ubuntu: apt install libyyjson-dev, macOS: brew install "
    f"yyjson), or put {ARCHIVE} into the build's yyjson folder, then configure again"
)


class FetchError(Exception):
    """What went wrong, as one line."""


def download(folder: Path) -> Path:
    """Let pip bring the source distribution into `folder`.

    pip reads the package's metadata on the way, in a build environment of its own; nothing is
    compiled. Only `DISTRIBUTION` has to be a source distribution, so that environment may be made
    of wheels.
    """
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--no-binary", DISTRIBUTION, "--dest", str(folder)),
        f"{DISTRIBUTION}=={VERSION}",
    ]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchError(f"pip could not run: {error}") from error
    archive = folder / ARCHIVE
    if result.returncode != 0 or not archive.is_file():
        said = [line for line in result.stderr.splitlines() if line.strip()]
        raise FetchError(
            f"pip could not get {ARCHIVE}: {said[-1].strip() if said else 'no reason'}"
        )
    return archive


def unpack(archive: Path, folder: Path) -> None:
    """Check the digest of `archive` and take our files out of it."""
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != SHA256:
        raise FetchError(f"{archive} has the SHA-256 {digest}, {SHA256} was expected")
    with tarfile.open(archive) as bundle:
        for member, name in MEMBERS.items():
            stream = bundle.extractfile(member)
            if stream is None:
                raise FetchError(f"{archive} has no file {member}")
            # Written under another name first: an interrupted run leaves no half file behind.
            partial = folder / f"{name}.part"
            partial.write_bytes(stream.read())
            partial.replace(folder / name)


def main(arguments: list[str]) -> int:
    """Do it; the exit code."""
    if len(arguments) != 1:
        print("usage: fetch_yyjson.py FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    if all((folder / name).is_file() for name in MEMBERS.values()):
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    try:
        brought = folder / ARCHIVE
        if brought.is_file():
            unpack(brought, folder)
            return 0
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            unpack(download(Path(temporary)), folder)
    except (FetchError, OSError, KeyError, tarfile.TarError) as error:
        print(f"yyjson: {error}; {ADVICE}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
