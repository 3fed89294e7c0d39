"""Run `nnbp` as a user does, in this process, and look at what it said."""

import signal
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
    """What `nnbp` with these arguments says. A traceback would show as an exception here. Signals do after
    it what they did before: with --mpi they would end this process.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    for number, handler in before.items():
        if signal.getsignal(number) is not handler:
            signal.signal(number, handler)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.stdout, result.stderr)
