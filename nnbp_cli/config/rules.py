"""What a config must fulfil beyond its fields one by one. A violation is a place and what is wrong there."""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import get_args

from nnbp_cli.config.build import build, too_large
from nnbp_cli.config.defaults import ONLY_WITH, shuffles
from nnbp_cli.config.schema import (
    AugmentConfig,
    DataConfig,
    HiddenActivation,
    LayerConfig,
    NetworkConfig,
    SearchConfig,
    TrainingConfig,
)
from nnbp_cli.datasets.sources import SIZE, SYNTHETIC
from nnbp_cli.engines.automatic import (
    COMPILED_ACTIVATIONS,
    COMPILED_COSTS,
    COMPILED_LAYER_KEYS,
    COMPILED_OPTIMIZERS,
)
from nnbp_cli.nn.costs import COSTS
from nnbp_cli.wording import Location, listed, quoted

Violations = Iterator[tuple[Location, str]]
# What every trial of a search has as its config says, and why.
_NOT_SEARCHED = {
    "training.seed": "each trial has one of its own",
    **dict.fromkeys(
        [f"data.{key}" for key in ("name", "validation", "shuffle", "size", "seed", "rows", "columns")],
        "all trials are compared by the same images",
    ),
}

_NEEDS = {
    "quadratic": "a derivative neuron by neuron",
    "cross-entropy": "outputs between 0 and 1 that do not depend on each other",
    "log-likelihood": "probabilities with the sum 1",
}


def violations(
    data: DataConfig | None = None,
    network: NetworkConfig | None = None,
    training: TrainingConfig | None = None,
    search: SearchConfig | None = None,
) -> Violations:
    """Every rule that is broken in the tables given, and between them."""
    if data:
        yield from _useless_keys("data", data)
        if data.augment:
            yield from _augment(data.augment)
    if network:
        yield from _layers(network)
        yield from _cost(network)
        # The least that it may be: of the images nothing is known yet, nor how many there are for a batch.
        # And a kernel on pictures of no size would fit none.
        flat = not any(layer.maps for layer in network.layers)
        if flat and (
            problem := too_large(build(network, (0, 0)), training and replace(training, batch_size=1))
        ):
            yield problem
    if training:
        yield from _useless_keys("training", training)
        yield from _watch(training)
        yield from _finish(training)
    if search:
        yield from _search(search)
    if search and training and "validation accuracy" not in training.watch:
        wrong = "a search goes by the validation accuracy, which is not watched; add it"
        yield ("training", "watch"), f"{wrong}, or leave [search] out"
    if data and training:
        yield from _images(data, training)
    if network and training and training.engine == "compiled":
        for what in not_compiled(network, training):
            yield ("training", "engine"), f"'compiled' cannot do {what}; use 'numpy' or 'auto'"


def _useless_keys(name: str, table: DataConfig | TrainingConfig) -> Violations:
    for key, only in ONLY_WITH[name].items():
        other = getattr(table, only.key)
        if key == "seed" and isinstance(table, DataConfig) and shuffles(table):
            continue
        if getattr(table, key) is not None and other not in only.defaults:
            means = f"means something only with {only.key} {listed(map(quoted, only.defaults))}"
            means += ", or where data.shuffle is true" if (name, key) == ("data", "seed") else ""
            yield (name, key), f"{means}, not {quoted(other)}; leave it out"


def _augment(augment: AugmentConfig) -> Violations:
    if augment.shifts and augment != AugmentConfig(shifts=augment.shifts):
        yield ("data", "augment", "shifts"), "goes with no other distortion; leave out one or the other"
    elif augment == AugmentConfig(sigma=augment.sigma):
        remedy = "give shift, rotation, scaling, shear, elastic or shifts, or leave the table out"
        yield ("data", "augment"), f"changes no image; {remedy}"
    elif augment.sigma is not None and not augment.elastic:
        yield ("data", "augment", "sigma"), "means something only with elastic > 0; leave it out"


def _layers(network: NetworkConfig) -> Violations:
    last = len(network.layers) - 1
    for index, layer in enumerate(network.layers):
        place: Location = ("network", "layers", index)
        yield from _kind_of_layer(layer, place, output=index == last)
        if layer.maps and any(earlier.neurons for earlier in network.layers[:index]):
            why = "a convolution sees a picture, which layers of neurons do not give"
            yield (*place, "maps"), f"{why}; put it before them"
        softmax = layer.activation == "softmax"
        if softmax and index < last:
            why = "softmax is for the output layer, as it has no derivative neuron by neuron"
            yield (*place, "activation"), f"{why}; use {listed(get_args(HiddenActivation))}"
        elif softmax and layer.override:
            yield (*place, "override"), "softmax takes all neurons of the layer together; leave override out"
        elif layer.override and index == last and network.cost != "quadratic":
            why = f"cost {quoted(network.cost)} needs the same function at every output"
            yield (*place, "override"), f"{why}; override hidden neurons, or use cost 'quadratic'"
        if layer.dropout and index == last:
            yield (*place, "dropout"), "every output is needed; leave dropout to hidden layers"
        seen = set()
        for number, neuron in enumerate(override.neuron for override in layer.override):
            there = (*place, "override", number, "neuron")
            if layer.neurons and neuron >= layer.neurons:
                yield there, f"no neuron {neuron} in this layer; there are {layer.neurons}, counted from 0"
            if neuron in seen:
                yield there, f"neuron {neuron} is overridden twice; keep one"
            seen.add(neuron)


