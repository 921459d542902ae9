"""A fingerprint of a driver: which bytes were tested."""

from __future__ import annotations

import hashlib
from pathlib import Path


def bundle_sha256(bundle: Path) -> str:
    """A fingerprint of a bundle: names and contents of all its files, in order of name.

    Parameters
    ----------
    bundle
        The folder; a plain file counts as a bundle of one.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    files = [bundle] if bundle.is_file() else sorted(p for p in bundle.rglob("*") if p.is_file())
    for path in files:
        name = path.relative_to(bundle).as_posix() if path != bundle else path.name
        digest.update(name.encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
