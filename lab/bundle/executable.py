"""Judges the executable of a bundle: kind, architectures, exports, libraries, signature."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.bundle.elf import SharedObject, is_elf, read_elf
from lab.bundle.findings import Finding, Severity, in_all, per_profile, shown, source_of
from lab.bundle.layout import Layout
from lab.bundle.macho import Slice, is_macho, read_macho
from lab.bundle.seal import Seal, changed_files, check_seal
from lab.bundle.signature import MAX_VERIFIED, CodeSignature, read_signature
from lab.bundle.window import MalformedError, Window, open_window
from lab.profiles.profile import Profile

SYSTEM_FOLDERS = ("/usr/lib/", "/System/")
"""Where macOS has its own libraries."""

Called = Mapping[str, tuple[str, ...]]
"""Functions by name, with the profiles that call them."""

_SIGN = "codesign --force --sign - X.driver"

_ELF_SYSTEM = (
    "libhalsdk.so",  # Core Foundation, Core Audio, dispatch, os: the simulator's
    "libBlocksRuntime.so",
    "libatomic.so",
    "libc.so",
    "libdl.so",
    "libgcc_s.so",
    "libm.so",
    "libpthread.so",
    "librt.so",
    "libstdc++.so",
    "libc++.so",
    "libc++abi.so",
    "libunwind.so",
    "ld-linux",
    "ld-musl",
    "libasan.so",
    "libtsan.so",
    "libubsan.so",
)
"""Linux libraries that stand for what is the system's on a Mac."""


@dataclass(frozen=True, slots=True)
class Around:
    """What an executable is judged by.

    Parameters
    ----------
    layout
        Of its bundle, for the seal.
    functions
        Factories that it has to export, each with the profiles that call it.
    identifier
        CFBundleIdentifier; empty without one.
    profiles
        Those that were asked for.
    """

    layout: Layout
    functions: Called
    identifier: str
    profiles: list[Profile]


@dataclass(frozen=True, slots=True)
class Code:
    """The code for one architecture, of either format.

    Parameters
    ----------
    architecture
        Such as ``arm64``.
    minimum
        The oldest macOS it is built for; empty when the file does not say.
    libraries
        Names of what it links.
    exports
        Of the factories that were asked for, those it exports.
    signature
        None when it has none, or none that can be read.
    seal
        None without a signature.
    """

    architecture: str
    minimum: tuple[int, ...]
    libraries: tuple[str, ...]
    exports: tuple[str, ...]
    signature: CodeSignature | None
    seal: Seal | None


@dataclass(frozen=True, slots=True)
class Executable:
    """What is known of an executable.

    Parameters
    ----------
    format
        ``mach-o``, ``elf``; ``none`` when it is neither.
    code
        One for each architecture.
    """

    format: str
    code: tuple[Code, ...]


def judge_executable(path: Path, around: Around) -> tuple[Executable, list[Finding]]:
    """Read an executable, and judge it.

    Parameters
    ----------
    path
        Of the file.
    around
        The bundle, and the profiles.
    """
    found = Executable("none", ())
    try:
        with open_window(path) as window:
            if is_macho(window):
                found = Executable("mach-o", ())
                return _judge_macho(window, around)
            if is_elf(window):
                found = Executable("elf", ())
                return _judge_elf(window, around)
            why = "it is neither Mach-O nor ELF"
    except MalformedError as error:
        why = str(error)
    except OSError as error:
        sentence = f"{shown(path.name)} cannot be read ({error.strerror})"
        return found, [in_all("not-readable", sentence, Severity.UNKNOWN)]
    sentence = f"{shown(path.name)} cannot be loaded: {why}"
    return found, [in_all("executable-unreadable", sentence, Severity.REFUSED)]


# ---- Mach-O -----------------------------------------------------------------------------------


