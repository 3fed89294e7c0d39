"""Options that several commands share, with one name and one meaning each."""

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from nnbp_cli.datasets.sources import KNOWN, locate
from nnbp_cli.wording import quoted

Function = TypeVar("Function", bound=Callable[..., Any])


class OutputFile(click.Path):
    """The name of a file to be written, which a folder and `out/` are not."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The name as a Path, which would forget a slash at its end."""
        if os.fspath(value).endswith(("/", os.sep)) or Path(value).is_dir():
            self.fail(f"'{value}' is a folder; name the file to write", param, ctx)
        return super().convert(value, param, ctx)


class Count(click.IntRange):
    """An integer from 1 to `most`."""

    name = "integer"

    def __init__(self, most: int) -> None:
        super().__init__(1, most)
        self.most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value as an integer; what is none is refused in our words."""
        text = str(value)
        if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= self.most:
            self.fail(f"expected an integer from 1 to {self.most:,}, got {quoted(text)}", param, ctx)
        return int(text)


config_argument = click.argument(
    "config_argument", type=click.Path(path_type=Path), required=False, metavar="[CONFIG]"
)

config_option = click.option(
    "--config",
    "config_option",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Another way to name the CONFIG.",
)


def named_config(argument: Path | None, option: Path | None) -> Path | None:
    """The config that is named in one way or the other. Raises UsageError where it is in both."""
    if argument and option:
        raise click.UsageError("the config is named twice; leave out '--config' or the argument")
    return argument or option


def required_config(argument: Path | None, option: Path | None) -> Path:
    """The config of a command that needs one. Raises UsageError as `named_config` does, and where none is."""
    if not (path := named_config(argument, option)):
        raise click.UsageError("missing argument 'CONFIG'")
    return path


overrides_option = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change one key of the config; repeatable."
)

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="NNBP_DATA_DIR",
    default=Path("data"),
    show_default=True,
    show_envvar=True,
    metavar="DIR",
    help="Where the data sets are kept.",
)


def output_option(text: str, default: Path | None = None) -> Callable[[Function], Function]:
    """-o, the one file that a command writes; `text` is its help."""
    shown = default is not None
    return click.option(
        "-o", "--output", type=OutputFile(), default=default, show_default=shown, metavar="FILE", help=text
    )


def completed(names: Iterable[str]) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """What a shell completes a word to, of these names."""
    return lambda ctx, param, text: [name for name in names if name.startswith(text)]


def _data_set(ctx: click.Context, param: click.Parameter, name: str | None) -> str | None:
    """Refuse what names no data set."""
    if name is not None:
        locate(name, Path(), where="--data")
    return name


def data_option(text: str) -> Callable[[Function], Function]:
    """--data, which takes the place of the data set that was trained on; `text` is its help."""
    return click.option(
        "--data",
        "data_name",
        metavar="NAME",
        callback=_data_set,
        shell_complete=completed(KNOWN),
        help=text,
    )


def _address(ctx: click.Context, param: click.Parameter, address: str | None) -> str | None:
    """Refuse what is no address of a scheduler."""
    if address is not None and not re.fullmatch(r"(tcp|tls)://[^\s:/]+:\d{1,5}", address):
        raise click.BadParameter(f"expected tcp://HOST:PORT, got {quoted(address)}")
    return address


cluster_option = click.option(
    "--cluster",
    metavar="ADDRESS",
    callback=_address,
    help="Run them on the workers of the Dask scheduler at this address, such as tcp://HOST:8786.",
)

quiet_option = click.option(
    "-q", "--quiet", is_flag=True, help="No progress and no notes; only the result and errors."
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as one line of JSON.")
