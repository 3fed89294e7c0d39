"""The generated pages: `python docs/generate.py config` prints docs/config.md, `... cli` docs/cli.md."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator
from itertools import pairwise

import click

from nnbp_cli.cli import COMMANDS, main
from nnbp_cli.config import messages, schema
from nnbp_cli.config.defaults import ONLY_WITH
from nnbp_cli.nn.costs import COSTS
from nnbp_cli.presets import description, shipped
from nnbp_cli.system import json_text
from nnbp_cli.wording import Location, listed, quoted

CONFIG = """\
# The config

A config says all there is to say of a run: the data, the network, the training. It is a TOML file, or
a YAML file with the same keys. `nnbp init` writes one to start from.

```toml
[data]
name = "mnist"
train = 50000
validation = 10000

[network]
cost = "cross-entropy"

[[network.layers]]         # a hidden layer; each further one is another [[network.layers]]
neurons = 30
activation = "sigmoid"
override = [{ neuron = 3, activation = "tanh" }]

[[network.layers]]         # the last one is the output layer
neurons = 10
activation = "sigmoid"

[training]
epochs = 30
batch_size = 10
learning_rate = 0.5        # the book's eta
l2 = 5.0                   # the book's lambda
```

Everything is checked before anything is trained, and all mistakes are shown at once. An unknown key is
a mistake, and so is a key that would do nothing. An integer is written without a decimal point.

`--set KEY=VALUE` changes one key for one run. The key has dots between its parts, and layers are
counted from 0. The value is read as TOML, or else as text. A key of the file that means something only
with what is replaced, as beta2 does with the optimizer, is forgotten:

    nnbp train --config configs/mnist.toml --set training.epochs=10 --set network.layers.0.neurons=512
    nnbp train --config configs/mnist.toml --set training.keep=last --set 'training.watch=["training cost"]'
"""

CLI = """\
# The command line

Results go to stdout, progress and notes to stderr. An error is one line, `where: what is wrong; what to
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

HEADINGS: dict[Location, str] = {
    ("network", "layers", 0): "[[network.layers]]",
    ("network", "layers", 0, "override", 0): "override = [{ ... }]",
    ("search", "parameters", "KEY"): '[search.parameters] "KEY" = { ... }',
}


def config_page() -> str:
    """docs/config.md."""
    sections, described = [CONFIG], _described()
    for place, table in messages.tables():
        if place:
            purpose, sentences = described[table["title"]]
            rows = _table(("key", "value", "default", "what it does"), _keys(place, table, sentences))
            heading = HEADINGS.get(place, f"[{'.'.join(map(str, place))}]")
            sections.append(f"## `{heading}`\n\n{purpose}\n\n{rows}")
    costs = ((name, listed(cost.outputs)) for name, cost in COSTS.items())
    sections.append(f"## Cost and output\n\n{_table(('cost', 'activation of the output layer'), costs)}")
    configs = ((f"`nnbp init {name}`", description(path)) for name, path in shipped().items())
    sections.append(f"## The configs that come with nnbp\n\n{_table(('written by', 'what for'), configs)}")
    return "\n".join(sections)


def _described() -> dict[str, tuple[str, dict[str, str]]]:
    """The docstring of each table of the schema, and those of its keys, which Python itself drops."""
    described = {}
    for table in ast.parse(inspect.getsource(schema)).body:
        if isinstance(table, ast.ClassDef):
            sentences = {}
            for field, text in pairwise(table.body):
                match field, text:
                    case ast.AnnAssign(target=ast.Name(key)), ast.Expr(ast.Constant(str(sentence))):
                        sentences[key] = " ".join(sentence.split())
            described[table.name] = ast.get_docstring(table) or "", sentences
    return described


def _keys(place: Location, table: messages.Node, sentences: dict[str, str]) -> Iterator[tuple[str, ...]]:
    for key, node in table["properties"].items():
        only = ONLY_WITH.get(str(place[0]), {}).get(key)
        if only:
            each = (f"{value} with {only.key} {quoted(where)}" for where, value in only.defaults.items())
            default = "; ".join(each)
        elif key in table.get("required", ()):
            default = "must be given"
        else:
            default = "left out" if node["default"] is None else f"`{json_text.dumps(node['default'])}`"
        yield f"`{key}`", messages.expected(node), default, sentences[key]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cli_page() -> str:
    """docs/cli.md."""
    parent = click.Context(main, info_name="nnbp")
    commands = filter(None, (main.get_command(parent, name) for name in COMMANDS))
    sections = (_section(each, click.Context(each, info_name=each.name, parent=parent)) for each in commands)
    return "\n".join([CLI, *sections])


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
    print({"config": config_page, "cli": cli_page}[sys.argv[1]](), end="")
