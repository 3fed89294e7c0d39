"""A config that can be used becomes a Config; of any other every mistake is said at once, a line each."""

import json
import math
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from nnbp_cli.config import (
    AugmentConfig,
    Config,
    DataConfig,
    LayerConfig,
    NetworkConfig,
    TrainingConfig,
    augmentation,
    build,
    check_against_data,
    data_from_plain,
    load,
    loads,
    messages,
    network_from_plain,
    schema,
    to_toml,
)
from nnbp_cli.config.build import needed_memory, too_large
from nnbp_cli.config.defaults import ONLY_WITH
from nnbp_cli.config.formats import parse_toml
from nnbp_cli.config.validation import validate
from nnbp_cli.datasets.augment import Augmentation
from nnbp_cli.datasets.dataset import Dataset, Split
from nnbp_cli.errors import ConfigError
from nnbp_cli.nn.activations import ACTIVATIONS
from nnbp_cli.nn.costs import COSTS
from nnbp_cli.nn.initializers import INITIALIZERS
from nnbp_cli.nn.optimizers import OPTIMIZERS
from nnbp_cli.nn.schedules import SCHEDULES
from nnbp_cli.presets import shipped
from nnbp_cli.system import hardware

GOOD = """\
[data]
train = 500

[network]
cost = "cross-entropy"
layers = [{ neurons = 30, activation = "tanh" }, { neurons = 10, activation = "sigmoid" }]

[training]
epochs = 5
batch_size = 10
learning_rate = 0.5
"""


def changed(*settings: str) -> dict[str, Any]:
    """The plain values of a good config with some keys changed; "key" alone is taken away."""
    plain = parse_toml(GOOD, "x.toml")
    for setting in settings:
        key, equals, value = setting.partition(" = ")
        *above, last = (int(step) if step.isdecimal() else step for step in key.split("."))
        table: Any = plain
        for step in above:
            table = table[step] if isinstance(step, int) else table.setdefault(step, {})
        if equals:
            table[last] = parse_toml(f"value = {value}", "x.toml")["value"]
        else:
            del table[last]
    return plain


def config(*settings: str) -> Config:
    return validate(changed(*settings), "x.toml")


def refusal(plain: object, validate: Any = validate) -> list[str]:
    """The lines that refuse `plain`, without the name of the file."""
    with pytest.raises(ConfigError) as caught:
        validate(plain, "x.toml")
    lines = str(caught.value).split("\n")
    assert all(line.startswith("x.toml: ") for line in lines)
    assert "pydantic" not in str(caught.value)
    return [line.removeprefix("x.toml: ") for line in lines]


def mistakes(*settings: str) -> list[str]:
    return refusal(changed(*settings))


# What can be used


def test_defaults_are_those_of_the_manual() -> None:
    assert config() == Config(
        data=DataConfig(train=500),
        network=NetworkConfig(
            cost="cross-entropy",
            layers=(
                LayerConfig(neurons=30, activation="tanh"),
                LayerConfig(neurons=10, activation="sigmoid"),
            ),
        ),
        training=TrainingConfig(epochs=5, batch_size=10, learning_rate=0.5),
    )
    decided = {"seed": 1, "optimizer": "sgd", "schedule": "constant", "warmup": 0, "l2": 0, "threads": "auto"}
    decided |= {"label_smoothing": 0, "watch": ("validation accuracy",), "keep": "best"}
    assert asdict(config().training).items() >= decided.items()
    assert config("data").data == DataConfig(name="mnist"), "the table may be left out"
    assert repr(config("training.learning_rate = 3").training.learning_rate) == "3.0"


