"""The commands of ``hal-lab``: options in, text out; the work is done elsewhere."""

from __future__ import annotations

import importlib
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from lab import __version__
from lab.errors import LabError, as_lab_error

EPILOG = (
    "Exit status: 0 all well; 1 an error, or a run that failed; 2 wrong command line; 3 something "
    "needed is missing; 70 the driver crashed; 71 the driver hung; 72 the simulator crashed; "
    "130 stopped by Ctrl-C."
)

# typer carries its click with it since 0.26, and had one beside it before: by inheritance both are
# the same two classes.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
_CliError: type[Exception] = typer.BadParameter.__mro__[2]

_PLAIN: dict[str, Any] = {
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
}

COMMANDS: dict[str, tuple[str, dict[str, Any]]] = {
    "play": ("Play a file through a driver; account for every frame.", {}),
    "soak": ("Hours of virtual time with faults; every sample is checked.", {}),
    "replay": ("Run a failing schedule of a soak again.", {}),
    "nightly": ("Run the matrix, keep the night, tell what broke and since when.", {}),
    "sweep": ("Thousands of virtual runs over a grid: how probable is a glitch, where.", {}),
    "history": ("Ask the nights that were kept; hold two side by side.", {}),
    "devices": ("Load a driver and list its devices.", {}),
    "validate": ("Check a driver against what macOS and programs expect of it.", {}),
    "checks": ("List what validate checks.", {}),
    "inspect": ("Would macOS 12 to 26 load a bundle, and why not; nothing is run.", {}),
    "doctor": (
        "Name what this machine lacks, and how to get it.",
        {
            "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True},
            "add_help_option": False,
        },
    ),
    "ledger": ("What a driver's calls do: allocate, lock, call the system.", {}),
    "trace": ("Sum up the IO cycles of a trace file.", {}),
    "version": ("Print versions, and where coreaudiod-sim is.", {}),
}
"""Name to line of help and settings; ``lab.commands.<name>`` has ``<name>_command``, or
``<name>_app`` where there are commands below it."""


class _Commands(TyperGroup):
    """The commands, each imported when it is asked for: one needs numpy, another does not."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        short_help, settings = COMMANDS[cmd_name]
        module = importlib.import_module(f"lab.commands.{cmd_name}")
        several = getattr(module, f"{cmd_name}_app", None)
        if several is not None:
            group = typer.main.get_command(several)
            group.name, group.short_help = cmd_name, short_help
            return group
        alone = typer.Typer(**_PLAIN)
        alone.command(cmd_name, short_help=short_help, **settings)(
            getattr(module, f"{cmd_name}_command")
        )
        return typer.main.get_command(alone)


app = typer.Typer(
    name="hal-lab",
    cls=_Commands,
    help="A test lab for macOS audio drivers: a simulated coreaudiod that loads the real driver.",
    epilog=EPILOG,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    **_PLAIN,
)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"hal-lab {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    debug: Annotated[
        bool, typer.Option("--debug", help="On an error show where it comes from.")
    ] = False,
    version_: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    del version_
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit
    context.obj = {"debug": debug}


def run(given: list[str]) -> int:
    """Run the command line.

    Parameters
    ----------
    given
        The words behind the program's name.

    Returns
    -------
    int
        Exit code.
    """
    try:
        outcome = app(args=given, prog_name="hal-lab", standalone_mode=False)
    except LabError as error:
        return _report(error, debug="--debug" in given)
    except _UsageError as error:
        context = getattr(error, "ctx", None)
        where = context.command_path if context else "hal-lab"
        sys.stderr.write(f"hal-lab: {_message(error)}; see {where} --help\n")
        return 2
    except _CliError as error:
        sys.stderr.write(f"hal-lab: {_message(error)}\n")
        return 1
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("hal-lab: stopped\n")
        return 130
    except SystemExit as ended:
        # typer ends the program so when whoever read the output has gone: that is his right.
        if not isinstance(ended.__context__, BrokenPipeError):
            raise
        from lab.report.console import throw_output_away

        throw_output_away()
        return 0
    except OSError as error:
        return _report(as_lab_error(error), debug="--debug" in given)
    return outcome if isinstance(outcome, int) else 0


def _message(error: BaseException) -> str:
    """What typer would say, on one line and without its full stop."""
    formatted = getattr(error, "format_message", lambda: str(error))()
    return " ".join(str(formatted).split()).rstrip(".")


def _report(error: LabError, *, debug: bool) -> int:
    sys.stderr.write(f"hal-lab: {error}\n")
    if debug:
        from lab.host.errors import HostGone

        cause = getattr(error, "cause", error)
        if isinstance(cause, HostGone):
            for line in cause.report.get("backtrace") or []:
                sys.stderr.write(f"    {line}\n")
        sys.excepthook(type(error), error, error.__traceback__)
    return error.exit_code
