"""The seal that the stand-in for codesign puts on a bundle built for Linux.

An ELF file has no place for a signature of Apple's kind, so that the seal lies beside it:
``Contents/_CodeSignature/hal-lab-seal.json`` with a hash of every file. It protects nothing; it
lets a test find out whether a script signs, keeps or breaks what was signed.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Literal

SEAL = "Contents/_CodeSignature/hal-lab-seal.json"
Condition = Literal["unsigned", "valid", "code-changed", "resources-changed"]


def hashes_of(bundle: Path) -> dict[str, str]:
    """SHA-256 of each file of a bundle but the seal, by its path in the bundle."""
    return {
        str(path.relative_to(bundle)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(bundle.rglob("*"))
        if path.is_file() and not path.is_symlink() and "_CodeSignature" not in path.parts
    }


def sign(bundle: Path, identifier: str) -> None:
    """Seal a bundle as it is now."""
    seal = bundle / SEAL
    seal.parent.mkdir(parents=True, exist_ok=True)
    content = {"format": 1, "identifier": identifier, "files": hashes_of(bundle)}
    seal.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def condition_of(bundle: Path) -> Condition:
    """What has become of a bundle's seal."""
    try:
        sealed = json.loads((bundle / SEAL).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return "unsigned"
    found = hashes_of(bundle)
    if found == sealed:
        return "valid"
    code = {name for name in {*found, *sealed} if name.startswith("Contents/MacOS/")}
    changed = any(found.get(name) != sealed.get(name) for name in code)
    return "code-changed" if changed else "resources-changed"