def _kind_of_layer(layer: LayerConfig, place: Location, *, output: bool) -> Violations:
    """A layer is of neurons, or of maps with a kernel."""
    if layer.neurons is None and layer.maps is None:
        yield (*place, "neurons"), "missing; expected an integer >= 1, or else maps, for a convolution"
        return
    if layer.maps is None:
        for key in ("kernel", "pool", "padding"):
            if getattr(layer, key) is not None:
                yield (*place, key), "means something only with maps, not with neurons; leave it out"
        return
    if output:
        yield (*place, "maps"), "the output layer has a neuron for each class; give it neurons"
    elif layer.neurons is not None:
        yield (*place, "neurons"), "a layer has either neurons or maps; keep one"
    if layer.kernel is None:
        yield (*place, "kernel"), "missing; expected an integer >= 1"
    if layer.override:
        yield (*place, "override"), "means something only with neurons, not with maps; leave it out"


def _cost(network: NetworkConfig) -> Violations:
    output, cost = network.layers[-1].activation, COSTS[network.cost]
    if output not in cost.outputs:
        costs = [other.name for other in COSTS.values() if output in other.outputs]
        instead = f", or cost {listed(map(quoted, costs))}" if costs else ""
        why = f"{quoted(cost.name)} needs {_NEEDS[cost.name]}, which {output} outputs are not"
        yield ("network", "cost"), f"{why}; use output {listed(cost.outputs)}{instead}"


def _watch(training: TrainingConfig) -> Violations:
    for index, name in enumerate(training.watch):
        if name in training.watch[:index]:
            yield ("training", "watch", index), f"{quoted(name)} is watched twice; keep one"
    if training.monitor in training.watch:
        return
    remedy = f"add {quoted(training.monitor)} to training.watch"
    unseen = f"by the {training.monitor}, which is not watched; {remedy}"
    if training.keep == "best":
        yield ("training", "keep"), f"'best' is chosen {unseen}, or set training.keep = 'last'"
    if training.schedule == "halving":
        yield ("training", "schedule"), f"'halving' goes {unseen}, or choose another schedule"
    if training.patience is not None:
        yield ("training", "patience"), f"improvement is told {unseen}, or leave patience out"


def _finish(training: TrainingConfig) -> Violations:
    place: Location = ("training", "finish")
    if not training.finish:
        return
    if training.finish.epochs >= training.epochs:
        last = training.finish.epochs
        wrong = f"{training.epochs:,} is not more than training.finish.epochs, {last:,}"
        yield ("training", "epochs"), f"{wrong}; take at least {last + 1:,}, or leave training.finish out"
    stops = {"patience": training.patience is not None, "schedule 'halving'": training.schedule == "halving"}
    for what in (what for what, used in stops.items() if used):
        yield place, f"would not be reached where {what} ends training before; leave out one of them"


def _search(search: SearchConfig) -> Violations:
    for key, parameter in search.parameters.items():
        place: Location = ("search", "parameters", key)
        values, low, high = parameter.values, parameter.min, parameter.max
        if why := "that is how it searches" if key.startswith("search.") else _NOT_SEARCHED.get(key):
            yield place, f"{why}; leave it out"
        elif values is not None:
            if (low, high, parameter.scale) != (None, None, "linear"):
                yield place, "has either values, or min, max and scale; keep one"
            elif len(set(values)) < len(values):
                yield (*place, "values"), "a value is there twice; keep one"
        elif low is None or high is None:
            yield place, "missing; expected min and max, or else values"
        elif low >= high:
            yield (*place, "max"), f"{quoted(high)} is not more than min, {quoted(low)}; give a range"
        elif parameter.scale == "log" and low <= 0:
            yield (*place, "min"), f"a scale 'log' has no {quoted(low)}; begin above 0"


def not_compiled(network: NetworkConfig, training: TrainingConfig) -> Iterator[str]:
    """What of a network and its training the compiled engine does not know."""
    if network.cost not in COMPILED_COSTS:
        yield f"cost {quoted(network.cost)}"
    if training.optimizer not in COMPILED_OPTIMIZERS:
        yield f"optimizer {quoted(training.optimizer)}"
    for index, layer in enumerate(network.layers):
        keys = (each.name for each in fields(layer) if getattr(layer, each.name) != each.default)
        if others := [key for key in keys if key not in COMPILED_LAYER_KEYS]:
            yield f"{'a convolution' if layer.maps else listed(others, 'and')}, which layer {index} has"
        for activation in (layer.activation, *(other.activation for other in layer.override)):
            if activation not in COMPILED_ACTIVATIONS:
                yield f"activation {quoted(activation)}, which layer {index} has"


def _images(data: DataConfig, training: TrainingConfig) -> Violations:
    if training.finish and data.copies > 1:
        why = "the shifts of all images are learned from to the end"
        yield ("training", "finish"), f"{why}; use data.augment.shifts = 'one', or leave it out"
    if data.validation is not None:
        yield from without_validation(data.validation, training)
    size = SIZE if data.size is None else data.size
    split = (data.train or 0) + (data.validation or 0)
    if data.name == SYNTHETIC and split > size:
        yield ("data", "size"), f"{size:,} digits are drawn, train and validation need {split:,}; draw more"
    if data.train is not None and training.batch_size > data.train:
        yield batch_too_large(training.batch_size, data.train)


def without_validation(validation: int, training: TrainingConfig) -> Violations:
    """The violation of watching the validation images where there are none."""
    if validation == 0 and (names := [name for name in training.watch if name.startswith("validation")]):
        remedy = "set training.watch = [] and training.keep = 'last'"
        yield ("data", "validation"), f"without images there is no {listed(names, 'and')}; {remedy}"


def batch_too_large(batch: int, images: int) -> tuple[Location, str]:
    """The violation of a batch that cannot be filled."""
    wrong = (
        f"a batch of {batch:,} is larger than the training set of {images:,} images; take {images:,} or less"
    )
    return ("training", "batch_size"), wrong
