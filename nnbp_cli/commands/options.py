"""Options that several commands share, with one name and one meaning each."""

from __future__ import annotations

from pathlib import Path

import click

from nnbp_cli.datasets.catalog import CATALOG

DATA_SETS = (*CATALOG, "synthetic")  # by name; any folder is one too

config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The config: TOML or YAML.",
)

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

quiet_option = click.option(
    "-q", "--quiet", is_flag=True, help="No progress and no remarks; only the result and errors."
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
