"""`nnbp init`: a shipped config becomes a file of the user's own."""

import click
from click.shell_completion import CompletionItem


def _names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The shipped configs, for a shell that completes the line."""
    from nnbp_cli import presets

    paths = presets.shipped().items()
    return [CompletionItem(k, help=presets.description(v)) for k, v in paths if k.startswith(incomplete)]


@click.command(name="init")
@click.argument("name", default="mnist", shell_complete=_names)
@click.option("--list", "listing", is_flag=True, help="Show what configs there are, and write nothing.")
def command(name: str, listing: bool) -> None:
    """Write a config to start from.

    NAME is one of those that --list shows; it becomes configs/NAME.toml, which must not be there yet.

    \b
    nnbp init
    nnbp init book/ch1-30
    """
    from nnbp_cli import presets
    from nnbp_cli.terminal.output import print_result, wrote

    if listing:
        paths = presets.shipped()
        width = max(map(len, paths), default=0)
        for key, path in paths.items():
            print_result(f"{key:{width}}  {presets.description(path)}")
        return
    written = presets.copy(name)
    command_name = "search" if written.parent.name == "search" else "train"
    wrote(written, f"wrote {written}; next: nnbp {command_name} --config {written}")
