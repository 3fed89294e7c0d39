"""docs/config.md, from the schema: `python -m nnbp_cli.config.documentation > docs/config.md`."""

from __future__ import annotations

from collections.abc import Iterator

from nnbp_cli.config import vocabulary
from nnbp_cli.config.rules import ONLY_WITH
from nnbp_cli.config.shipped import headline, shipped
from nnbp_cli.config.vocabulary import Node
from nnbp_cli.config.wording import Place, quoted

EXAMPLE = """\
[data]
name = "mnist"
train = 50000
validation = 10000

[network]
cost = "cross-entropy"

[[network.layers]]         # a hidden layer; another one is another [[network.layers]]
neurons = 30
activation = "sigmoid"
override = [{ neuron = 3, activation = "tanh" }]

[[network.layers]]         # the last one is the output
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

A config says all there is to say of a run: the data, the network, the training. It is a TOML file, or a YAML file with
the same keys; `nnbp init` writes one to start from.

```toml
{EXAMPLE}```

Everything is checked before anything is trained, and all mistakes are shown at once. An unknown key is a mistake, and so
is a key that would do nothing. Whole numbers are written without a point.

`--set KEY=VALUE` changes one key for one run. The key is written with dots, the layers counted from 0; the value is
written as in TOML, and what is not TOML is text:

    nnbp train --config configs/mnist.toml --set training.epochs=10 --set network.layers.0.neurons=512
    nnbp train --config configs/mnist.toml --set training.keep=last --set 'training.watch=["test accuracy"]'
"""

_RULES = """\
## Which go together

| cost | output activation |
|---|---|
{costs}

Softmax is for the output layer alone. An override in the output layer needs the quadratic cost. `keep = "best"` needs
"validation accuracy" in `watch`; nothing can be chosen by the test set.
"""
