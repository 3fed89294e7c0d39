"""Everything that a user, a file, a network or a machine can do wrong: one line, `where: what is wrong; what
to do`, and an exit status. A programmer's mistake is a ValueError or a TypeError, and shows its traceback.

Names in a line may be anything: what is not printable in them is shown escaped, so that none makes a line.
"""

import errno
from pathlib import PurePath

# What a process or its system runs short of, by the number of the error, and what to do about it.
SHORTAGES = {
    errno.EMFILE: "no more file descriptors; allow this process more of them (ulimit -n)",
    errno.ENFILE: "no more file descriptors on this system; end other programs",
    errno.EAGAIN: "no more threads or processes; allow more of them (ulimit -u), or end other programs",
    errno.ENOMEM: "out of memory; use a smaller network, batch or data set",
}

# The same as errors without a number say it: of threads, of libraries that are loaded, and Python 3.11 where
# there is no memory for a frame.
SHORTAGES_BY_WORDS = {
    "can't start new thread": errno.EAGAIN,
    "Too many open files": errno.EMFILE,
    "Cannot allocate memory": errno.ENOMEM,
    "failed to map segment": errno.ENOMEM,
    "cannot map zero-fill pages": errno.ENOMEM,
    "error return without exception set": errno.ENOMEM,
}


class NnbpError(Exception):
    """Something failed: data, weights, network, disk, a run that diverged. Exit status 1.

    Each argument is a line of its own.
    """

    exit_status = 1

    def __str__(self) -> str:
        return "\n".join(printable(str(line)) for line in self.args)


class MissingData(NnbpError):
    """A data set is not there at all, as opposed to damaged: it may be downloaded, or named."""


class InUse(NnbpError):
    """Another process is at work there, and may be done in a moment."""


class Diverged(NnbpError):
    """A run whose cost or parameters are no longer finite."""


class ConfigError(NnbpError):
    """A config or a command line that cannot be used; one line per mistake. Exit status 2."""

    exit_status = 2


class CheckFailed(NnbpError):
    """A check did not hold: a wrong gradient, a figure outside its band. Exit status 3."""

    exit_status = 3


class Interrupted(NnbpError):
    """Work of many parts that a signal stopped; the status is that of the signal."""

    def __init__(self, message: str, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status


def cannot_read(path: PurePath, error: OSError) -> NnbpError:
    """The one-line error for a file that the system does not give."""
    remedies = {errno.EIO: "the disk may be failing, take a copy from elsewhere", errno.EISDIR: "name a file"}
    remedy = remedies.get(error.errno or 0, "make it readable")
    return NnbpError(f"{path}: cannot be read: {reason(error)}; {remedy}")


def reason(error: OSError) -> str:
    """What the system says is wrong, in the words of a sentence."""
    return (error.strerror or str(error)).lower()


def shortage(error: BaseException | None) -> str | None:
    """What this process ran short of, and what to do, where that is behind an error."""
    while error is not None:
        number = None
        match error:
            case OSError():
                number = error.errno
            case MemoryError():
                number = errno.ENOMEM
            case ImportError() | RuntimeError() | SystemError():
                codes = [code for words, code in SHORTAGES_BY_WORDS.items() if words in str(error)]
                number = codes[0] if codes else None
        if number in SHORTAGES:
            return SHORTAGES[number]
        error = error.__cause__
    return None


def printable(text: str) -> str:
    """Text with line breaks and whatever else a terminal cannot show written as escapes."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
