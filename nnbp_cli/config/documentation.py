"""docs/config.md, from the schema: `python -m nnbp_cli.config.documentation > docs/config.md`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nnbp_cli.config import schema, vocabulary
from nnbp_cli.config.rules import ONLY_WITH
from nnbp_cli.nn.costs import COSTS
from nnbp_cli.presets import description, shipped
from nnbp_cli.system import json_text
from nnbp_cli.wording import Location, listed, quoted

EXAMPLE = """\
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
"""

_OPENING = f"""\
# The config

A config says all there is to say of a run: the data, the network, the training. It is a TOML file, or
a YAML file with the same keys. `nnbp init` writes one to start from.

```toml
{EXAMPLE}```

Everything is checked before anything is trained, and all mistakes are shown at once. An unknown key is
a mistake, and so is a key that would do nothing. An integer is written without a decimal point.

`--set KEY=VALUE` changes one key for one run. The key has dots between its parts, and layers are
counted from 0. The value is read as TOML, or else as text. A key of the file that means something only
with what is replaced, as beta2 does with the optimizer, is forgotten:

    nnbp train --config configs/mnist.toml --set training.epochs=10 --set network.layers.0.neurons=512
    nnbp train --config configs/mnist.toml --set training.keep=last --set 'training.watch=["training cost"]'
"""

_HEADINGS: dict[Location, str] = {
    ("network", "layers", 0): "[[network.layers]]",
    ("network", "layers", 0, "override", 0): "override = [{ ... }]",
}


def document() -> str:
    """The whole page."""
    sections = [_OPENING]
    for place, table in vocabulary.tables():
        if place:
            rows = _table(("key", "value", "default", "what it does"), _keys(place, table))
            heading = _HEADINGS.get(place, f"[{'.'.join(map(str, place))}]")
            purpose = getattr(schema, table["title"]).__doc__
            sections.append(f"## `{heading}`\n\n{purpose}\n\n{rows}")
    costs = ((name, listed(cost.outputs)) for name, cost in COSTS.items())
    sections.append(f"## Cost and output\n\n{_table(('cost', 'activation of the output layer'), costs)}")
    configs = ((f"`nnbp init {name}`", description(path)) for name, path in shipped().items())
    sections.append(f"## The configs that come with nnbp\n\n{_table(('written by', 'what for'), configs)}")
    return "\n".join(sections)


def _keys(place: Location, table: vocabulary.Node) -> Iterator[tuple[str, ...]]:
    for key, node in table["properties"].items():
        only = ONLY_WITH.get(str(place[0]), {}).get(key)
        if only:
            each = (f"{value} with {only.key} {quoted(where)}" for where, value in only.defaults.items())
            default = "; ".join(each)
        elif key in table.get("required", ()):
            default = "must be given"
        else:
            default = "left out" if node["default"] is None else f"`{json_text.dumps(node['default'])}`"
        yield f"`{key}`", vocabulary.expected(node), default, node["description"]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    print(document(), end="")
