"""The nights in their folder: written once, never changed, and whatever is wrong set aside.

``<root>/<night>/<id>.parquet``: each writer adds a file of its own, which is there whole or not at
all; so two at once lose nothing, and a disk that fills leaves the earlier ones alone. A root may be
any URL that fsspec knows (``s3://...``).
"""

from __future__ import annotations

import io
import os
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.errors import LabError, MissingError, UsageError, first_line
from lab.results import SCHEMA_VERSION, Result
from lab.whole_file import whole_file

NIGHT = re.compile(r"\d{4}-\d{2}-\d{2}(-[a-z0-9]{1,16})?")
"""A date, and a word where a day has more than one."""
SWEEP = "-sweep"
"""Ends the name of a night that is a sweep: it is no night that others are held against."""
ASIDE = ".aside"
"""Ends the name of a file that could not be read."""
_SUFFIX = ".parquet"


def check_night(name: str) -> None:
    """Refuse what is no name of a night.

    Parameters
    ----------
    name
        ``"2026-11-22"``, ``"2026-11-22-sweep"``.

    Raises
    ------
    UsageError
        When it is another thing.
    """
    if not NIGHT.fullmatch(name):
        raise UsageError("no night", where=name, do="write a date: 2026-11-22")


@dataclass(frozen=True)
class Part:
    """A file of a night.

    Attributes
    ----------
    night
        Which.
    path
        In the file system of the history.
    version
        Of its schema.
    rows
        How many results.
    """

    night: str
    path: str
    version: int
    rows: int


@dataclass(frozen=True)
class Contents:
    """What a history holds.

    Attributes
    ----------
    parts
        In the order of nights.
    complaints
        One line each, of files that were left out.
    """

    parts: tuple[Part, ...]
    complaints: tuple[str, ...] = field(default=())

    @property
    def nights(self) -> list[str]:
        """In their order."""
        return sorted({part.night for part in self.parts})


class Store:
    """A history's files.

    Parameters
    ----------
    root
        A folder, or a URL.

    Attributes
    ----------
    filesystem
        fsspec's.
    root
        In that file system.
    is_local
        Whether it is a folder of this machine.
    """

    def __init__(self, root: str | Path) -> None:
        fsspec = _fsspec()
        try:
            self.filesystem, self.root = fsspec.core.url_to_fs(str(root))
        except (ValueError, ImportError) as error:
            raise UsageError(
                f"no such kind of place ({error})", where=str(root), do="name a folder or a URL"
            ) from error
        self.is_local = type(self.filesystem).__name__ == "LocalFileSystem"

    # ---- writing -----------------------------------------------------------------------------

    def write(self, night: str, results: Sequence[Result]) -> str:
        """Add results to a night.

        Parameters
        ----------
        night
            A date, ``"2026-11-22"``, and a word where a day has more than one.
        results
            At least one.

        Returns
        -------
        str
            The file.

        Raises
        ------
        UsageError
            When that is no night.
        LabError
            When it cannot be written: then nothing of it is there.
        """
        import pyarrow.parquet as pq

        from lab.history.table import to_table

        check_night(night)
        assert results, "a night without results is not written"
        buffer = io.BytesIO()
        pq.write_table(to_table(night, results), buffer, compression="zstd")
        path = f"{self.root}/{night}/{uuid.uuid4().hex}{_SUFFIX}"
        self.put(path, buffer.getvalue())
        return path

    def put(self, path: str, data: bytes) -> None:
        """Write a file, whole or not at all.

        Parameters
        ----------
        path
            In the history's file system; its folder is made.
        data
            All of it.

        Raises
        ------
        LabError
            When it cannot be written: then nothing of it is there.
        """
        folder = path.rpartition("/")[0]
        try:
            self.filesystem.makedirs(folder, exist_ok=True)
            if self.is_local:
                with whole_file(Path(path)) as beside, beside.open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())  # a disk may say only now that it is full
            else:
                self.filesystem.pipe_file(path, data)
        except OSError as error:
            raise LabError(
                f"the night cannot be written ({error.strerror or error})",
                where=folder,
                do="make room, or choose another place (--history)",
            ) from error

    # ---- reading -----------------------------------------------------------------------------

    def contents(self) -> Contents:
        """All files that can be read, by their footers; what cannot is left out, with a complaint.

        A file that is broken is renamed, so that it is complained about once: ``*.aside``.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        from lab.history.table import version_of

        parts: list[Part] = []
        complaints: list[str] = []
        for path in self._files():
            try:
                with self.filesystem.open(path, "rb") as file:
                    metadata = pq.read_metadata(file)
                version = version_of(metadata.schema.to_arrow_schema())
            except (OSError, pa.ArrowException) as error:
                complaints.append(self.set_aside(path, first_line(error)))
                continue
            if version > SCHEMA_VERSION:
                complaints.append(
                    f"{path}: of schema {version}, this hal-lab knows up to {SCHEMA_VERSION}; left "
                    "out. Update hal-lab"
                )
            elif version == 0:
                complaints.append(self.set_aside(path, "it does not say its schema"))
            else:
                night = path.rsplit("/", 2)[-2]
                parts.append(Part(night, path, version, metadata.num_rows))
        return Contents(tuple(parts), tuple(complaints))

    def read(self, part: Part) -> Any:
        """The table of a file, as of this version.

        Returns
        -------
        pyarrow.Table

        Raises
        ------
        OSError, pyarrow.ArrowException, pydantic.ValidationError
            When it is broken behind its footer.
        """
        import pyarrow.parquet as pq

        from lab.history.table import brought_up

        with self.filesystem.open(part.path, "rb") as file:
            table = pq.read_table(file)
        return table if part.version == SCHEMA_VERSION else brought_up(table)

    def set_aside(self, path: str, reason: str) -> str:
        """Rename a file that is broken, if that is allowed; returns the complaint."""
        try:
            self.filesystem.mv(path, path + ASIDE)
        except OSError:
            return f"{path}: broken ({reason}); left out"
        return f"{path}: broken ({reason}); set aside as {path.rpartition('/')[2]}{ASIDE}"

    def _files(self) -> list[str]:
        if not self.filesystem.isdir(self.root):
            return []
        self.filesystem.invalidate_cache()  # another writer may have been there
        found: list[str] = self.filesystem.glob(f"{self.root}/*/*{_SUFFIX}")
        return sorted(path for path in found if NIGHT.fullmatch(path.rsplit("/", 2)[-2]))


def _fsspec() -> Any:
    try:
        import fsspec
        import fsspec.core
        import pyarrow as pa  # noqa: F401
    except ImportError as error:
        raise MissingError(
            f"the history needs {error.name}", do="pip install 'hal-lab[nightly]'"
        ) from error
    return fsspec
