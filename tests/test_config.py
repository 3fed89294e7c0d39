"""A config that can be used becomes a Config; of any other every mistake is said at once, a line each."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbp_cli.config import (
    AugmentConfig,
    Config,
    DataConfig,
    LayerConfig,
    NetworkConfig,
    OverrideConfig,
    TrainingConfig,
    augmentation,
    build,
    check_against_data,
    data_from_plain,
    load,
    messages,
    network_from_plain,
    schema,
    to_toml,
)
from nnbp_cli.config.build import needed_memory, too_large
from nnbp_cli.config.formats import parse_toml
from nnbp_cli.config.rules import ONLY_WITH, resolved
from nnbp_cli.config.validation import validate
from nnbp_cli.datasets.augment import Augmentation
from nnbp_cli.datasets.dataset import Dataset, Split
from nnbp_cli.errors import ConfigError
from nnbp_cli.nn.activations import ACTIVATIONS
from nnbp_cli.nn.costs import COSTS
from nnbp_cli.nn.initializers import INITIALIZERS
from nnbp_cli.nn.optimizers import OPTIMIZERS
from nnbp_cli.nn.schedules import SCHEDULES
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


def changed(*settings: str, text: str = GOOD) -> dict[str, Any]:
    """The plain values of a good config with some keys changed; "key" alone is taken away."""
    plain = parse_toml(text, "x.toml")
    for setting in settings:
        key, equals, text_of_value = setting.partition(" = ")
        *above, last = (int(step) if step.isdecimal() else step for step in key.split("."))
        table: Any = plain
        for step in above:
            table = table[step]
        if equals:
            table[last] = parse_toml(f"value = {text_of_value}", "x.toml")["value"]
        else:
            del table[last]
    return plain


def mistakes(*settings: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        validate(changed(*settings), "x.toml")
    lines = str(caught.value).split("\n")
    assert all(line.startswith("x.toml: ") for line in lines)
    assert "pydantic" not in str(caught.value)
    return [line.removeprefix("x.toml: ") for line in lines]


def config(*settings: str) -> Config:
    return validate(changed(*settings), "x.toml")


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
    training = config().training
    assert (training.seed, training.optimizer, training.schedule, training.threads) == (
        1,
        "sgd",
        "constant",
        "auto",
    )
    assert (training.warmup, training.l2, training.label_smoothing) == (0, 0, 0)
    assert (training.watch, training.keep) == (("validation accuracy",), "best")


def test_the_data_table_may_be_left_out() -> None:
    assert config("data").data == DataConfig(name="mnist")


def test_an_integer_is_a_number_too() -> None:
    rate = config("training.learning_rate = 3").training.learning_rate
    assert rate == 3
    assert type(rate) is float


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
    assert data_from_plain({"name": "synthetic"}, where="--data") == DataConfig(
        name="synthetic", size=20_000, seed=1
    )


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


def test_the_names_in_the_schema_are_those_of_the_network() -> None:
    assert set(get_args(schema.OutputActivation)) == set(ACTIVATIONS)
    assert set(get_args(schema.HiddenActivation)) == set(ACTIVATIONS) - {"softmax"}
    assert set(get_args(schema.CostName)) == set(COSTS)
    assert set(get_args(schema.InitializerName)) == set(INITIALIZERS)
    assert set(get_args(schema.OptimizerName)) == set(OPTIMIZERS)
    assert set(get_args(schema.ScheduleName)) == set(SCHEDULES)


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


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("learning_rate = nan", "expected a finite number > 0, got nan"),
        ("learning_rate = inf", "expected a finite number > 0, got inf"),
        ("learning_rate = 1e400", "expected a finite number > 0, got inf"),
        ("learning_rate = -0.1", "expected a number > 0, got -0.1"),
        ("learning_rate = 0", "expected a number > 0, got 0"),
        ("learning_rate = true", "expected a number > 0, got true"),
        ("learning_rate = '3.0'", "expected a number > 0, got '3.0'"),
        ("learning_rate = '3'", "expected a number > 0, got '3'"),
        (f"learning_rate = {10**400}", "expected a number > 0, got an integer of about 400 digits"),
        ("learning_rate = 2001-01-01", "expected a number > 0, got 2001-01-01"),
        ("learning_rate", "missing; expected a number > 0"),
        ("epochs = 3.5", "expected an integer >= 1, got 3.5"),
        ("epochs = 30.0", "expected an integer >= 1, got 30.0"),
        ("epochs = true", "expected an integer >= 1, got true"),
        ("epochs = 0", "expected an integer >= 1, got 0"),
        ("epochs = [5]", "expected an integer >= 1, got a list"),
        ("epochs = {}", "expected an integer >= 1, got a table"),
        ("epochs = 1000000001", "expected at most 1,000,000,000, got 1000000001"),
        ("batch_size = 0", "expected an integer >= 1, got 0"),
        ("seed = -1", "expected an integer >= 0, got -1"),
        ("l2 = -1.0", "expected a number >= 0, got -1.0"),
        ("label_smoothing = 1.0", "expected a number >= 0 and < 1, got 1.0"),
        ("warmup = 1", "expected a number >= 0 and < 1, got 1"),
        ("threads = 0", "expected 'auto' or an integer >= 1, got 0"),
        ("threads = 'all'", "expected 'auto' or an integer >= 1, got 'all'"),
        ("threads = true", "expected 'auto' or an integer >= 1, got true"),
        (
            "optimizer = 'Adam'",
            "expected 'sgd', 'momentum', 'nesterov', 'rmsprop', 'adam' or 'adamw', got 'Adam'; "
            "did you mean 'adam'?",
        ),
        (
            "schedule = 3",
            "expected 'constant', 'linear', 'cosine', 'step', 'exponential' or 'halving', got 3",
        ),
        ("decay = 0", "expected a number > 0 and <= 1, got 0"),
        ("patience = 0", "expected an integer >= 1, got 0"),
        ("l1 = -1.0", "expected a number >= 0, got -1.0"),
        (
            "monitor = 'test accuracy'",
            "expected 'validation accuracy' or 'validation cost', got 'test accuracy'",
        ),
        ("keep = false", "expected 'best' or 'last', got false"),
    ],
)
def test_a_value_of_the_wrong_type_or_range_is_met_with_what_is_expected(setting: str, said: str) -> None:
    key = setting.split(" = ")[0]
    assert f"training.{key}: {said}" in mistakes(f"training.{setting}")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("data = 3", "data: expected a table, got 3"),
        ("data.name = ''", "data.name: expected a name, got ''"),
        ('data.name = "a\\u0000b"', "data.name: expected a name, got 'a\\x00b'"),
        ('data.name = "a\\nb"', "data.name: expected a name, got 'a\\nb'"),
        ("data.train = 0", "data.train: expected an integer >= 1, got 0"),
        ("data.augment = true", "data.augment: expected a table, got true"),
        (
            "data.augment = {rotation = 181}",
            "data.augment.rotation: expected a number >= 0 and <= 180, got 181",
        ),
        ("data.augment = {shift = -1}", "data.augment.shift: expected a number >= 0 and <= 1000, got -1"),
        ("data.augment = {scaling = 1.0}", "data.augment.scaling: expected a number >= 0 and < 1, got 1.0"),
        ("data.augment = {shear = 'x'}", "data.augment.shear: expected a number >= 0 and < 1, got 'x'"),
        (
            "data.augment = {elastic = inf}",
            "data.augment.elastic: expected a finite number >= 0 and <= 10000, got inf",
        ),
        (
            "data.augment = {elastic = 34, sigma = 0}",
            "data.augment.sigma: expected a number >= 0.1 and <= 1000, got 0",
        ),
        ("data.validation = -1", "data.validation: expected an integer >= 0, got -1"),
        ("network", "network: missing; expected a table"),
        ("network.layers", "network.layers: missing; expected a list of tables"),
        ("network.layers = []", "network.layers: is empty; expected at least one"),
        ("network.layers = [30, 10]", "network.layers.1: expected a table, got 10"),
        ("network.layers = {}", "network.layers: expected a list of tables, got a table"),
        ("network.layers.0.neurons = 0", "network.layers.0.neurons: expected an integer >= 1, got 0"),
        ("network.layers.1.neurons = -5", "network.layers.1.neurons: expected an integer >= 1, got -5"),
        ("network.layers.0.neurons = 30.5", "network.layers.0.neurons: expected an integer >= 1, got 30.5"),
        (
            "network.layers.0.activation = 'rulu'",
            "network.layers.0.activation: expected 'sigmoid', 'tanh', 'relu', 'linear' or 'softmax', "
            "got 'rulu'; did you mean 'relu'?",
        ),
        (
            "network.layers.0.override = [{neuron = 3, activation = 'softmax'}]",
            "network.layers.0.override.0.activation: expected 'sigmoid', 'tanh', 'relu' or 'linear', "
            "got 'softmax'",
        ),
        (
            "training.watch = ['speed']",
            "training.watch.0: expected 'training cost', 'training accuracy', 'validation cost', "
            "'validation accuracy', 'test cost', 'test accuracy' or 'layer speed', got 'speed'",
        ),
        (
            "training.watch = 'test cost'",
            "training.watch: expected a list of 'training cost', 'training accuracy', 'validation cost', "
            "'validation accuracy', 'test cost', 'test accuracy' or 'layer speed', got 'test cost'",
        ),
    ],
)
def test_a_mistake_names_its_place(setting: str, said: str) -> None:
    assert said in mistakes(setting)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("training.Epochs", "training.epochs"),
        ("training.epoch", "training.epochs"),
        ("training.learning_rat", "training.learning_rate"),
        ("training.learning-rate", "training.learning_rate"),
        ("training.eta", "training.learning_rate"),
        ("training.lr", "training.learning_rate"),
        ("training.lambda", "training.l2"),
        ("training.lmbda", "training.l2"),
        ("training.lamda", "training.l2"),
        ("training.mini_batch_size", "training.batch_size"),
        ("training.batchsize", "training.batch_size"),
        ("training.mu", "training.momentum"),
        ("training.early_stopping_n", "training.patience"),
        ("training.cost", "network.cost"),
        ("epochs", "training.epochs"),
        ("seed", "training.seed"),
        ("trainig", "training"),
        ("network.loss", "network.cost"),
        ("network.sizes", "network.layers"),
        ("network.activation", "network.layers.0.activation"),
        ("network.layers.1.units", "network.layers.1.neurons"),
        ("data.folder", "data.name"),
        ("data.augmentation", "data.augment"),
        ("training.augmentation", "data.augment"),
        ("augment", "data.augment"),
    ],
)
def test_an_unknown_key_is_met_with_the_one_that_was_meant(typed: str, meant: str) -> None:
    assert mistakes(f"{typed} = 1") == [f"{typed}: unknown key; did you mean {meant}?"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("alpha", "elastic"),
        ("angle", "rotation"),
        ("rotate", "rotation"),
        ("scale", "scaling"),
        ("skew", "shear"),
        ("translation", "shift"),
        ("smoothing", "sigma"),
    ],
)
def test_an_unknown_key_of_a_table_that_may_be_left_out_is_met_too(typed: str, meant: str) -> None:
    (said,) = mistakes(f"data.augment = {{elastic = 3, {typed} = 1}}")
    assert said == f"data.augment.{typed}: unknown key; did you mean data.augment.{meant}?"


def test_an_unknown_key_like_no_other_is_met_with_those_there_are() -> None:
    assert mistakes("network.zzz = 1") == ["network.zzz: unknown key; there are cost, initializer and layers"]
    plain = changed() | {"two\nlines": 1}
    with pytest.raises(
        ConfigError, match=r"^x.toml: 'two\\nlines': unknown key; there are data, network and training$"
    ):
        validate(plain, "x.toml")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("mse", "quadratic"),
        ("cross_entropy", "cross-entropy"),
        ("NLL", "log-likelihood"),
        ("Log Likelihood", "log-likelihood"),
    ],
)
def test_a_wrong_choice_is_met_with_the_one_that_was_meant(typed: str, meant: str) -> None:
    due = "expected 'quadratic', 'cross-entropy' or 'log-likelihood'"
    assert mistakes(f"network.cost = '{typed}'") == [
        f"network.cost: {due}, got '{typed}'; did you mean '{meant}'?"
    ]


# What cannot: keys together


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            ["network.layers.0.activation = 'softmax'"],
            "network.layers.0.activation: softmax is for the output layer, "
            "as it has no derivative neuron by neuron; use sigmoid, tanh, relu or linear",
        ),
        (
            ["network.layers.1.activation = 'linear'"],
            "network.cost: 'cross-entropy' needs outputs between 0 and 1 that do not depend on each other, "
            "which linear outputs are not; use output sigmoid, or cost 'quadratic'",
        ),
        (
            ["network.layers.0.override = [{neuron = 40, activation = 'relu'}]"],
            "network.layers.0.override.0.neuron: no neuron 40 in this layer; there are 30, counted from 0",
        ),
        (
            ["network.layers.0.override = [{neuron = 30, activation = 'relu'}]"],
            "network.layers.0.override.0.neuron: no neuron 30 in this layer; there are 30, counted from 0",
        ),
        (
            [
                "network.layers.0.override = "
                "[{neuron = 3, activation = 'relu'}, {neuron = 3, activation = 'linear'}]"
            ],
            "network.layers.0.override.1.neuron: neuron 3 is overridden twice; keep one",
        ),
        (
            ["network.layers.1.override = [{neuron = 3, activation = 'tanh'}]"],
            "network.layers.1.override: cost 'cross-entropy' needs the same function at every output; "
            "override hidden neurons, or use cost 'quadratic'",
        ),
        (
            [
                "network.cost = 'log-likelihood'",
                "network.layers.1.activation = 'softmax'",
                "network.layers.1.override = [{neuron = 3, activation = 'tanh'}]",
            ],
            "network.layers.1.override: softmax takes all neurons of the layer together; leave override out",
        ),
        (
            ["training.watch = ['training cost']"],
            "training.keep: 'best' is chosen by the validation accuracy, which is not watched; "
            "add 'validation accuracy' to training.watch, or set training.keep = 'last'",
        ),
        (
            ["training.watch = ['test accuracy']"],
            "training.keep: 'best' is chosen by the validation accuracy, which is not watched; "
            "add 'validation accuracy' to training.watch, or set training.keep = 'last'",
        ),
        (
            ["training.watch = ['validation cost']", "training.keep = 'last'", "training.patience = 3"],
            "training.patience: improvement is told by the validation accuracy, which is not watched; "
            "add 'validation accuracy' to training.watch, or leave patience out",
        ),
        (
            ["training.watch = []", "training.keep = 'last'", "training.schedule = 'halving'"],
            "training.schedule: 'halving' goes by the validation accuracy, which is not watched; "
            "add 'validation accuracy' to training.watch, or choose another schedule",
        ),
        (
            ["training.monitor = 'validation cost'"],
            "training.keep: 'best' is chosen by the validation cost, which is not watched; "
            "add 'validation cost' to training.watch, or set training.keep = 'last'",
        ),
        (
            ["network.layers.1.dropout = 0.5"],
            "network.layers.1.dropout: every output is needed; leave dropout to hidden layers",
        ),
        (
            ["training.step_epochs = 5"],
            "training.step_epochs: means something only with schedule 'step', not 'constant'; leave it out",
        ),
        (
            ["training.watch = ['validation accuracy', 'test cost', 'test cost']"],
            "training.watch.2: 'test cost' is watched twice; keep one",
        ),
        (
            ["data.validation = 0"],
            "data.validation: without images there is no validation accuracy; "
            "set training.watch = [] and training.keep = 'last'",
        ),
        (
            ["training.batch_size = 501"],
            "training.batch_size: a batch of 501 is larger than the training set of 500 images",
        ),
        (
            ["training.momentum = 0.9"],
            "training.momentum: means something only with optimizer 'momentum' or 'nesterov', not 'sgd'; "
            "leave it out",
        ),
        (
            ["training.optimizer = 'momentum'", "training.beta1 = 0.9"],
            "training.beta1: means something only with optimizer 'adam' or 'adamw', not 'momentum'; "
            "leave it out",
        ),
        (
            ["data.augment = {}"],
            "data.augment: changes no image; give shift, rotation, scaling, shear or elastic, "
            "or leave the table out",
        ),
        (
            ["data.augment = {rotation = 0, sigma = 3}"],
            "data.augment: changes no image; give shift, rotation, scaling, shear or elastic, "
            "or leave the table out",
        ),
        (
            ["data.augment = {rotation = 3, sigma = 3}"],
            "data.augment.sigma: means something only with elastic > 0; leave it out",
        ),
        (
            ["data.seed = 1"],
            "data.seed: means something only with name 'synthetic', not 'mnist'; leave it out",
        ),
    ],
)
def test_keys_that_do_not_go_together_are_met_with_the_reason(settings: list[str], said: str) -> None:
    assert mistakes(*settings) == [said]


def test_rules_forbid_no_more_than_they_say() -> None:
    config("training.watch = []", "training.keep = 'last'", "data.validation = 0")
    config("training.batch_size = 500")
    config(
        "network.layers.0.override = "
        "[{neuron = 29, activation = 'relu'}, {neuron = 0, activation = 'linear'}]"
    )
    config("network.cost = 'quadratic'", "network.layers.1.override = [{neuron = 3, activation = 'tanh'}]")


def test_two_layers_of_a_million_neurons_would_need_15_tib() -> None:
    (said,) = mistakes("network.layers.0.neurons = 1000000", "network.layers.1.neurons = 1000000")
    assert said.startswith(
        "network.layers: 1,000,002,000,000 weights and biases would need 15 TiB of memory, "
    )
    assert said.endswith("; take fewer neurons")


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
    place, said = too_large(build(large.network, (28, 28)), large.training) or ((), "")
    assert place == ("training", "batch_size")
    assert said == (
        "batches of 100,000,000 images would need 355 GiB of memory, this machine has 24 GiB; "
        "take smaller ones"
    )


def test_layers_that_are_all_wrong_are_not_missing_too() -> None:
    said = mistakes("network.layers = [30, 10]")
    assert said == [f"network.layers.{k}: expected a table, got {n}" for k, n in ((0, 30), (1, 10))]


def test_a_long_value_is_cut() -> None:
    (said,) = mistakes(f"training.epochs = '{'x' * 1000}'")
    assert said == f"training.epochs: expected an integer >= 1, got '{'x' * 60}...'"
    (said,) = mistakes(f"training.{'x' * 1000} = 1")
    assert said.startswith(f"training.'{'x' * 60}...': unknown key; there are seed, ")


def test_memory_is_that_of_the_machine_where_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 2**28 < hardware.total_memory() < math.inf
    monkeypatch.delattr("os.sysconf")
    assert hardware.total_memory() == math.inf


def test_all_mistakes_are_said_at_once() -> None:
    said = mistakes(
        "data.size = 3",
        "network.cost = 'mse'",
        "network.layers.0.neurons = 0",
        "training.Epochs = 3",
        "training.epochs = 3.5",
        "training.learning_rate",
        "other = 3",
    )
    assert [line.split(": ")[0] for line in said] == [
        "network.cost",
        "network.layers.0.neurons",
        "training.epochs",
        "training.learning_rate",
        "training.Epochs",
        "other",
        "data.size",
    ]


def test_rules_speak_of_every_table_that_is_sound() -> None:
    said = mistakes("training.epochs = 0", "network.layers.0.activation = 'softmax'", "data.size = 3")
    assert [line.split(": ")[0] for line in said] == [
        "training.epochs",
        "data.size",
        "network.layers.0.activation",
    ]


# The second pass


def digits(training: int, validation: int, classes: int) -> Dataset:
    """So many blank images of 28x28."""
    image, label = np.zeros((1, 784), np.uint8), np.zeros(1, np.uint8)
    first, last, test = (Split(image.repeat(n, axis=0), label.repeat(n)) for n in (training, validation, 1))
    return Dataset("digits", first, last, test, (28, 28), classes, "no digest")


def test_a_config_that_fits_the_data_passes() -> None:
    check_against_data(config(), digits(training=10, validation=2, classes=10), where="x.toml")


def test_what_does_not_fit_the_data_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "total_memory", lambda: 24 * 2**30)
    large = config("network.layers.0.neurons = 100000000")
    with pytest.raises(ConfigError) as caught:
        check_against_data(large, digits(training=9, validation=1, classes=7), where="x.toml")
    outputs, batch, size = str(caught.value).split("\n")
    assert outputs == (
        "x.toml: network.layers.1.neurons: the output layer has 10 neurons for 7 classes; make it 7"
    )
    assert batch == "x.toml: training.batch_size: a batch of 10 is larger than the training set of 9 images"
    assert size.startswith(
        "x.toml: network.layers: 79,500,000,010 weights and biases would need 1 TiB of memory"
    )


# From the file, and the command line


def test_load_reads_overrides_and_validates(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(GOOD)
    loaded = load(tmp_path / "x.toml", ["training.epochs=7", "training.optimizer=adam"])
    assert (loaded.training.epochs, loaded.training.beta1) == (7, 0.9)
    assert load(str(tmp_path / "x.toml")) == config()


def test_one_setting_begins_a_table_and_forgets_what_means_nothing_without_it(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(GOOD)
    begun = load(tmp_path / "x.toml", ["data.augment.elastic=20"])
    assert begun.data.augment == AugmentConfig(elastic=20.0, sigma=4.0)
    (tmp_path / "y.toml").write_text(GOOD + "[data.augment]\nelastic = 34\nsigma = 5\nshear = 0.1")
    without = load(tmp_path / "y.toml", ["data.augment.elastic=0"])
    assert without.data.augment == AugmentConfig(shear=0.1)
    settings = ["data.augment.elastic=0", "data.augment.sigma=3"]
    with pytest.raises(ConfigError, match=r"^--set data.augment.sigma=3: means something only with elastic"):
        load(tmp_path / "y.toml", settings)


@pytest.mark.parametrize("value", ["{}", "[]", "[{}]"])
def test_a_setting_of_a_table_where_a_name_is_due_is_a_mistake(tmp_path: Path, value: str) -> None:
    (tmp_path / "x.toml").write_text(GOOD + "decay = 0.5")
    for key in ("training.schedule", "training.optimizer", "data.name"):
        with pytest.raises(ConfigError, match=rf"^--set {key}=.*: expected "):
            load(tmp_path / "x.toml", [f"{key}={value}"])


def test_a_mistake_is_told_of_whoever_made_it(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(GOOD.replace("epochs = 5", "epochs = 0"))
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
        load(path, settings)
    assert str(caught.value).split("\n") == [
        "--set epochs: no '='; write KEY=VALUE, as in --set training.epochs=5",
        f"--set {settings[3]}: network.layers.0.activation: missing; "
        "expected 'sigmoid', 'tanh', 'relu', 'linear' or 'softmax'",
        "--set training.seed=x: expected an integer >= 0, got 'x'",
        f"{path}: training.epochs: expected an integer >= 1, got 0",
        "--set training.batch_size=many: expected an integer >= 1, got 'many'",
        "--set training.epoch=5: unknown key; did you mean training.epochs?",
        "--set nowhere.at.all=1: nowhere: unknown key; there are data, network and training",
    ]


def test_yaml_and_toml_of_the_same_config_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(json.dumps(parse_toml(GOOD, "x.toml")))
    assert load(tmp_path / "x.yaml") == config()


@pytest.mark.parametrize(
    ("written", "got"),
    [("no", "'no'"), ("off", "'off'"), ("1:30", "'1:30'"), ("yes", "'yes'"), ("~x", "'~x'")],
)
def test_what_older_yaml_makes_a_truth_or_a_time_of_is_text_and_no_number(
    tmp_path: Path, written: str, got: str
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(json.dumps(parse_toml(GOOD, "x.toml")).replace('"epochs": 5', f'"epochs": {written}'))
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(caught.value) == f"{path}: training.epochs: expected an integer >= 1, got {got}"


def test_a_number_with_a_zero_before_it_is_not_octal(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(json.dumps(parse_toml(GOOD, "x.toml")).replace('"epochs": 5', '"epochs": 010'))
    assert load(path).training.epochs == 10


# There and back

HIDDEN = st.sampled_from(get_args(schema.HiddenActivation))
COUNTS = st.integers(1, 10**9)
SHARES = st.floats(0, 1, exclude_max=True)


@st.composite
def networks(draw: st.DrawFn) -> NetworkConfig:
    cost = draw(st.sampled_from(list(COSTS)))
    output = draw(st.sampled_from(COSTS[cost].outputs))
    hidden = draw(st.lists(st.tuples(st.integers(1, 50), HIDDEN), max_size=3))
    layers: list[LayerConfig] = []
    for neurons, activation in [*hidden, (draw(st.integers(1, 50)), output)]:
        numbers = draw(st.lists(st.integers(0, neurons - 1), max_size=3, unique=True))
        if len(layers) == len(hidden) and cost != "quadratic":
            numbers = []
        override = tuple(OverrideConfig(neuron=j, activation=draw(HIDDEN)) for j in numbers)
        dropout = draw(SHARES) if len(layers) < len(hidden) else 0.0
        layers.append(LayerConfig(neurons=neurons, activation=activation, override=override, dropout=dropout))
    initializer = draw(st.sampled_from(get_args(schema.InitializerName)))
    return NetworkConfig(cost=cost, initializer=initializer, layers=tuple(layers))  # type: ignore[arg-type]


@st.composite
def configs(draw: st.DrawFn) -> Config:
    name = draw(st.sampled_from(["mnist", "synthetic", "/a folder/é'\"\\#"]))
    synthetic = name == "synthetic"
    optimizer = draw(st.sampled_from(get_args(schema.OptimizerName)))
    schedule = draw(st.sampled_from(get_args(schema.ScheduleName)))
    watch = draw(st.lists(st.sampled_from(get_args(schema.Watched)), unique=True))
    monitor = draw(st.sampled_from(get_args(schema.Monitored)))
    if schedule == "halving" and monitor not in watch:
        watch.append(monitor)
    batch = draw(COUNTS)
    training = TrainingConfig(
        seed=draw(st.integers(0, 2**63 - 1)),
        epochs=draw(COUNTS),
        batch_size=batch,
        optimizer=optimizer,
        learning_rate=draw(st.floats(0, allow_infinity=False, exclude_min=True)),
        schedule=schedule,
        warmup=draw(SHARES),
        l1=draw(st.floats(0, allow_infinity=False)),
        l2=draw(st.floats(0, allow_infinity=False)),
        label_smoothing=draw(SHARES),
        threads=draw(st.just("auto") | COUNTS),  # type: ignore[arg-type]
        watch=tuple(watch),
        monitor=monitor,
        keep="best" if monitor in watch else "last",
        patience=draw(st.none() | COUNTS) if monitor in watch else None,
    )
    most = {"shift": 1000, "rotation": 180, "elastic": 10_000}
    numbers = {key: draw(st.just(0.0) | st.floats(0, limit)) for key, limit in most.items()}
    numbers |= {key: draw(SHARES) for key in ("scaling", "shear")}
    sigma = draw(st.none() | st.floats(0.1, 1000)) if numbers["elastic"] else None
    augment = AugmentConfig(**numbers, sigma=sigma) if any(numbers.values()) else None
    size = draw(COUNTS) if synthetic else None
    data = DataConfig(
        name=name,
        train=None if synthetic else draw(st.none() | st.integers(batch, 10**9)),
        validation=draw(st.none() | st.integers(1, size or 10**9)),
        size=size,
        seed=draw(st.integers(0, 2**63 - 1)) if synthetic else None,
        augment=draw(st.none() | st.just(augment)),
    )
    return resolved(Config(data=data, network=draw(networks()), training=training))


@given(configs())
def test_toml_brings_back_the_same_config(config: Config) -> None:
    assert validate(parse_toml(to_toml(config), "x.toml"), "x.toml") == config


@given(configs())
def test_json_brings_back_the_same_data_set(config: Config) -> None:
    assert data_from_plain(json.loads(json.dumps(asdict(config.data))), where="weights.npz") == config.data


@given(networks())
def test_json_brings_back_the_same_network(network: NetworkConfig) -> None:
    assert network_from_plain(json.loads(json.dumps(asdict(network))), where="weights.npz") == network


def test_a_network_of_another_file_is_held_to_the_same_rules() -> None:
    with pytest.raises(ConfigError) as caught:
        network_from_plain({"cost": "mse", "layers": []}, where="weights.npz")
    assert str(caught.value).split("\n")[1] == "weights.npz: network.layers: is empty; expected at least one"
    with pytest.raises(ConfigError, match=r"^weights.npz: network: expected a table, got a list$"):
        network_from_plain([], where="weights.npz")
    plain = changed("network.layers.0.activation = 'softmax'")["network"]
    with pytest.raises(
        ConfigError, match=r"^weights.npz: network.layers.0.activation: softmax is for the output"
    ):
        network_from_plain(plain, where="weights.npz")
    with pytest.raises(ConfigError, match=r"^weights.npz: data.size: means something only with"):
        data_from_plain({"name": "mnist", "size": 3}, where="weights.npz")
    with pytest.raises(ConfigError, match=r"^weights.npz: data.nam: unknown key; did you mean data.name\?$"):
        data_from_plain({"nam": "mnist"}, where="weights.npz")


# Whatever is in the tables, there is a Config or there are lines

KEYS = st.sampled_from(
    [key for _, table in messages.tables() for key in table["properties"]] + ["eta", "", "a.b"]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["sigmoid", "best", "auto", "x", "a\n"])
)
VALUES = st.recursive(
    SCALARS,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(KEYS, values, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.dictionaries(KEYS, VALUES, max_size=8))
def test_any_tables_are_a_config_or_lines_of_mistakes(
    plain: dict[str, Any], training: dict[str, Any]
) -> None:
    good = changed()
    for tables in (plain, plain | {"training": training}, good | {"training": good["training"] | training}):
        try:
            assert isinstance(validate(tables, "x.toml"), Config)
        except ConfigError as error:
            lines = str(error).split("\n")
            assert all(line.startswith("x.toml: ") and line.isprintable() for line in lines)
            assert len(set(lines)) == len(lines)


# The manual


def test_the_example_of_the_manual_runs() -> None:
    page = (Path(__file__).parent.parent / "docs" / "config.md").read_text(encoding="utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    assert validate(parse_toml(example, "x.toml"), "x.toml").network.layers[0].override


def test_keys_that_need_another_are_keys_of_the_schema() -> None:
    for (table,), node in ((place, node) for place, node in messages.tables() if len(place) == 1):
        for key, only in ONLY_WITH.get(str(table), {}).items():
            assert key in node["properties"]
            assert only.key in node["properties"]
