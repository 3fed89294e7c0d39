"""`nnbp`, and `python -m nnbp_cli`: the command line as a process of its own."""

# `signal` without the names of its numbers, which take ten milliseconds to import. Ctrl-C would show a
# traceback in that time; now it ends the process.
import _signal  # type: ignore[import-not-found, unused-ignore]


def main() -> None:
    """Run the process's command line, and exit with its status."""
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    from nnbp_cli.system import launcher, signals

    # Before MPI has begun, mpirun waits for a process that ended with a status.
    signals.exit_immediately(by_signal=launcher.launched() > 1)
    from nnbp_cli.cli import main as run

    try:
        run()
    finally:
        signals.ignore()


if __name__ == "__main__":
    main()