def test_optimizers_and_the_synthetic_data_bring_their_own_defaults_and_no_others() -> None:
    def numbers(*settings: str) -> tuple[float | None, ...]:
        training = config(*settings).training
        return training.momentum, training.beta1, training.beta2

    assert numbers() == (None, None, None)
    assert numbers("training.optimizer = 'momentum'") == (0.9, None, None)
    assert numbers("training.optimizer = 'momentum'", "training.momentum = 0") == (0, None, None)
    assert numbers("training.optimizer = 'adam'") == (None, 0.9, 0.999)
    assert numbers("training.optimizer = 'adam'", "training.beta2 = 0.99") == (None, 0.9, 0.99)
    drawn = config("data.name = 'synthetic'", "data.seed = 7").data
    assert (drawn.size, drawn.seed) == (20_000, 7)
    synthetic = DataConfig(name="synthetic", size=20_000, seed=1)
    assert data_from_plain({"name": "synthetic"}, where="--data") == synthetic


def test_augmentation_is_none_or_what_the_table_says() -> None:
    def of(*settings: str) -> Augmentation | None:
        return augmentation(config(*settings).data)

    assert of() is None
    assert of("data.augment = {rotation = 15, shear = 0.1}") == Augmentation(rotation=15.0, shear=0.1)
    assert of("data.augment = {elastic = 34}") == Augmentation(elastic=34.0, sigma=4.0)
    assert config("data.augment = {elastic = 34}").data.augment == AugmentConfig(elastic=34.0, sigma=4.0)
    assert config("data.augment = {shift = 2}").data.augment == AugmentConfig(shift=2.0)
    everything = "shift = 1, rotation = 2, scaling = 0.3, shear = 0.4, elastic = 5, sigma = 6"
    assert of(f"data.augment = {{{everything}}}") == Augmentation(1.0, 2.0, 0.3, 0.4, 5.0, 6.0)
    assert of("data.augment = {shifts = 'one'}") == Augmentation(shifts="one")
    assert of("data.augment = {shifts = 'all'}") is None, "for these are in the data set"


def test_the_names_in_the_schema_are_those_of_the_network() -> None:
    assert set(get_args(schema.OutputActivation)) == set(ACTIVATIONS)
    assert set(get_args(schema.HiddenActivation)) == set(ACTIVATIONS) - {"softmax"}
    assert set(get_args(schema.CostName)) == set(COSTS)
    assert set(get_args(schema.InitializerName)) == set(INITIALIZERS)
    assert set(get_args(schema.OptimizerName)) == set(OPTIMIZERS)
    assert set(get_args(schema.ScheduleName)) == set(SCHEDULES)


def test_keys_that_need_another_are_keys_of_the_schema() -> None:
    for place, node in messages.tables():
        for key, only in ONLY_WITH.get(".".join(map(str, place)), {}).items():
            assert {key, only.key} <= node["properties"].keys()


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_cost_takes_just_the_outputs_it_is_defined_for(cost: str, activation: str) -> None:
    pair = (f"network.cost = '{cost}'", f"network.layers.1.activation = '{activation}'")
    if activation in COSTS[cost].outputs:
        assert config(*pair).network.cost == cost
    else:
        (said,) = mistakes(*pair)
        assert said.startswith(f"network.cost: '{cost}' needs ")
        assert f"which {activation} outputs are not; use output " in said


# What cannot: one key

NATURAL, COUNT, NUMBER = "an integer >= 0", "an integer >= 1", "a number > 0"
SHARE, STRENGTH, THREADS = "a number >= 0 and < 1", "a number >= 0", f"'auto' or {COUNT}"


