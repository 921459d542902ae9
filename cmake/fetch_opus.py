"""Get the C sources of libopus for the build.

libopus (BSD) is taken from the package of its Rust binding, which carries the sources of a release
as they are. cargo brings it from wherever this machine's cargo is set up to look; its digest is
checked before anything is used.

Usage: ``fetch_opus.py FOLDER``. Leaves the sources in FOLDER/opus, and FOLDER/opus-sources.txt: one
line for each C file of the portable floating-point codec. Does nothing when they are there already.
Exit code 0, or 1 with one line that says what to do.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CRATE = "opusic-sys"
VERSION = "0.5.6"  # carries libopus 1.5.2
SHA256 = "984e4589427afc4c5469a128675e65e1e3b03d8e98b5bf8a8e96c4cc5e84ed2f"
LISTS = {
    "celt_sources.mk": ("CELT_SOURCES",),
    "silk_sources.mk": ("SILK_SOURCES", "SILK_SOURCES_FLOAT"),
    "opus_sources.mk": ("OPUS_SOURCES", "OPUS_SOURCES_FLOAT"),
}
ADVICE = (
    "install cargo (Debian/Ubuntu: apt install cargo), or on macOS libopus itself (brew install "
    f"opus), or put the folder opus of {CRATE} {VERSION} into the build's opus folder, then "
    "configure again"
)


class FetchError(Exception):
    """What went wrong, as one line."""


def vendor(folder: Path) -> Path:
    """Let cargo bring the crate below `folder`; return where it is."""
    project = folder / "project"
    (project / "src").mkdir(parents=True)
    (project / "src" / "lib.rs").write_text("", encoding="utf-8")
    (project / "Cargo.toml").write_text(
        '[package]\nname = "fetch-opus"\nversion = "0.0.0"\nedition = "2021"\n'
        f'[dependencies]\n{CRATE} = "={VERSION}"\n',
        encoding="utf-8",
    )
    command = ["cargo", "vendor", "--quiet", "--versioned-dirs", str(folder / "vendor")]
    try:
        result = subprocess.run(
            command, cwd=project, capture_output=True, text=True, timeout=300, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchError(f"cargo could not run: {error}") from error
    crate = folder / "vendor" / f"{CRATE}-{VERSION}"
    if result.returncode != 0 or not crate.is_dir():
        said = [line for line in result.stderr.splitlines() if line.strip()]
        raise FetchError(
            f"cargo could not get {CRATE}: {said[-1].strip() if said else 'no reason'}"
        )
    return crate


def check(crate: Path) -> None:
    """Raise unless cargo says that the package is the one that we know."""
    sums = json.loads((crate / ".cargo-checksum.json").read_text(encoding="utf-8"))
    if sums["package"] != SHA256:
        raise FetchError(
            f"{CRATE} {VERSION} has the SHA-256 {sums['package']}, {SHA256} was expected"
        )


def list_sources(opus: Path) -> list[Path]:
    """Read libopus's own lists of C files; those for special processors stay out."""
    found: list[Path] = []
    for name, variables in LISTS.items():
        text = (opus / name).read_text(encoding="utf-8")
        for variable in variables:
            match = re.search(rf"^{variable} *= *\\\n((?:.*\\\n)*.*)", text, re.MULTILINE)
            if match is None:
                raise FetchError(f"{opus / name} has no list {variable}")
            found += [opus / word for word in match[1].replace("\\", " ").split()]
    missing = [path for path in found if not path.is_file()]
    if missing:
        raise FetchError(f"{missing[0]} is listed, and not there")
    return found


def main(arguments: list[str]) -> int:
    """Do it; the exit code."""
    if len(arguments) != 1:
        print("usage: fetch_opus.py FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0]).absolute()
    listing = folder / "opus-sources.txt"
    if listing.is_file():
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if not (folder / "opus").is_dir():
            with tempfile.TemporaryDirectory(dir=folder) as temporary:
                crate = vendor(Path(temporary))
                check(crate)
                shutil.move(str(crate / "opus"), folder / "opus")
        # Last, and only when all is there: an interrupted run is repeated.
        sources = "\n".join(str(path) for path in list_sources(folder / "opus"))
        listing.write_text(sources + "\n", encoding="utf-8")
    except (FetchError, OSError, KeyError, ValueError) as error:
        print(f"libopus: {error}; {ADVICE}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
