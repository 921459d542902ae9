"""The scripts of each driver say the same of it, and what they say is true."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ("install.sh", "uninstall.sh", "stage.sh")
FOLDERS = sorted((ROOT / "driver").glob("*/scripts/install.sh"))
DRIVERS = [path.parents[1].name for path in FOLDERS]
VALUES = ("HAL_BUNDLE", "HAL_DEVICES", "HAL_SHM", "HAL_PACKAGE")


def values_of(script: str) -> dict[str, str]:
    """What a wrapper sets, as the shell has it when the shared part is reached."""
    head, found, _ = script.partition('for part in "$HAL_HERE"')
    assert found, "the wrapper does not look for hal-installer.sh"
    # Each ends with a NUL, for a value may have lines.
    shown = "".join(f'printf "%s\\0" "${name}"\n' for name in VALUES)
    command = ["sh", "-eu", "-c", head + shown]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(zip(VALUES, done.stdout.split("\0"), strict=False))


def problems_of(driver: str, texts: dict[str, str]) -> list[str]:
    """What is wrong with the wrappers of a driver.

    Parameters
    ----------
    driver
        Name of its folder.
    texts
        Of its wrappers, by name.
    """
    values = {name: values_of(text) for name, text in texts.items()}
    first = values["install.sh"]
    found = [f"{name} differs" for name, its in values.items() if its != first]
    made = re.search(
        r"hal_lab_add_driver\(\s*NAME (\w+)",
        (ROOT / "driver" / driver / "CMakeLists.txt").read_text(encoding="utf-8"),
    )
    assert made
    if first["HAL_BUNDLE"] != f"{made[1]}.driver":
        found.append(f"the bundle is {made[1]}.driver")
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "driver" / driver).rglob("*.[ch]"))
        if "tests" not in path.parts
    )
    named = [*first["HAL_DEVICES"].splitlines(), *first["HAL_SHM"].splitlines()]
    found += [
        f'no source says "{name}"'
        for name in named
        # Gecko puts a suffix behind its name for what readers write.
        if f'"{name}"' not in source and f'"{name.removesuffix(".rd")}"' not in source
    ]
    if not first["HAL_DEVICES"]:
        found.append("no device is looked for")
    verbs = {"install.sh": "hal_install", "uninstall.sh": "hal_uninstall", "stage.sh": "hal_stage"}
    found += [
        f"{name} does not call {verbs[name]}"
        for name, text in texts.items()
        if not re.search(rf'^ +{verbs[name]} "\$@"$', text, re.MULTILINE)
    ]
    return found


def wrappers_of(driver: str) -> dict[str, str]:
    folder = ROOT / "driver" / driver / "scripts"
    return {name: (folder / name).read_text(encoding="utf-8") for name in SCRIPTS}


def test_both_drivers_have_scripts() -> None:
    assert {"gecko", "bunghole"} <= set(DRIVERS)


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_wrappers_of_a_driver_agree_with_each_other_and_with_it(driver: str) -> None:
    assert problems_of(driver, wrappers_of(driver)) == []


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("name", SCRIPTS)
def test_they_can_be_run_and_say_what_they_are_for(driver: str, name: str) -> None:
    script = ROOT / "driver" / driver / "scripts" / name
    done = subprocess.run([str(script), "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: {name} ")


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        ("stage.sh", "HAL_PACKAGE=com", "HAL_PACKAGE=org", "stage.sh differs"),
        ("install.sh", "Bunghole Input", "Bunghole Imput", 'no source says "Bunghole Imput"'),
        ("uninstall.sh", "hal_uninstall", "hal_install", "uninstall.sh does not call"),
        ("install.sh", "BungholeAudio.driver", "Bunghole.driver", "the bundle is BungholeAudio"),
    ],
)
def test_a_wrapper_that_is_wrong_is_found(name: str, old: str, new: str, problem: str) -> None:
    texts = wrappers_of("bunghole")
    assert old in texts[name]
    texts[name] = texts[name].replace(old, new)
    assert any(problem in line for line in problems_of("bunghole", texts))