@pytest.mark.parametrize(
    ("key", "expected", "values"),
    [
        ("training.learning_rate", NUMBER, ["-0.1", "0", "true", "'3.0'", "'3'", "2001-01-01"]),
        ("training.learning_rate", "a finite number > 0", ["nan", "inf", "1e400 -> inf"]),
        ("training.learning_rate", NUMBER, [f"{10**400} -> an integer of about 400 digits"]),
        ("training.epochs", COUNT, ["3.5", "30.0", "true", "0", "[5] -> a list", "{} -> a table"]),
        ("training.epochs", COUNT, [f"'{'x' * 1000}' -> '{'x' * 60}...'"]),
        ("training.epochs", "at most 1,000,000,000", ["1000000001"]),
        ("training.batch_size", COUNT, ["0", "'many'"]),
        ("training.seed", NATURAL, ["-1", "3.0", "'3'"]),
        ("training.l1", STRENGTH, ["-1.0"]),
        ("training.l2", STRENGTH, ["-1.0"]),
        ("training.label_smoothing", SHARE, ["1.0"]),
        ("training.warmup", SHARE, ["1"]),
        ("training.decay", "a number > 0 and <= 1", ["0"]),
        ("training.patience", COUNT, ["0"]),
        ("training.threads", THREADS, ["0", "'all'", "true"]),
        ("training.schedule", "'constant', 'linear', 'cosine', 'step', 'exponential' or 'halving'", ["3"]),
        ("training.monitor", "'validation accuracy' or 'validation cost'", ["'test accuracy'"]),
        ("training.keep", "'best' or 'last'", ["false"]),
        ("data", "a table", ["3"]),
        ("data.name", "a name", ["''", r""""a\u0000b" -> 'a\x00b'""", r""""a\nb" -> 'a\nb'"""]),
        ("data.train", COUNT, ["0"]),
        ("data.validation", NATURAL, ["-1", "3.0"]),
        ("data.augment", "a table", ["true"]),
        ("data.augment.rotation", "a number >= 0 and <= 180", ["181"]),
        ("data.augment.shift", "a number >= 0 and <= 1000", ["-1"]),
        ("data.augment.scaling", SHARE, ["1.0"]),
        ("data.augment.shear", SHARE, ["'x'"]),
        ("data.augment.elastic", "a finite number >= 0 and <= 10000", ["inf"]),
        ("data.augment.sigma", "a number >= 0.1 and <= 1000", ["0"]),
        ("data.augment.shifts", "'all' or 'one'", ["1.0"]),
        ("training.shuffle", "'epoch', 'once' or 'never'", ["true"]),
        ("training.finish", "a table", ["3"]),
        ("network.layers", "a list of tables", ["{} -> a table"]),
        ("network.layers.1", "a table", ["10"]),
        ("network.layers.0.neurons", COUNT, ["0", "-5", "30.5"]),
        ("network.layers.0.pool", "at most 4", ["5"]),
        ("network.layers.0.padding", "'valid' or 'same'", ["'full'"]),
    ],
)
def test_a_value_of_the_wrong_type_or_range_is_met_with_what_is_expected(
    key: str, expected: str, values: list[str]
) -> None:
    for setting in values:
        value, _, got = setting.partition(" -> ")
        assert mistakes(f"{key} = {value}") == [f"{key}: expected {expected}, got {got or value}"]


@pytest.mark.parametrize(
    ("meant", "typed"),
    [
        ("training.epochs", "training.Epochs training.epoch epochs"),
        ("training.learning_rate", "training.learning_rat training.learning-rate training.eta training.lr"),
        ("training.l2", "training.lambda training.lmbda training.lamda"),
        ("training.batch_size", "training.mini_batch_size training.batchsize"),
        ("training.momentum", "training.mu"),
        ("training.patience", "training.early_stopping_n"),
        ("training.seed", "seed"),
        ("training", "trainig"),
        ("network.cost", "training.cost network.loss"),
        ("network.layers", "network.sizes"),
        ("network.layers.0.activation", "network.activation"),
        ("network.layers.1.neurons", "network.layers.1.units"),
        ("network.layers.0.maps", "network.layers.0.filters"),
        ("data.name", "data.folder"),
        ("data.augment", "data.augmentation training.augmentation augment"),
        ("data.augment.elastic", "data.augment.alpha"),
        ("data.augment.rotation", "data.augment.angle data.augment.rotate"),
        ("data.augment.scaling", "data.augment.scale"),
        ("data.augment.shear", "data.augment.skew"),
        ("data.augment.shift", "data.augment.translation"),
        ("data.augment.sigma", "data.augment.smoothing"),
        ("data.augment.shifts", "data.augment.expand"),
        ("training.finish", "training.fine_tuning"),
    ],
)
def test_an_unknown_key_is_met_with_the_one_that_was_meant(meant: str, typed: str) -> None:
    for key in typed.split():
        assert mistakes(f"{key} = 1") == [f"{key}: unknown key; did you mean {meant}?"]


