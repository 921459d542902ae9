"""Receipts of packages, as pkgutil and installer keep them here; no command of its own."""

from __future__ import annotations

import plistlib
import re
from pathlib import Path
from typing import Any

FOLDER = Path("/private/var/db/receipts")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def receipt_path(identifier: str) -> Path | None:
    """Where a package's receipt is; None when that is no identifier."""
    return FOLDER / f"{identifier}.plist" if _NAME.fullmatch(identifier) else None


def read_receipt(identifier: str) -> dict[str, Any] | None:
    """A package's receipt; None when it is not installed."""
    path = receipt_path(identifier)
    if path is None or not path.is_file():
        return None
    receipt: dict[str, Any] = plistlib.loads(path.read_bytes())
    return receipt


def write_receipt(identifier: str, version: str, files: list[str]) -> None:
    """Say that a package is installed."""
    path = receipt_path(identifier)
    assert path is not None, identifier
    receipt = {"PackageIdentifier": identifier, "PackageVersion": version, "Files": files}
    path.write_bytes(plistlib.dumps(receipt))
