"""Run `nnbp` as a user does, in this process, and look at what it said."""

from dataclasses import dataclass

from click.testing import CliRunner

from nnbp_cli.cli import main


@dataclass(frozen=True)
class Said:
    """The exit status, and what went to stdout and to stderr."""

    status: int
    out: str
    err: str


def nnbp(*arguments: object) -> Said:
    """What `nnbp` with these arguments says. A traceback would show as an exception here."""
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.stdout, result.stderr)