def test_an_unknown_key_like_no_other_is_met_with_those_there_are() -> None:
    assert mistakes("network.zzz = 1") == ["network.zzz: unknown key; there are cost, initializer and layers"]
    (said,) = mistakes("training.halvings = 3")  # is no scaling of images
    assert said.startswith("training.halvings: unknown key; there are seed, ")
    (said,) = mistakes("network.layers.0.stride = 2")  # is no side of a kernel
    assert said.startswith("network.layers.0.stride: unknown key; there are neurons, maps, kernel, pool, ")
    (said,) = refusal(changed() | {"two\nlines": 1})
    assert said == r"'two\nlines': unknown key; there are data, network, training and search"
    (said,) = mistakes(f"training.{'x' * 1000} = 1")
    assert said.startswith(f"training.'{'x' * 60}...': unknown key; there are seed, ")


def test_a_wrong_choice_is_met_with_the_one_that_was_meant() -> None:
    meant = {"mse": "quadratic", "cross_entropy": "cross-entropy"}
    meant |= dict.fromkeys(("NLL", "Log Likelihood"), "log-likelihood")
    for typed, cost in meant.items():
        (said,) = mistakes(f"network.cost = '{typed}'")
        assert said.endswith(f", got '{typed}'; did you mean '{cost}'?")


# What cannot: a key where it stands, and keys together

