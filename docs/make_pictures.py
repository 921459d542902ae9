"""Make the pictures: python docs/make_pictures.py [calibration | night | -- command ...].

Those of the README are what the commands really made: they need the installed package (hal-lab on
PATH) and the built drivers, that of a night a Chromium and playwright as well. That of the
detectors is drawn from lab/signals/calibration.json.
"""

from __future__ import annotations

import io
import math
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from lab.signals.calibration_table import Smallest, by_row, interval  # noqa: E402
from lab.signals.lossy import published  # noqa: E402

FOLDER = Path(__file__).parent / "pictures"
WIDTH = 100
# Looks like a terminal, but nothing moves.
ENVIRONMENT = {"FORCE_COLOR": "1", "TTY_INTERACTIVE": "0", "COLUMNS": str(WIDTH)}


def picture_of(command: list[str], title: str) -> str:
    """Run `command` and draw what it prints as SVG.

    Raises
    ------
    subprocess.CalledProcessError
        When it fails: there is no picture of a failure.
    """
    ended = subprocess.run(
        command, env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=True
    )
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(ended.stdout.rstrip()))
    drawing = console.export_svg(title=title)
    # The reader's own fonts: a picture in a repository loads nothing from elsewhere.
    drawing = re.sub(r"@font-face \{.*?\}\s*", "", drawing, flags=re.DOTALL)
    return "".join(f"{line.rstrip()}\n" for line in drawing.splitlines())


PLOT = (70, 40, 560, 260)  # left, top, width, height
DECADES = (-1, 4)  # 0.1 to 10,000 frames
CURVES = (
    ("time-line", "offset", "#1b7837", "offset of the time line"),
    ("time-line", "drop", "#2166ac", "drop"),
    ("dips", "gap", "#b2182b", "gap"),
    ("dips", "dip -6 dB", "#ef8a62", "dip of 6 dB"),
    ("dips", "dip -1 dB", "#8c6bb1", "dip of 1 dB"),
)


def calibration_picture() -> str:
    """Draw how often a fault of which size is found, as SVG, from the published calibration."""
    left, top, width, height = PLOT
    right, bottom = left + width, top + height
    title = "Found behind Opus at 128 kbit/s: share of faults by size, with its 95 % interval"
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 820 360" role="img"',
        '  font-family="sans-serif" font-size="13">',
        f"<title>{title}</title>",
        '<rect width="820" height="360" fill="#ffffff"/>',
        f'<text x="{left}" y="24" font-size="15">{title}</text>',
    ]
    for decade in range(DECADES[0], DECADES[1] + 1):
        x = _x(10.0**decade)
        parts.append(f'<path d="M{x:.1f} {top}V{bottom}" stroke="#dddddd"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{10.0**decade:g}</text>'
        )
    for share in (0.0, 0.25, 0.5, 0.75, 0.99):
        y = _y(share)
        stroke = 'stroke="#666666" stroke-dasharray="5 3"' if share == 0.99 else 'stroke="#dddddd"'
        parts.append(f'<path d="M{left} {y:.1f}H{right}" {stroke}/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{share:.0%}</text>')
    rows = by_row(published())
    for number, (detector, fault, colour, label) in enumerate(CURVES):
        parts += _curve(rows[detector, fault, "before", "frames"], colour)
        y = top + 12 + 22 * number
        parts.append(f'<rect x="{right + 16}" y="{y - 9}" width="12" height="12" fill="{colour}"/>')
        parts.append(f'<text x="{right + 34}" y="{y + 2}">{label}</text>')
    parts.append(
        f'<text x="{(left + right) / 2}" y="{bottom + 40}" text-anchor="middle">'
        "size in frames at 48 kHz</text>"
    )
    return "\n".join([*parts, "</svg>", ""])


def _x(frames: float) -> float:
    part = (math.log10(frames) - DECADES[0]) / (DECADES[1] - DECADES[0])
    return PLOT[0] + PLOT[2] * part


def _y(share: float) -> float:
    return PLOT[1] + PLOT[3] * (1.0 - share)


def _curve(row: Smallest, colour: str) -> list[str]:
    points, parts = [], []
    for outcome in row.outcomes:
        x, y = _x(outcome.cell.size), _y(outcome.found / outcome.trials)
        low, high = interval(outcome.found, outcome.trials)
        points.append(f"{x:.1f} {y:.1f}")
        parts.append(
            f'<path d="M{x:.1f} {_y(low):.1f}V{_y(high):.1f}" stroke="{colour}" stroke-width="3"/>'
        )
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')
    line = f'<path d="M{"L".join(points)}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    return [line, *parts]


MATRIX = """
[driver.GeckoAudioDevice]
bundle = "GeckoAudioDevice"

[driver."Gecko with a mistake"]
bundle = "Lapse" # Gecko's own code, with a mistake in front of it when its environment says so
environment = {{ {mistake} }}

[[play]]
drivers = ["GeckoAudioDevice", "Gecko with a mistake"]
signals = ["noise", "sweep"]
device_clocks.perfect = []
device_clocks.step = [{{ kind = "step", at_s = 1, ns = 40_000_000 }}]

[[soak]]
drivers = ["GeckoAudioDevice", "Gecko with a mistake"]
faults = ["none", "device"]
minutes = 2
"""
MISTAKE = 'LAPSE_FAULT = "drops-frame-at-wrap-after-stall"'
NIGHTS = (*((f"2026-11-{day}", "") for day in range(12, 20)), ("2026-11-20", MISTAKE))


def night_picture() -> bytes:
    """Run nine nights, in the last of which a driver has a mistake, and take the page's picture.

    Returns
    -------
    bytes
        PNG, of the first screen.
    """
    from playwright.sync_api import sync_playwright

    from lab.doctor.detect import chromium

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for night, mistake in NIGHTS:
            (folder / "gecko.toml").write_text(MATRIX.format(mistake=mistake), encoding="utf-8")
            line = ["hal-lab", "nightly", "--matrix", "gecko.toml", "--night", night, "--quiet"]
            # What the last one tells as broken is what is wanted.
            subprocess.run(line, cwd=folder, check=not mistake, stdout=subprocess.DEVNULL)
        page = folder / "reports" / "nights" / NIGHTS[-1][0] / "index.html"
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        with sync_playwright() as started:
            browser = started.chromium.launch(executable_path=chromium().detail, args=arguments)
            shown = browser.new_page(viewport={"width": 1280, "height": 800})
            shown.goto(page.as_uri())
            picture: bytes = shown.screenshot()
            browser.close()
    return picture


def main() -> None:
    """Draw the main job, a night, or the calibration."""
    command = sys.argv[1:]
    if command == ["night"]:
        target = FOLDER / "night.png"
        target.write_bytes(night_picture())
        print(f"wrote {target}", file=sys.stderr)
        return
    if command == ["calibration"]:
        target = FOLDER / "lossy-detectors.svg"
        target.write_text(calibration_picture(), encoding="utf-8")
        print(f"wrote {target}", file=sys.stderr)
        return
    if command[:1] == ["--"]:
        command = command[1:]
    command = command or ["hal-lab", "play"]
    FOLDER.mkdir(exist_ok=True)
    target = FOLDER / "hal.svg"
    target.write_text(picture_of(command, shlex.join(command)), encoding="utf-8")
    print(f"wrote {target}", file=sys.stderr)


if __name__ == "__main__":
    main()
