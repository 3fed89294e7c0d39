"""`nnbp gradcheck`: is the gradient of this very network right?"""

from pathlib import Path

import click

from nnbp_cli.commands.options import (
    Count,
    config_argument,
    config_option,
    data_dir_option,
    json_option,
    overrides_option,
    required_config,
)


@click.command(name="gradcheck")
@config_argument
@config_option
@overrides_option
@click.option("--images", type=Count(100), default=5, show_default=True, help="On how many training images.")
@click.option(
    "--engine",
    type=click.Choice(["numpy", "compiled"]),
    help="Whose gradient to check, in place of the config's engine; numpy's where neither says.",
)
@data_dir_option
@json_option
def command(
    config_argument: Path | None,
    config_option: Path | None,
    overrides: tuple[str, ...],
    images: int,
    engine: str | None,
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
    nnbp gradcheck configs/book/ch1-30.toml --engine compiled
    """
    config_path = required_config(config_argument, config_option)
    from nnbp_cli import config
    from nnbp_cli.errors import CheckFailed
    from nnbp_cli.terminal.output import print_json, print_result
    from nnbp_cli.terminal.progress import TerminalReporter
    from nnbp_cli.terminal.tables import gradient_lines
    from nnbp_cli.training.gradcheck import check_gradient

    overrides += (f"training.engine={engine}",) if engine else ()
    described, reporter = config.load(config_path, overrides), TerminalReporter(quiet=False)
    checked = check_gradient(described, config_path, data_dir, images, reporter)
    if as_json:
        print_json(checked.plain())
    else:
        print_result(*gradient_lines(checked))
    if wrong := [check.name for check in checked.checks if not check.holds]:
        raise CheckFailed(
            f"{config_path}: the gradient is wrong in {', '.join(wrong)}; compare it with docs/backprop.md"
        )