# What is set, and below it what is said.
SAID = """\
training.learning_rate
    training.learning_rate: missing; expected a number > 0
network
    network: missing; expected a table
network.layers = []
    network.layers: is empty; expected at least one
training.watch = 'test cost'
    training.watch: expected a list of 'training cost', 'training accuracy', 'validation cost',
    'validation accuracy', 'test cost', 'test accuracy' or 'layer speed', got 'test cost'
training.watch = ['speed']
    training.watch.0: expected 'training cost', 'training accuracy', 'validation cost', 'validation accuracy',
    'test cost', 'test accuracy' or 'layer speed', got 'speed'
network.layers.0.activation = 'rulu'
    network.layers.0.activation: expected 'sigmoid', 'tanh', 'relu', 'linear' or 'softmax', got 'rulu';
    did you mean 'relu'?
network.layers.0.override = [{neuron = 3, activation = 'softmax'}]
    network.layers.0.override.0.activation: expected 'sigmoid', 'tanh', 'relu' or 'linear', got 'softmax'
network.layers.0.activation = 'softmax'
    network.layers.0.activation: softmax is for the output layer, as it has no derivative neuron by neuron;
    use sigmoid, tanh, relu or linear
network.layers.1.activation = 'linear'
    network.cost: 'cross-entropy' needs outputs between 0 and 1 that do not depend on each other, which linear
    outputs are not; use output sigmoid, or cost 'quadratic'
network.layers.0.override = [{neuron = 30, activation = 'relu'}]
    network.layers.0.override.0.neuron: no neuron 30 in this layer; there are 30, counted from 0
network.layers.0.override = [{neuron = 3, activation = 'relu'}, {neuron = 3, activation = 'linear'}]
    network.layers.0.override.1.neuron: neuron 3 is overridden twice; keep one
network.layers.1.override = [{neuron = 3, activation = 'tanh'}]
    network.layers.1.override: cost 'cross-entropy' needs the same function at every output; override hidden
    neurons, or use cost 'quadratic'
network.cost = 'log-likelihood'; network.layers.1.activation = 'softmax'
network.layers.1.override = [{neuron = 3, activation = 'tanh'}]
    network.layers.1.override: softmax takes all neurons of the layer together; leave override out
network.layers.0 = {activation = 'relu'}
    network.layers.0.neurons: missing; expected an integer >= 1, or else maps, for a convolution
network.layers.0 = {maps = 3, kernel = 3, neurons = 3, activation = 'relu'}
    network.layers.0.neurons: a layer has either neurons or maps; keep one
network.layers.0 = {maps = 3, activation = 'relu'}
    network.layers.0.kernel: missing; expected an integer >= 1
network.layers.0 = {maps = 3, kernel = 3, activation = 'relu', override = [{neuron = 0, activation = 'tanh'}]}
    network.layers.0.override: means something only with neurons, not with maps; leave it out
network.layers.0.kernel = 3
    network.layers.0.kernel: means something only with maps, not with neurons; leave it out
network.cost = 'quadratic'; network.layers = [{maps = 3, kernel = 3, activation = 'relu'}]
    network.layers.0.maps: the output layer has a neuron for each class; give it neurons
network.layers = [{neurons = 3, activation = 'relu'}, {maps = 3, kernel = 3, activation = 'relu'}, \
{neurons = 10, activation = 'sigmoid'}]
    network.layers.1.maps: a convolution sees a picture, which layers of neurons do not give; put it before
    them
network.layers.1.dropout = 0.5
    network.layers.1.dropout: every output is needed; leave dropout to hidden layers
training.engine = 'compiled'; network.layers.0.dropout = 0.5
    training.engine: 'compiled' cannot do dropout, which layer 0 has; use 'numpy' or 'auto'
training.engine = 'compiled'; network.layers.0 = {maps = 3, kernel = 5, activation = 'tanh'}
    training.engine: 'compiled' cannot do a convolution, which layer 0 has; use 'numpy' or 'auto'
training.watch = ['test accuracy']
    training.keep: 'best' is chosen by the validation accuracy, which is not watched; add
    'validation accuracy' to training.watch, or set training.keep = 'last'
training.monitor = 'validation cost'
    training.keep: 'best' is chosen by the validation cost, which is not watched; add
    'validation cost' to training.watch, or set training.keep = 'last'
training.watch = ['validation cost']; training.keep = 'last'; training.patience = 3
    training.patience: improvement is told by the validation accuracy, which is not watched; add
    'validation accuracy' to training.watch, or leave patience out
training.watch = []; training.keep = 'last'; training.schedule = 'halving'
    training.schedule: 'halving' goes by the validation accuracy, which is not watched; add
    'validation accuracy' to training.watch, or choose another schedule
training.watch = ['validation accuracy', 'test cost', 'test cost']
    training.watch.2: 'test cost' is watched twice; keep one
data.validation = 0
    data.validation: without images there is no validation accuracy; set training.watch = [] and
    training.keep = 'last'
training.batch_size = 501
    training.batch_size: a batch of 501 is larger than the training set of 500 images; take 500 or less
training.optimizer = 'momentum'; training.beta1 = 0.9
    training.beta1: means something only with optimizer 'adam' or 'adamw', not 'momentum'; leave it out
training.step_epochs = 5
    training.step_epochs: means something only with schedule 'step', not 'constant'; leave it out
data.augment = {rotation = 0, sigma = 3}
    data.augment: changes no image; give shift, rotation, scaling, shear, elastic or shifts, or leave the
    table out
data.augment = {rotation = 3, sigma = 3}
    data.augment.sigma: means something only with elastic > 0; leave it out
data.augment = {rotation = 3, shifts = 'all'}
    data.augment.shifts: goes with no other distortion; leave out one or the other
training.finish = {epochs = 5, learning_rate = 0.1}
    training.epochs: 5 is not more than training.finish.epochs, 5; take at least 6, or leave
    training.finish out
training.finish = {epochs = 1, learning_rate = 0.1}; training.patience = 3
    training.finish: would not be reached where patience ends training before; leave out one of them
training.finish = {epochs = 1, learning_rate = 0.1}; training.schedule = 'halving'
    training.finish: would not be reached where schedule 'halving' ends training before; leave out one of them
training.finish = {epochs = 1, learning_rate = 0.1}; data.augment.shifts = 'all'
    training.finish: the shifts of all images are learned from to the end; use data.augment.shifts = 'one',
    or leave it out
search = {trials = 3}
    search.parameters: missing; expected a table
search = {trials = 3, parameters = {'training.l1' = {low = 1, min = 1, max = 2}}}
    search.parameters.'training.l1'.low: unknown key; did you mean search.parameters.'training.l1'.min?
search = {trials = 3, parameters = {x = {min = true, max = 2}}}
    search.parameters.x.min: expected a number, got true
search = {trials = 3, parameters = {x = {min = 2, max = 2.0}}}
    search.parameters.x.max: 2.0 is not more than min, 2; give a range
search = {trials = 3, parameters = {x = {min = 0, max = 2, scale = 'log'}}}
    search.parameters.x.min: a scale 'log' has no 0; begin above 0
search = {trials = 3, parameters = {x = {max = 2}}}
    search.parameters.x: missing; expected min and max, or else values
search = {trials = 3, parameters = {x = {max = 2, values = [2]}}}
    search.parameters.x: has either values, or min, max and scale; keep one
search = {trials = 3, parameters = {x = {values = [1, 2, 1]}}}
    search.parameters.x.values: a value is there twice; keep one
search = {trials = 3, parameters = {x = {values = [[1]]}}}
    search.parameters.x.values: expected a list of a number or a name, got a list
search = {trials = 3, parameters = {'training.seed' = {values = [1, 2]}}}
    search.parameters.'training.seed': each trial has one of its own; leave it out
search = {trials = 3, parameters = {'search.trials' = {values = [1, 2]}}}
    search.parameters.'search.trials': that is how it searches; leave it out
search = {trials = 3, parameters = {training.learning_rate = {min = 1, max = 2}}}
    search.parameters.training.learning_rate: unknown key; quote it: "training.learning_rate"
search = {trials = 3, parameters = {'data.name' = {values = ['mnist', 'kmnist']}}}
    search.parameters.'data.name': all trials are compared by the same images; leave it out
training.watch = []; training.keep = 'last'; search = {trials = 3, parameters = {x = {values = [1]}}}
    training.watch: a search goes by the validation accuracy, which is not watched; add it, or leave [search]
    out
"""


