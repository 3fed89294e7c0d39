"""The command `nnbp`: finds the command that is asked for, and turns errors into one line and a status.

Nothing heavy is imported before a command runs: `nnbp --help` starts as fast as Python does.
"""

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

from nnbp_cli import __version__
from nnbp_cli.errors import NnbpError, printable, reason, shortage
from nnbp_cli.system import hardware
from nnbp_cli.wording import nearest

# The first lines of the commands' help, which are repeated here so that listing them imports none of them.
COMMANDS = {
    "download": "Fetch a data set, check it and keep it.",
    "init": "Write a config to start from.",
    "train": "Train the network that a config describes.",
    "search": "Search for the best values of a config's keys.",
    "eval": "Score saved weights.",
    "predict": "Read the digits on pictures.",
    "runs": "List runs, the newest first.",
    "plot": "Draw the figures of runs.",
    "report": "Show runs as one HTML page.",
    "export": "Write a network for other programs.",
    "import": "Read a network of the book's program.",
    "gradcheck": "Hold backprop against numerical differentiation.",
    "reproduce": "Run the book's experiments again.",
}


class Commands(click.Group):
    """A group whose commands are imported when they are called, and whose errors are one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands' names, in the order one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import nnbp_cli/commands/NAME.py for the command in it."""
        if name not in COMMANDS:
            if ctx.resilient_parsing:  # a shell completes the line
                return None
            near = nearest(name, COMMANDS)
            return ctx.fail(f"no such command '{name}'" + (f" (did you mean '{near}'?)" if near else ""))
        # Where OpenBLAS, which numpy loads, cannot start its threads, it sends this process a SIGINT.
        if not ctx.resilient_parsing and not hardware.can_start(hardware.available_cpus() - 1):
            os.environ["OPENBLAS_NUM_THREADS"] = "1"
        command: click.Command = import_module(f"nnbp_cli.commands.{name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, args: Sequence[str] | None = None, *more: Any, **options: Any) -> NoReturn:
        """Run a command line, `args` or the process's own, and exit with its status."""
        arguments = sys.argv[1:] if args is None else args
        args = [word for word in arguments if word != "--debug"]  # it may stand anywhere
        options |= {"prog_name": "nnbp", "standalone_mode": False}
        try:
            _open_closed_streams()
            # A name need not be text, nor of the characters that the stream can write.
            if isinstance(sys.stdout, io.TextIOWrapper):
                sys.stdout.reconfigure(errors="backslashreplace")
            status = super().main(args, *more, **options)
        except SystemExit:  # click's answer to a closed stdout, as by `nnbp eval ... | head`; it is no error
            sys.exit(0)
        except Exception as error:
            if "--debug" in arguments:
                raise
            sys.exit(_tell(error))
        sys.exit(status if isinstance(status, int) else 0)


def _open_closed_streams() -> None:
    """Let a standard stream that is closed lead nowhere. The next file to be opened would get its number, and
    with it what a library or a child prints.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode)  # noqa: SIM115
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)


def _tell(error: Exception) -> int:
    """Print an error for people; the exit status that belongs to it."""
    match error:
        case OSError() if _was_printing(error):
            return _say(f"nnbp: cannot write the result: {reason(error)}; send stdout elsewhere", 1)
        case _ if lacking := shortage(error):
            return _say(f"nnbp: {lacking}", 1)
        case NnbpError():
            return _say(str(error), error.exit_status)
        case click.exceptions.Abort():
            return _say("interrupted", 130)
        case click.exceptions.NoArgsIsHelpError():
            return _say(error.message, 2)
        case click.UsageError():
            command = error.ctx.command_path if error.ctx else "nnbp"
            message = error.format_message().rstrip(".").replace(". ", " ")
            if isinstance(error, click.NoSuchOption):
                near = [f" (did you mean '{name}'?)" for name in error.possibilities or ()]
                message = "".join([f"no such option '{error.option_name}'", *near[:1]])
            message = printable(f"{message[:1].lower()}{message[1:]}")
            return _say(f"{command}: {message}; see '{command} --help'", 2)
        case click.ClickException():
            return _say(printable(error.format_message()), error.exit_code)
        case OSError() if error.filename is not None:
            where = printable(str(error.filename))
            return _say(f"{where}: {reason(error)}; choose another place, or make it accessible", 1)
        case OSError():
            return _say(f"nnbp: the system refuses: {reason(error)}; add --debug to see what", 1)
        case _:
            what = printable(f"{type(error).__name__}: {error}")
            return _say(f"nnbp: unexpected error: {what}; add --debug to see where, and report it", 1)


def _was_printing(error: Exception) -> bool:
    """Whether an error was raised by writing a result to stdout."""
    step = error.__traceback__
    while step and step.tb_frame.f_code is not click.echo.__code__:
        step = step.tb_next
    return step is not None


def _say(message: str, status: int) -> int:
    """Print to stderr, a line an error."""
    for line in message.split("\n"):
        with suppress(OSError):  # nobody may be reading
            click.echo(printable(line), err=True)
    return status


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="nnbp")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
def main() -> None:
    """Train and score neural networks on MNIST, by backpropagation in numpy.

    \b
    nnbp download
    nnbp train configs/mnist.toml
    nnbp eval weights.npz
    """
