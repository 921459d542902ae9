"""``codesign``."""

from __future__ import annotations

import plistlib
import sys
from pathlib import Path

from lab.machine.seal import condition_of, sign
from lab.machine.stand_ins.common import refuse, run, unknown

HELP = """
codesign --force --sign - [--deep] [--timestamp=none] BUNDLE
codesign --verify [--strict] [--deep] [--verbose] BUNDLE

Signs a bundle ad hoc, and says whether it is unchanged since. The signature is a file of hashes in
the bundle (lab/machine/seal.py), for executables of Linux, which have no place for a real one.

Not done: identities other than "-", entitlements, options, --display, --remove-signature, Mach-O
signatures (they are neither written nor read: hal-lab inspect reads them), notarisation.
"""
_UNSIGNED = "code object is not signed at all"
_WRONG = {
    "unsigned": _UNSIGNED,
    "code-changed": "invalid signature (code or signature have been modified)",
    "resources-changed": "a sealed resource is missing or invalid",
}
_SIGN = {"--deep", "--timestamp=none"}
_VERIFY = {"--strict", "--deep", "--verbose"}


def _serve(arguments: list[str]) -> int:
    *options, target = arguments or [""]
    bundle = Path(target)
    if options[:3] == ["--force", "--sign", "-"] and set(options[3:]) <= _SIGN:
        _check(bundle)
        if condition_of(bundle) != "unsigned":
            sys.stderr.write(f"{target}: replacing existing signature\n")
        sign(bundle, _identifier(bundle))
        return 0
    if options[:1] == ["--verify"] and set(options[1:]) <= _VERIFY:
        _check(bundle)
        condition = condition_of(bundle)
        if condition == "valid":
            return 0
        sys.stderr.write(f"{target}: {_WRONG[condition]}\n")
        return 1
    return unknown("codesign", arguments)


def _check(bundle: Path) -> None:
    if not bundle.exists():
        sys.stderr.write(f"{bundle}: No such file or directory\n")
        raise SystemExit(1)
    if not bundle.is_dir():
        refuse("codesign", f"{bundle} is no bundle")


def _identifier(bundle: Path) -> str:
    try:
        info = plistlib.loads((bundle / "Contents/Info.plist").read_bytes())
        return str(info.get("CFBundleIdentifier", bundle.stem))
    except (OSError, ValueError):
        sys.stderr.write(f"{bundle}: bundle format unrecognized, invalid, or unsuitable\n")
        raise SystemExit(1) from None


if __name__ == "__main__":
    run("codesign", HELP, _serve)
