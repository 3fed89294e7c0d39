"""Options that several commands share, with one name and one meaning each."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from nnbp_cli.datasets.sources import KNOWN, locate

Function = TypeVar("Function", bound=Callable[..., Any])


class OutputFile(click.Path):
    """The name of a file to be written, which `out/` is not."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The name as a Path, which would forget a slash at its end."""
        if os.fspath(value).endswith(("/", os.sep)):
            self.fail(f"'{value}' is a folder; name a file in it", param, ctx)
        return super().convert(value, param, ctx)


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


def known_data_sets(ctx: click.Context, param: click.Parameter, text: str) -> list[str]:
    """The data sets that have a name, for a shell that completes the line."""
    return [name for name in KNOWN if name.startswith(text)]


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
        shell_complete=known_data_sets,
        help=text,
    )


quiet_option = click.option(
    "-q", "--quiet", is_flag=True, help="No progress and no notes; only the result and errors."
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as one line of JSON.")