@pytest.mark.parametrize(("settings", "said"), re.findall(r"((?:\S.*\n)+)((?: .*\n)+)", SAID))
def test_a_mistake_is_said_at_its_place_with_the_reason(settings: str, said: str) -> None:
    assert mistakes(*re.split("; |\n", settings.strip())) == [" ".join(said.split())]


def test_rules_forbid_no_more_than_they_say() -> None:
    config("training.watch = []", "training.keep = 'last'", "data.validation = 0")
    config("training.batch_size = 500")
    overrides = "[{neuron = 29, activation = 'relu'}, {neuron = 0, activation = 'linear'}]"
    config(f"network.layers.0.override = {overrides}")
    config("network.cost = 'quadratic'", "network.layers.1.override = [{neuron = 3, activation = 'tanh'}]")


def test_all_mistakes_are_said_at_once_and_rules_speak_of_every_table_that_is_sound() -> None:
    def places(*settings: str) -> str:
        return " ".join(line.split(": ")[0] for line in mistakes(*settings))

    of_training = ("training.Epochs = 3", "training.epochs = 3.5", "training.learning_rate", "other = 3")
    assert places("data.size = 3", "network.cost = 'mse'", "network.layers.0.neurons = 0", *of_training) == (
        "network.cost network.layers.0.neurons "
        "training.epochs training.learning_rate training.Epochs other data.size"
    )
    softmax = "network.layers.0.activation = 'softmax'"
    said = places("training.epochs = 0", softmax, "data.size = 3")
    assert said == "training.epochs data.size network.layers.0.activation"


