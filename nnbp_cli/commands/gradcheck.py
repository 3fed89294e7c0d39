"""`nnbp gradcheck`: is the gradient of this very network right?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnbp_cli.commands.options import (
    config_argument,
    config_option,
    data_dir_option,
    json_option,
    named_config,
    overrides_option,
)
from nnbp_cli.system import json_text

if TYPE_CHECKING:
    from nnbp_cli.nn.gradient_check import GradientCheck
    from nnbp_cli.training.gradcheck import Checked


@click.command(name="gradcheck")
@config_argument
@config_option
@overrides_option
@click.option(
    "--images",
    type=click.IntRange(1, 100),
    default=5,
    show_default=True,
    help="On how many training images.",
)
@data_dir_option
@json_option
def command(
    config_argument: Path | None,
    config_option: Path | None,
    overrides: tuple[str, ...],
    images: int,
    data_dir: Path,
    as_json: bool,
) -> None:
    """Hold backprop against numerical differentiation.

    CONFIG is a TOML or YAML file. Of its network, at its initial weights, in float64, each parameter is moved
    by itself, and the change of the cost is compared with what backprop says. In a network of more than
    30,000 parameters all those of a layer are moved at once, in random directions. Status 3 says that a
    gradient is wrong.

    \b
    nnbp gradcheck configs/book/ch1-30.toml
    nnbp gradcheck configs/mnist.toml --set network.layers.0.dropout=0.5 --json
    """
    config_path = named_config(config_argument, config_option)
    if not config_path:
        raise click.UsageError("missing argument 'CONFIG'")
    from nnbp_cli import config
    from nnbp_cli.errors import CheckFailed
    from nnbp_cli.terminal.output import print_result
    from nnbp_cli.training.gradcheck import check_gradient

    checked = check_gradient(config.load(config_path, overrides), config_path, data_dir, images)
    if as_json:
        print_result(json_text.dumps(_as_json(checked)))
    else:
        for line in _answer(checked):
            print_result(line)
    if wrong := [_name(each) for each in checked.agreements if not each.holds]:
        raise CheckFailed(
            f"{config_path}: the gradient is wrong in {', '.join(wrong)}; compare it with docs/backprop.md"
        )


def _name(agreement: GradientCheck) -> str:
    return f"layers.{agreement.layer}.{agreement.window}"


def _as_json(checked: Checked) -> dict[str, Any]:
    return {
        "network": checked.network,
        "parameters": checked.parameters,
        "images": checked.images,
        "each_parameter": checked.one_by_one,
        "windows": [
            {
                "window": _name(each),
                "largest": each.largest,
                "error": json_text.finite(each.error),
                "holds": each.holds,
            }
            for each in checked.agreements
        ],
    }


def _answer(checked: Checked) -> Iterator[str]:
    how = "each moved by itself" if checked.one_by_one else "moved along ten random directions in each layer"
    yield f"{checked.network}: {checked.parameters:,} parameters, {how}; {checked.images} images, float64"
    yield "              largest slope   difference    relative"
    for each in checked.agreements:
        numbers = f"{each.largest:13.3e}{each.difference:13.1e}{each.error:12.1e}"
        yield f"{_name(each):14}{numbers}   {'holds' if each.holds else 'WRONG'}"
