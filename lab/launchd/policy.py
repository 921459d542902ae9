"""What launchctl may do on a version of macOS, and the words in which it is refused.

The words are launchctl's own where a public report or a manual has them; which those are, and which
are from memory, docs/reference/launchd.md says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_GUI = re.compile(r"gui/(\d{1,10})")
SESSION_OF_DOMAIN = {"system": "System", "loginwindow": "LoginWindow", "gui": "Aqua"}
"""launchd.plist(5), LimitLoadToSessionType."""

NO_SUCH_SERVICE = 113
NO_SUCH_PROCESS = 3
IO_ERROR = 5
EXISTS = 17
BAD_OWNER = 122
BAD_DOMAIN = 125
WRONG_SESSION = 134


@dataclass(frozen=True, slots=True)
class Refusal:
    """What launchctl prints to stderr, and its exit status."""

    text: str
    code: int


@dataclass(frozen=True, slots=True)
class Policy:
    """The `service` group of a profile, as far as it concerns launchctl.

    Parameters
    ----------
    label
        coreaudiod's.
    kickstart_k
        ``allowed`` or ``refused``.
    refusal
        What is said then.
    """

    label: str
    kickstart_k: str
    refusal: Refusal

    @classmethod
    def of_values(cls, values: dict[str, Any]) -> Policy:
        """Of a profile's flat values (`lab.profiles.profile.Profile.flat`)."""
        return cls(
            label=str(values["service.label"]),
            kickstart_k=str(values["service.kickstart-k"]),
            refusal=Refusal(
                str(values.get("service.kickstart-refusal-text", "")),
                int(values.get("service.kickstart-refusal-code", 1)),
            ),
        )

    def refuses_kickstart(self, domain: str, label: str, *, kill: bool) -> Refusal | None:
        """Whether a kickstart is refused though its caller is root.

        Critical services are those that the profile knows of: coreaudiod.
        """
        critical = domain == "system" and label == self.label
        return self.refusal if kill and critical and self.kickstart_k == "refused" else None


def session_of(domain: str) -> str | None:
    """Session type of a domain; None when there is no such kind of domain."""
    if domain in {"system", "loginwindow"}:
        return SESSION_OF_DOMAIN[domain]
    return SESSION_OF_DOMAIN["gui"] if _GUI.fullmatch(domain) else None


def split_target(target: str) -> tuple[str, str] | None:
    """Domain and label of a service target such as ``system/com.example`` or ``gui/501/x``.

    Returns
    -------
    tuple of str or None
        The label is empty for a bare domain; None when it is neither.
    """
    if session_of(target) is not None:
        return target, ""
    domain, _, label = target.rpartition("/")
    return (domain, label) if label and session_of(domain) is not None else None


def user_of(domain: str) -> int | None:
    """Whose session a domain is; None for one that is nobody's."""
    found = _GUI.fullmatch(domain)
    return int(found[1]) if found else None


def refuses_caller(domain: str, uid: int) -> bool:
    """Whether a user may not change that domain: it takes root, or the session's own user."""
    if uid == 0:
        return False
    return user_of(domain) != uid


def not_permitted(verb: str, label: str) -> Refusal:
    """The refusal of a caller who is not root."""
    if verb == "kickstart":
        return Refusal(f'Could not kickstart service "{label}": 1: Operation not permitted', 1)
    if verb == "kill":
        return Refusal(f'Could not kill service "{label}": 1: Operation not permitted', 1)
    name = "Bootstrap" if verb == "bootstrap" else "Boot-out"
    more = "Try re-running the command as root for richer errors."
    return Refusal(f"{name} failed: {IO_ERROR}: Input/output error\n{more}", IO_ERROR)


def no_such_service(domain: str, label: str) -> Refusal:
    """There is no such job."""
    where = domain.replace("/", ": ") if domain.startswith("gui/") else domain
    return Refusal(f'Could not find service "{label}" in domain for {where}', NO_SUCH_SERVICE)


def bootstrap_failed(code: int, why: str) -> Refusal:
    """A job that was not taken in."""
    return Refusal(f"Bootstrap failed: {code}: {why}", code)