# Memory, and the second pass


def test_two_layers_of_a_million_neurons_would_need_15_tib() -> None:
    (said,) = mistakes("network.layers.0.neurons = 1000000", "network.layers.1.neurons = 1000000")
    assert re.fullmatch(
        r"network.layers: 1,000,002,\S+ weights and biases would need 15 TiB of .*; take smaller layers", said
    )


def test_what_training_needs_has_to_be_there_to_the_last_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    small, training = build(config().network, (28, 28)), config().training
    size = needed_memory(small, training)
    for there, fits in ((size + 1000, True), (size + 999, False), (math.inf, True)):
        monkeypatch.setattr(hardware, "total_memory", lambda there=there: there)
        assert (too_large(small, training, data=1000) is None) == fits
    parameters = 30 * (784 + 1) + 10 * (30 + 1)
    assert needed_memory(small, None) == 4 * parameters, "to answer takes theta alone"


def test_batches_that_would_need_more_than_all_else_are_what_is_to_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hardware, "total_memory", lambda: 24 * 2**30)
    large = config("training.batch_size = 100000000", "data.train = 100000000")
    assert too_large(build(large.network, (28, 28)), large.training) == (
        ("training", "batch_size"),
        "batches of 100,000,000 images would need 355 GiB of memory, this machine has 24 GiB; "
        "take smaller ones",
    )


def test_memory_is_that_of_the_machine_where_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 2**28 < hardware.total_memory() < math.inf
    monkeypatch.delattr("os.sysconf")
    assert hardware.total_memory() == math.inf


def test_what_does_not_fit_the_data_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def digits(training: int, classes: int) -> Dataset:
        one = Split(np.zeros((1, 784), np.uint8), np.zeros(1, np.uint8))
        many = Split(one.images.repeat(training, axis=0), one.labels.repeat(training))
        return Dataset("digits", many, one, one, (28, 28), classes, "no digest")

    monkeypatch.setattr(hardware, "total_memory", lambda: 24 * 2**30)
    check_against_data(config(), digits(training=10, classes=10), where="x.toml")
    large = config("network.layers.0.neurons = 100000000")
    outputs, batch, size = refusal(large, lambda c, where: check_against_data(c, digits(9, 7), where))
    assert outputs == "network.layers.1.neurons: the output layer has 10 neurons for 7 classes; make it 7"
    assert (
        batch
        == "training.batch_size: a batch of 10 is larger than the training set of 9 images; take 9 or less"
    )
    assert size.startswith("network.layers: 79,500,000,010 weights and biases would need 1 TiB of memory")


# From the file, and the command line


