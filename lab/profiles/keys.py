"""The keys of a profile: what they mean, and which values they take.

Plain data, so that looking a key up costs nothing; :mod:`lab.profiles.schema` holds files to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

Plain = str | int | float | bool | tuple[str, ...]
"""What a key may hold."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key.

    Parameters
    ----------
    meaning
        Its line in the reference.
    takes
        Which values it takes, in words.
    allows
        Whether a value is one of those.
    """

    meaning: str
    takes: str
    allows: Callable[[object], bool]


def _one_of(*words: str) -> tuple[str, Callable[[object], bool]]:
    return " or ".join(words), lambda value: value in words


def _matching(takes: str, pattern: str) -> tuple[str, Callable[[object], bool]]:
    matcher = re.compile(pattern)
    return takes, lambda value: isinstance(value, str) and matcher.fullmatch(value) is not None


def _each(takes: str, pattern: str) -> tuple[str, Callable[[object], bool]]:
    matcher = re.compile(pattern)

    def allows(value: object) -> bool:
        return isinstance(value, tuple) and all(matcher.fullmatch(item) for item in value)

    return takes, allows


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


_OUTCOME = _one_of("accepted", "refused")
_TEXT = _matching("text", r"\S.*")
_FLAG = ("true or false", lambda value: isinstance(value, bool))
_SECONDS = ("seconds", _number)
_COUNT = ("a whole number", lambda value: _number(value) and isinstance(value, int))
_UUIDS = _each("UUIDs in upper case", r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")
_SELECTORS = _each("selectors of four characters", r".{4}")
_FILE_RULES = _each(
    "rules: read: or write:, and a path or @bundle, @system, @temporary, @cache",
    r"(read|write):(@bundle|@system|@temporary|@cache|/.*)",
)
_NAME_RULES = _each("names of shared memory, with stars", r"/.+")
_SOCKET_RULES = _each(
    "addresses such as unix:/path*, inet, vsock:2", r"(unix|inet|vsock|family)(:.+)?"
)
_OWNER = _matching("user:group", r"[a-z_][a-z0-9_-]*:[a-z_][a-z0-9_-]*")
_MODE = _matching("an octal mode such as 0755", r"0[0-7]{3}")

GROUPS: dict[str, str] = {
    "loading": "How a driver gets into a process",
    "activation": "What a device must answer before it is shown",
    "signature": "What code signing asks of a bundle",
    "installation": "Where a driver goes, and who may own it",
    "service": "coreaudiod as a job of launchd, and how it is restarted",
    "io": "IO as applications find it",
    "privacy": "TCC: which grants are asked for",
    "sandbox": "What the process that a driver lives in may reach",
}

KEYS: dict[str, Key] = {
    # loading
    "loading.plugin-type-uuids": Key(
        "Keys of `CFPlugInTypes` under which a driver is found", *_UUIDS
    ),
    "loading.driver-interface-uuids": Key(
        "Interfaces for which `QueryInterface` is called", *_UUIDS
    ),
    "loading.factory-as-string": Key(
        "A single string where `CFPlugInTypes` wants an array of factories", *_OUTCOME
    ),
    "loading.minimum-newer-than-system": Key(
        "An executable that was built for a newer macOS than this one", *_OUTCOME
    ),
    "loading.process-model": Key(
        "The process that a driver lives in", *_one_of("in-coreaudiod", "driver-service")
    ),
    "loading.helper-process": Key("What that process is called in reports", *_TEXT),
    "loading.helpers-per": Key(
        "Whether each plug-in has a helper of its own", *_one_of("plug-in", "system")
    ),
    # activation
    "activation.required-properties": Key(
        "Properties without which a device is not activated", *_SELECTORS
    ),
    "activation.property-order": Key("The order in which properties are asked for", *_SELECTORS),
    # signature
    "signature.library-validation": Key(
        "Which libraries a driver may bring (AMFI)", *_one_of("system-libraries-only", "off")
    ),
    "signature.ad-hoc": Key("A bundle signed by nobody (`codesign --sign -`)", *_OUTCOME),
    "signature.unsigned-arm64": Key("arm64 code without a signature", *_OUTCOME),
    "signature.unsigned-x86-64": Key("x86_64 code without a signature, on an Intel Mac", *_OUTCOME),
    "signature.page-hash-mismatch": Key(
        "Code that was changed after it was signed (stale signature)", *_OUTCOME
    ),
    "signature.unsealed": Key(
        "A signed executable in a bundle without `_CodeSignature/CodeResources`", *_OUTCOME
    ),
    "signature.broken-seal": Key(
        "An Info.plist or resource that was changed after the bundle was sealed", *_OUTCOME
    ),
    "signature.quarantined": Key("A bundle with the attribute `com.apple.quarantine`", *_OUTCOME),
    # installation
    "installation.hal-folder": Key("Where drivers are looked for", *_TEXT),
    "installation.hal-folder-owner": Key("Owner and group of that folder", *_OWNER),
    "installation.hal-folder-mode": Key("Mode of that folder", *_MODE),
    "installation.bundle-owner": Key("Owner and group of an installed bundle", *_OWNER),
    "installation.bundle-readable-by-all": Key(
        "Whether everybody must be able to read the bundle", *_FLAG
    ),
    # service
    "service.label": Key("The job's label in the system domain", *_TEXT),
    "service.kickstart-k": Key(
        "`launchctl kickstart -k system/com.apple.audio.coreaudiod` as root",
        *_one_of("allowed", "refused"),
    ),
    "service.kickstart-refusal-text": Key("What launchctl says when it refuses", *_TEXT),
    "service.kickstart-refusal-code": Key("The exit status of launchctl then", *_COUNT),
    "service.sigterm": Key(
        "`killall coreaudiod` (SIGTERM)", *_one_of("honoured", "sometimes-ignored")
    ),
    "service.respawn-after-kill": Key(
        "Whether launchd starts it again after a kill", *_one_of("always", "sometimes-not")
    ),
    "service.launchd-throttle-s": Key(
        "Seconds between two starts of a job that does not say otherwise", *_SECONDS
    ),
    "service.coreaudiod-throttle-s": Key("The same, of coreaudiod's own job", *_SECONDS),
    # io
    "io.default-buffer-frames": Key(
        "Frames per IO cycle of a client that asked for nothing", *_COUNT
    ),
    # privacy
    "privacy.tcc-for-plugins": Key("Grants that a driver needs", *_one_of("none", "asked")),
    "privacy.audio-capture-service": Key(
        "The TCC service of process taps; `none` where there are no taps", *_TEXT
    ),
    "privacy.microphone-prompt-for-input": Key(
        "Whether an application that reads a driver's input is asked about", *_FLAG
    ),
    # sandbox
    "sandbox.mach-services": Key(
        "Mach services, against `AudioServerPlugIn_MachServices`", *_one_of("listed-only", "any")
    ),
    "sandbox.network-without-key": Key(
        "Sockets of a driver without `AudioServerPlugIn_Network`", *_OUTCOME
    ),
    "sandbox.files": Key("Files that a driver may open; all others are refused", *_FILE_RULES),
    "sandbox.shared-memory": Key(
        "POSIX shared memory that a driver may open; all other names are refused", *_NAME_RULES
    ),
    "sandbox.sockets": Key(
        "Addresses that a driver may connect to, send to or bind; all others are refused",
        *_SOCKET_RULES,
    ),
}
