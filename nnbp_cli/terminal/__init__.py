"""What is shown, in a terminal or where none is: notes and results, bars, pictures and curves as text."""

from nnbp_cli.errors import NnbpError

try:
    import tqdm as _tqdm  # noqa: F401, it reads TQDM_MININTERVAL and others like it when it is imported
except ValueError as error:
    raise NnbpError(f"nnbp: a TQDM_ variable is not what tqdm takes: {error}; unset it") from error