def _judge_macho(window: Window, around: Around) -> tuple[Executable, list[Finding]]:
    slices = read_macho(window)
    findings: list[Finding] = []
    code = []
    changed = changed_files(around.layout) if any(one.signature for one in slices) else []
    for one in slices:
        exports = tuple(sorted(name for name in around.functions if f"_{name}" in one.exports))
        findings += _kind(one)
        findings += _exports(around.functions, exports, one.architecture)
        findings += _minimum(one, around.profiles)
        libraries = [library.name for library in one.libraries]
        findings += _libraries(libraries, around.profiles, _is_system)
        signature, trouble = _signature(one, around.profiles, limit=MAX_VERIFIED // len(slices))
        findings += trouble
        seal = None
        if signature is not None:
            seal = check_seal(around.layout, signature, changed)
            findings += _judge_signature(one, signature, seal, around)
        code.append(
            Code(
                one.architecture,
                one.minimum,
                tuple(library.name for library in one.libraries),
                exports,
                signature,
                seal,
            )
        )
    findings += _architectures({one.architecture for one in slices})
    return Executable("mach-o", tuple(code)), findings


def _kind(one: Slice) -> Iterator[Finding]:
    if one.kind == "dylib":
        yield in_all(
            "executable-of-wrong-kind",
            f"the {one.architecture} code is a dylib: link it with -bundle, as all drivers in the "
            "field are",
            Severity.UNKNOWN,
        )
    elif one.kind != "bundle":
        yield in_all(
            "executable-of-wrong-kind",
            f"the {one.architecture} code is of the kind {one.kind}: link it with -bundle",
            Severity.REFUSED,
        )
    if one.platform not in {"", "macOS"}:
        yield in_all(
            "not-for-macos",
            f"the {one.architecture} code is built for {one.platform}: build it for macOS",
            Severity.REFUSED,
        )


def _architectures(there: set[str]) -> Iterator[Finding]:
    apple_silicon, intel = bool(there & {"arm64", "arm64e"}), "x86_64" in there
    if not apple_silicon and not intel:
        yield in_all(
            "architecture-missing",
            f"there is code for {', '.join(sorted(there))} only: build it for arm64 and x86_64",
            Severity.REFUSED,
        )
    elif not apple_silicon:
        yield in_all(
            "no-arm64",
            "there is no arm64 code: what Apple silicon makes of a driver for Intel, nobody says; "
            "build it for both",
            Severity.UNKNOWN,
        )
    elif not intel:
        yield in_all(
            "no-x86-64", "there is no x86_64 code: Intel Macs cannot load it", Severity.NOTE
        )


def _minimum(one: Slice, profiles: list[Profile]) -> Iterator[Finding]:
    newer = [profile for profile in profiles if one.minimum > _padded(profile.macos)]
    version = ".".join(map(str, one.minimum[:2]))
    yield from per_profile(
        "minimum-newer-than-system",
        f"the {one.architecture} code is built for macOS {version} or later: lower the deployment "
        "target",
        "loading.minimum-newer-than-system",
        newer,
    )


def _padded(version: tuple[int, ...]) -> tuple[int, ...]:
    """The last release of a profile: macos-12 stands for all of 12."""
    return (*version, *(255,) * (3 - len(version)))


def _signature(
    one: Slice, profiles: list[Profile], *, limit: int
) -> tuple[CodeSignature | None, list[Finding]]:
    """The signature, or why there is none to judge."""
    if one.signature is None:
        key = "arm64" if one.architecture.startswith("arm64") else "x86-64"
        sentence = f"the {one.architecture} code has no signature: {_SIGN}"
        return None, list(per_profile("unsigned", sentence, f"signature.unsigned-{key}", profiles))
    try:
        return read_signature(one.signature, one.window, limit), []
    except MalformedError as error:
        sentence = f"the signature of the {one.architecture} code cannot be read: {error}"
        return None, [in_all("signature-unreadable", sentence, Severity.REFUSED)]


def _judge_signature(
    one: Slice, signature: CodeSignature, seal: Seal, around: Around
) -> Iterator[Finding]:
    profiles, identifier = around.profiles, around.identifier
    if signature.wrong_pages is None:
        yield in_all(
            "signature-not-verified",
            f"the {one.architecture} code is too large to check its hashes here",
            Severity.UNKNOWN,
        )
    elif signature.wrong_pages:
        pages = ", ".join(map(str, signature.wrong_pages[:3]))
        yield from per_profile(
            "page-hash-mismatch",
            f"the {one.architecture} code was changed after it was signed (page {pages} of "
            f"{signature.pages}): sign it again, {_SIGN}",
            "signature.page-hash-mismatch",
            profiles,
        )
    if signature.ad_hoc or not signature.has_certificate:
        yield from per_profile(
            "signature-ad-hoc",
            "the signature is ad hoc: it names nobody",
            "signature.ad-hoc",
            profiles,
        )
    if not seal.sealed:
        yield from per_profile(
            "bundle-unsealed",
            f"the code is signed, and the bundle around it is not: sign the bundle, {_SIGN}",
            "signature.unsealed",
            profiles,
        )
    elif seal.broken:
        yield from per_profile(
            "seal-broken",
            f"{shown('; '.join(seal.broken))} since the bundle was signed: {_SIGN}",
            "signature.broken-seal",
            profiles,
        )
    if identifier and signature.identifier != identifier and not signature.linker_signed:
        yield in_all(
            "identifier-differs",
            f"the signature is for {shown(signature.identifier)}, and CFBundleIdentifier is "
            f"{shown(identifier)}: {_SIGN}",
            Severity.WARNING,
        )


# ---- ELF --------------------------------------------------------------------------------------


def _judge_elf(window: Window, around: Around) -> tuple[Executable, list[Finding]]:
    found: SharedObject = read_elf(window)
    exports = tuple(sorted(around.functions.keys() & found.exports))
    findings = [
        in_all(
            "executable-for-linux",
            "the executable is an ELF file: it is judged as the Mac build of the same driver would "
            "be, where that makes sense",
            Severity.NOTE,
        )
    ]
    if not found.is_shared:
        findings.append(
            in_all(
                "executable-of-wrong-kind",
                "the ELF file is no shared object: link it with -shared",
                Severity.REFUSED,
            )
        )
    findings += _exports(around.functions, exports, found.architecture)
    findings += _libraries(found.libraries, around.profiles, _is_system_on_linux)
    code = Code(found.architecture, (), found.libraries, exports, None, None)
    return Executable("elf", (code,)), findings


# ---- both -------------------------------------------------------------------------------------


def _exports(functions: Called, exports: tuple[str, ...], architecture: str) -> Iterator[Finding]:
    for name in sorted(functions.keys() - set(exports)):
        for profile in functions[name]:
            yield Finding(
                "factory-not-exported",
                f"the {architecture} code does not export {shown(name, 80)}, the factory that "
                "CFPlugInFactories names: export it with C linkage",
                Severity.REFUSED,
                profile,
            )


def _is_system(name: str) -> bool:
    return name.startswith(SYSTEM_FOLDERS) and "/../" not in name


def _is_system_on_linux(name: str) -> bool:
    return name.rsplit("/", 1)[-1].startswith(_ELF_SYSTEM)


def _libraries(
    names: Iterable[str], profiles: list[Profile], is_system: Callable[[str], bool]
) -> Iterator[Finding]:
    key = "signature.library-validation"
    for name in names:
        if is_system(name):
            continue
        sentence = f"it links {shown(name)}, which is not the system's: link it statically"
        for profile in profiles:
            rule = profile.text(key)
            if rule is None:
                severity, because = Severity.UNKNOWN, profile.why_unknown(key)
            else:
                severity = Severity.WARNING if rule == "off" else Severity.REFUSED
                because = source_of(profile, key)
            yield Finding("library-not-system", sentence, severity, profile.name, because)
