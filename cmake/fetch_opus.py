"""Get the C sources of libopus for the build.

libopus (BSD) has no package of its own in a registry that every machine with this project can
reach, but packages of bindings carry its sources as they were released. Two are known here, with
the same files: a source distribution that pip brings, and a crate that cargo brings, each from
wherever this machine's pip or cargo is set up to look. Only what the portable floating-point codec
is made of is taken, and only if all of it together has the digest below.

Usage: ``fetch_opus.py FOLDER``. Leaves the sources in FOLDER/opus, their licence in
FOLDER/opus/COPYING, and FOLDER/opus-sources.txt: one line for each C file to compile. Does nothing
when they are there already. Exit code 0, or 1 with one line that says what to do.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

# Both carry libopus 1.6.1.
DISTRIBUTION, DISTRIBUTION_VERSION = "opuslib-next-bundled", "0.1.1"
ARCHIVE = f"{DISTRIBUTION.replace('-', '_')}-{DISTRIBUTION_VERSION}.tar.gz"
CRATE, CRATE_VERSION = "opusic-sys", "0.7.7"
SHA256 = "34862d59fcdc643db2494a0dca52388c8e43eac5ebe28f7b581fc7488fbadedc"

LICENCE = "COPYING"
SOURCES = {
    "celt_sources.mk": ("CELT_SOURCES",),
    "silk_sources.mk": ("SILK_SOURCES", "SILK_SOURCES_FLOAT"),
    "opus_sources.mk": ("OPUS_SOURCES", "OPUS_SOURCES_FLOAT"),
}
HEADERS = {
    "celt_headers.mk": ("CELT_HEAD",),
    "silk_headers.mk": ("SILK_HEAD",),
    "opus_headers.mk": ("OPUS_HEAD",),
}
ADVICE = (
    "see to it that pip or cargo reaches its registry, or on macOS install libopus itself (brew "
    f"install opus), or put {ARCHIVE} into the build's opus folder, then configure again"
)

Read = Callable[[str], bytes]


class FetchError(Exception):
    """What went wrong, as one line."""


# ---- what is taken -----------------------------------------------------------------------------


def names_in(listing: bytes, variable: str) -> list[str]:
    """Read one variable of one of libopus's own lists of files."""
    match = re.search(
        rf"^{variable} *= *\\\n((?:.*\\\n)*.*)", listing.decode("utf-8"), re.MULTILINE
    )
    if match is None:
        raise FetchError(f"its lists of files have no {variable}")
    return match[1].replace("\\", " ").split()


def take(read: Read) -> tuple[dict[str, bytes], list[str]]:
    """All files that the codec is made of, and those of them to compile, by their names."""
    files = {name: read(name) for name in [LICENCE, *SOURCES, *HEADERS]}

    def listed(lists: Mapping[str, tuple[str, ...]]) -> list[str]:
        return [
            name
            for listing, variables in lists.items()
            for variable in variables
            for name in names_in(files[listing], variable)
        ]

    sources, headers = listed(SOURCES), listed(HEADERS)
    files |= {name: read(name) for name in [*sources, *headers]}
    return files, sources


def digest_of(files: dict[str, bytes]) -> str:
    """One SHA-256 for names and contents."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n".encode())
    return whole.hexdigest()


def store(read: Read, where: str, folder: Path) -> None:
    """Check what is taken, and write it and the list of sources into `folder`."""
    files, sources = take(read)
    digest = digest_of(files)
    if digest != SHA256:
        raise FetchError(f"the files of {where} have the SHA-256 {digest}, {SHA256} was expected")
    for name, content in files.items():
        path = folder / "opus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    # Last, and only when all is there: an interrupted run is repeated.
    listing = "".join(f"{folder / 'opus' / name}\n" for name in sources)
    partial = folder / "opus-sources.txt.part"
    partial.write_text(listing, encoding="utf-8")
    partial.replace(folder / "opus-sources.txt")


# ---- where it comes from -----------------------------------------------------------------------


def run(command: list[str], folder: Path) -> str:
    """Run a package manager; the last line that it said where it failed, else nothing."""
    try:
        result = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=300, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if result.returncode == 0:
        return ""
    said = [line.strip() for line in result.stderr.splitlines() if line.strip()]
    errors = [line for line in said if line.upper().startswith("ERROR")]
    return (errors or said or ["no reason"])[-1]


def unpack(archive: Path, folder: Path) -> None:
    """Take the sources out of the source distribution."""
    top = ARCHIVE.removesuffix(".tar.gz")
    with tarfile.open(archive) as bundle:

        def read(name: str) -> bytes:
            stream = bundle.extractfile(f"{top}/vendor/opus/{name}")
            if stream is None:
                raise FetchError(f"{archive.name} has no file {name}")
            return stream.read()

        store(read, archive.name, folder)


def by_pip(work: Path, folder: Path) -> None:
    """Let pip bring the source distribution; nothing of it is compiled or installed."""
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check")
    wanted = f"{DISTRIBUTION}=={DISTRIBUTION_VERSION}"
    failed = run([*pip, "--no-deps", "--no-binary", DISTRIBUTION, "--dest", ".", wanted], work)
    if failed or not (work / ARCHIVE).is_file():
        raise FetchError(f"pip could not get {wanted} ({failed or 'no archive'})")
    unpack(work / ARCHIVE, folder)


def by_cargo(work: Path, folder: Path) -> None:
    """Let cargo bring the crate; nothing of it is compiled."""
    (work / "src").mkdir()
    (work / "src" / "lib.rs").write_text("", encoding="utf-8")
    (work / "Cargo.toml").write_text(
        '[package]\nname = "fetch-opus"\nversion = "0.0.0"\nedition = "2021"\n'
        f'[dependencies]\n{CRATE} = "={CRATE_VERSION}"\n',
        encoding="utf-8",
    )
    failed = run(["cargo", "vendor", "--quiet", "--versioned-dirs", "vendor"], work)
    opus = work / "vendor" / f"{CRATE}-{CRATE_VERSION}" / "opus"
    if failed or not opus.is_dir():
        raise FetchError(f"cargo could not get {CRATE} {CRATE_VERSION} ({failed or 'no folder'})")
    store(lambda name: (opus / name).read_bytes(), f"{CRATE} {CRATE_VERSION}", folder)


def fetch(folder: Path) -> None:
    """Bring the sources by the first way that works.

    Raises
    ------
    FetchError
        When none does; names what was wrong with each.
    """
    if (folder / ARCHIVE).is_file():
        unpack(folder / ARCHIVE, folder)
        return
    ways = [by_pip, *([by_cargo] if shutil.which("cargo") else [])]
    failures = []
    for way in ways:
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            try:
                way(Path(temporary), folder)
            except (FetchError, OSError, KeyError, ValueError, tarfile.TarError) as error:
                failures.append(str(error))
            else:
                return
    if len(ways) == 1:
        failures.append("there is no cargo")
    raise FetchError("; ".join(failures))


def main(arguments: list[str]) -> int:
    """Do it; the exit code."""
    if len(arguments) != 1:
        print("usage: fetch_opus.py FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0]).absolute()
    if (folder / "opus-sources.txt").is_file():
        return 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fetch(folder)
    except (FetchError, OSError, KeyError, ValueError, tarfile.TarError) as error:
        print(f"libopus: {error}; {ADVICE}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
