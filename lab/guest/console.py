"""What a guest's console says, and where that is kept."""

from __future__ import annotations

from pathlib import Path

from lab.guest.settings import GuestSettings

_TAIL_BYTES = 64 << 10
_LAST_LINES = 3
_PANIC = "Kernel panic"


def kept_log(settings: GuestSettings) -> Path | None:
    """Where the log goes when it is kept; None: nowhere."""
    folder = settings.log_folder
    return None if folder is None else folder / f"{settings.name}.serial.log"


def where_kept(settings: GuestSettings) -> str:
    """The same, for a message."""
    kept = kept_log(settings)
    return str(kept) if kept else f"{settings.name} (no log_folder was named)"


def lines_of(log: Path) -> list[str]:
    """The last lines of a log, at most 64 KiB; none when there is no such file."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [line.strip() for line in text.replace("\r", "").splitlines() if line.strip()]


def last_words(lines: list[str]) -> str:
    """The last few lines, for a message of one line."""
    return " | ".join(lines[-_LAST_LINES:]) or "none"


def panic_in(lines: list[str]) -> str:
    """The kernel's reason for giving up; empty when it did not."""
    return next((line for line in reversed(lines) if _PANIC in line), "")