def test_load_reads_overrides_and_validates(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(GOOD)
    loaded = load(tmp_path / "x.toml", ["training.epochs=7", "training.optimizer=adam"])
    assert (loaded.training.epochs, loaded.training.beta1) == (7, 0.9)
    (tmp_path / "x.yaml").write_text(json.dumps(changed()))
    assert load(str(tmp_path / "x.toml")) == load(tmp_path / "x.yaml") == config()


def test_one_setting_begins_a_table_and_forgets_what_means_nothing_without_it() -> None:
    begun = loads(GOOD, "x.toml", ["data.augment.elastic=20"])
    assert begun.data.augment == AugmentConfig(elastic=20.0, sigma=4.0)
    elastic = GOOD + "[data.augment]\nelastic = 34\nsigma = 5\nshear = 0.1"
    without = loads(elastic, "x.toml", ["data.augment.elastic=0"])
    assert without.data.augment == AugmentConfig(shear=0.1)
    settings = ["data.augment.elastic=0", "data.augment.sigma=3"]
    with pytest.raises(ConfigError, match=r"^--set training.epochs=1: 1 is not more than training.finish.ep"):
        load(shipped()["best_cnn"], ["training.epochs=1", "training.seed=2"])
    with pytest.raises(ConfigError, match=r"^--set data.augment.sigma=3: means something only with elastic"):
        loads(elastic, "x.toml", settings)


@pytest.mark.parametrize("value", ["{}", "[]", "[{}]"])
def test_a_setting_of_a_table_where_a_name_is_due_is_a_mistake(value: str) -> None:
    for key in ("training.schedule", "training.optimizer", "data.name"):
        with pytest.raises(ConfigError, match=rf"^--set {key}=.*: expected "):
            loads(GOOD + "decay = 0.5", "x.toml", [f"{key}={value}"])


def test_a_mistake_is_told_of_whoever_made_it() -> None:
    settings = [
        "training.epoch=5",
        "epochs",
        "training.batch_size=many",
        "network.layers=[{neurons=1}, {neurons=10, activation='sigmoid'}]",
        "training.seed=1",
        "training.seed=x",
        "nowhere.at.all=1",
    ]
    with pytest.raises(ConfigError) as caught:
        loads(GOOD.replace("epochs = 5", "epochs = 0"), "x.toml", settings)
    assert str(caught.value).split("\n") == [
        "--set epochs: no '='; write KEY=VALUE, as in --set training.epochs=5",
        f"--set {settings[3]}: network.layers.0.activation: missing; "
        "expected 'sigmoid', 'tanh', 'relu', 'linear' or 'softmax'",
        "--set training.seed=x: expected an integer >= 0, got 'x'",
        "x.toml: training.epochs: expected an integer >= 1, got 0",
        "--set training.batch_size=many: expected an integer >= 1, got 'many'",
        "--set training.epoch=5: unknown key; did you mean training.epochs?",
        "--set nowhere.at.all=1: nowhere: unknown key; there are data, network, training and search",
    ]


# There and back


@pytest.mark.parametrize("name", [*shipped(), None])
def test_toml_and_json_bring_back_the_same_to_the_last_bit(name: str | None) -> None:
    """Of the shipped configs, and of one with the strangest numbers; tests/torture has many more."""
    strange = config(
        "data = {name = '/a folder/é\"#\\', train = 1000000000, validation = 0}",
        "data.augment = {shift = 0.1, rotation = 180, scaling = 5e-324, elastic = 1e-300, sigma = 0.1}",
        "network.layers.0.dropout = 0.9999999999999999",
        "network.layers.0.override = [{neuron = 29, activation = 'relu'}]",
        "training.learning_rate = 1.7976931348623157e308",
        "training.l1 = 0.30000000000000004",
        "training.seed = 9223372036854775807",
        "training.threads = 7",
        "training.watch = []",
        "training.keep = 'last'",
    )
    first = load(shipped()[name]) if name else strange
    assert loads(to_toml(first), "x.toml") == first
    data, network = (json.loads(json.dumps(asdict(table))) for table in (first.data, first.network))
    assert data_from_plain(data, where="weights.npz") == first.data
    assert network_from_plain(network, where="weights.npz") == first.network


def test_a_table_of_another_file_is_held_to_the_same_rules() -> None:
    said = refusal({"cost": "mse", "layers": []}, network_from_plain)
    assert said[1] == "network.layers: is empty; expected at least one"
    assert refusal([], network_from_plain) == ["network: expected a table, got a list"]
    (said[0],) = refusal(changed("network.layers.0.activation = 'softmax'")["network"], network_from_plain)
    assert said[0].startswith("network.layers.0.activation: softmax is for the output")
    (said[0],) = refusal({"name": "mnist", "size": 3}, data_from_plain)
    assert said[0].startswith("data.size: means something only with")
    assert refusal({"nam": "mnist"}, data_from_plain) == ["data.nam: unknown key; did you mean data.name?"]


def test_the_example_of_the_manual_runs() -> None:
    page = (Path(__file__).parent.parent / "docs" / "config.md").read_text(encoding="utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    assert loads(example, "x.toml").network.layers[0].override
