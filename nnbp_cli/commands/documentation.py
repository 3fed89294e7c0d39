"""docs/cli.md, from the commands: `python -m nnbp_cli.commands.documentation > docs/cli.md`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from nnbp_cli.cli import COMMANDS, main

_OPENING = """\
# The command line

Results go to stdout, progress and remarks to stderr. An error is one line, `where: what is wrong; what to
do`; with `--debug`, anywhere in a line, its traceback is shown. The exit status is 0 when all is done, 1 when
data, weights, network, disk or training fail, 2 for a wrong command line or config, 3 when a check does not
hold, and 130 or 143 after an interruption. `nnbp COMMAND --help` shows what stands here.

## Shell completion

The Tab key completes commands, options, their values, the names of shipped configs, and files, after one of
these lines in the file that the shell reads when it starts:

| shell | file | line |
|---|---|---|
| bash 4.4 or later | `~/.bashrc` | `eval "$(_NNBP_COMPLETE=bash_source nnbp)"` |
| zsh | `~/.zshrc`, after `compinit` | `eval "$(_NNBP_COMPLETE=zsh_source nnbp)"` |
| fish | `~/.config/fish/completions/nnbp.fish` | `_NNBP_COMPLETE=fish_source nnbp \\| source` |
"""


def document() -> str:
    """The whole page."""
    parent = click.Context(main, info_name="nnbp")
    commands = filter(None, (main.get_command(parent, name) for name in COMMANDS))
    sections = (_section(each, click.Context(each, info_name=each.name, parent=parent)) for each in commands)
    return "\n".join([_OPENING, *sections])


def _section(command: click.Command, ctx: click.Context) -> str:
    usage = " ".join([ctx.command_path, *command.collect_usage_pieces(ctx)])
    text = "\n\n".join(_paragraphs(command.help or ""))
    options = [option for option in command.params if isinstance(option, click.Option)]
    rows = "".join(f"| {_name(option, ctx)} | {_meaning(option)} |\n" for option in options)
    table = f"\n| option | what it does |\n|---|---|\n{rows}" if rows else ""
    return f"## `{usage}`\n\n{text}\n{table}"


def _paragraphs(text: str) -> Iterator[str]:
    """The paragraphs of a help text; those that are examples, marked by \\b, as code."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        mark, _, lines = paragraph.partition("\n")
        yield f"```\n{lines}\n```" if mark == "\b" else paragraph


def _name(option: click.Option, ctx: click.Context) -> str:
    names = ", ".join(f"`{each}`" for each in option.opts)
    if option.is_flag:
        return names
    value = (
        "\\|".join(option.type.choices) if isinstance(option.type, click.Choice) else option.make_metavar(ctx)
    )
    return f"{names} {value}"


def _meaning(option: click.Option) -> str:
    from_environment = f" Or set `{option.envvar}`." if option.show_envvar else ""
    default = f" Default: {option.default}." if option.show_default else ""
    return f"{option.help}{from_environment}{default}"


if __name__ == "__main__":
    print(document(), end="")
