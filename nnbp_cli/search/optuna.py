"""Optuna, or a line that says what to type where it is not installed."""

from nnbp_cli.errors import NnbpError

try:
    import optuna
except ImportError as error:
    raise NnbpError("nnbp search: needs optuna; pip install 'nnbp-cli[search]'") from error

__all__ = ["optuna"]
optuna.logging.set_verbosity(optuna.logging.CRITICAL)
