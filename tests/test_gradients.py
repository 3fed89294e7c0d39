"""A gradient is right when it matches numerical differentiation, for every parameter, in float64."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from nnbp_cli.nn import costs, gradient_check
from nnbp_cli.nn.activations import ACTIVATIONS, Activation, linear, override, relu, sigmoid, softmax, tanh
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.costs import COSTS, Cost
from nnbp_cli.nn.gradient_check import GradientCheck
from nnbp_cli.nn.layers import Dense, Dropout
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.parameters import Parameters
from nnbp_cli.nn.penalties import Penalty
from tests.networks import batch, dense, planted, started

HIDDEN = [sigmoid, tanh, relu, linear]
OVERRIDES = [None, {0: sigmoid, 4: tanh}, {2: relu}, {1: linear, 3: sigmoid}]
OUTPUTS = [(cost, ACTIVATIONS[name]) for cost in COSTS.values() for name in cost.outputs]


def masks() -> np.random.Generator:
    """The same masks, each time they are asked for."""
    return np.random.default_rng(4)


def away_from_kinks(network: Network, seed: int = 1) -> tuple[Parameters, Array, Array]:
    """Parameters and a batch none of whose examples is near the kink of a ReLU, nor a weight near 0.

    Small weights would also make the gradients of deep networks small, and them hard to tell from rounding.
    """
    params = started(network, seed)
    params.weights += np.copysign(0.3, params.weights)
    inputs, outputs = params.layers[0][0].shape[1], params.layers[-1][0].shape[0]
    for attempt in range(1000):
        x, y = batch(7, inputs, outputs, seed=attempt)
        steps = network.feedforward(params, x, masks())
        if min(abs(z).min() for layer, (z, _, _) in zip(network.layers, steps) if layer.shapes) > 0.01:
            return params, x, y
    raise AssertionError("no batch without a z near 0")


def agreements(network: Network, penalty: Penalty | None = None) -> list[GradientCheck]:
    """GradientCheck in every window, parameter by parameter."""
    return list(gradient_check.check_gradient(network, *away_from_kinks(network), penalty, masks))


def agreements_along(network: Network, penalty: Penalty | None = None) -> list[GradientCheck]:
    """GradientCheck in every window along random directions."""
    place, rng = away_from_kinks(network), np.random.default_rng(5)
    return list(gradient_check.check_gradient(network, *place, penalty, masks, rng))


def held(found: list[GradientCheck]) -> bool:
    return all(each.error <= 1e-8 for each in found)


def with_dropout(network: Network, kind: type[Dropout] = Dropout) -> Network:
    """The same network with dropout after each hidden layer."""
    *hidden, output = network.layers
    layers = [each for layer in hidden for each in (layer, kind(layer.outputs, 0.3))]
    return Network((*layers, output), network.cost)


def networks(cost: Cost, output: Activation) -> Iterator[Network]:
    for hidden in HIDDEN:
        for others in OVERRIDES:
            changed = override(hidden, others) if others else hidden
            yield dense([6, 5, 3, 4], [changed, tanh, output], cost)


@pytest.mark.parametrize(("cost", "output"), OUTPUTS, ids=lambda value: value.name)
def test_backprop_matches_numerical_differentiation_for_every_hidden_activation_and_override(
    cost: Cost, output: Activation
) -> None:
    for network in networks(cost, output):
        found = agreements(network)
        assert len(found) == 6
        assert held(found), (network, found)


@pytest.mark.parametrize("output", HIDDEN, ids=lambda value: value.name)
@pytest.mark.parametrize("other", HIDDEN, ids=lambda value: value.name)
def test_backprop_matches_where_a_neuron_of_the_output_layer_is_modified(
    output: Activation, other: Activation
) -> None:
    found = agreements(dense([6, 5, 4], [sigmoid, override(output, {1: other})], costs.quadratic))
    assert held(found), found


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_backprop_matches_at_each_depth(depth: int) -> None:
    sizes = [*[8, 7, 6, 5, 4, 3][:depth], 2]
    found = agreements(dense(sizes, [tanh] * (depth - 1) + [sigmoid], costs.cross_entropy))
    assert len(found) == 2 * depth
    assert held(found), found


@pytest.mark.parametrize(
    "depth", [1, 2, *(pytest.param(depth, marks=pytest.mark.slow) for depth in (3, 4, 5))]
)
@pytest.mark.parametrize("hidden", HIDDEN, ids=lambda value: value.name)
@pytest.mark.parametrize(("cost", "output"), OUTPUTS, ids=lambda value: value.name)
def test_backprop_matches_at_each_depth_with_dropout_and_both_penalties(
    cost: Cost, output: Activation, hidden: Activation, depth: int
) -> None:
    network = with_dropout(dense([*range(9, 9 - depth, -1), 4], [hidden] * (depth - 1) + [output], cost))
    for find in (agreements, agreements_along):
        found = find(network, Penalty(l1=0.1, l2=0.2, images=20))
        assert len(found) == 2 * depth
        assert held(found), found


@pytest.mark.parametrize("penalty", [Penalty(l1=5.0, images=20), Penalty(l2=5.0, images=20)], ids=repr)
def test_the_gradient_of_a_penalty_is_part_of_the_gradient(penalty: Penalty) -> None:
    network = dense([6, 5, 4], [sigmoid, softmax], costs.log_likelihood)
    assert held(agreements(network, penalty))


def test_the_masks_of_dropout_are_part_of_the_gradient() -> None:
    """Or the tests with dropout would test the same network without it."""
    network = with_dropout(dense([6, 5, 4], [sigmoid, softmax], costs.log_likelihood))
    params, x, y = away_from_kinks(network)
    dropped, whole = network.parameters(np.float64), network.parameters(np.float64)
    network.backprop(params, x, y, dropped, masks())
    network.backprop(params, x, y, whole)
    assert not np.allclose(dropped.theta, whole.theta)


def test_a_gradient_too_small_to_be_told_from_rounding_is_no_error() -> None:
    tiny = GradientCheck(0, "W", difference=1e-12, largest=1e-10, rounding=2e-12)
    assert tiny.error == 1e-2
    assert tiny.holds
    assert not GradientCheck(0, "W", difference=1e-11, largest=1e-10, rounding=2e-12).holds
    assert not GradientCheck(0, "W", difference=1e-7, largest=1.0, rounding=2e-12).holds
    nothing = GradientCheck(0, "W", difference=0.0, largest=0.0, rounding=0.0)
    assert (nothing.error, nothing.holds) == (0.0, True)
    assert GradientCheck(0, "W", difference=1.0, largest=0.0, rounding=0.0).error == 1.0


def test_a_check_in_float32_is_refused() -> None:
    network = dense([6, 5, 4], [sigmoid, softmax], costs.log_likelihood)
    params = network.parameters(np.float32)
    with pytest.raises(TypeError, match="float64"):
        list(gradient_check.check_gradient(network, params, *batch(3, 6, 4)))


# What a wrong program would do. Each must be seen by the check above, or the check checks nothing.


def db_times(factor: Callable[[Array], float]) -> Callable[..., None]:
    def gradients(self: Dense, delta: Array, a: Array, out: tuple[Array, Array]) -> None:
        Dense.gradients(self, delta, a, out)
        out[1][...] *= factor(delta)

    return gradients


def forgetful(self: Dense, delta: Array, a: Array, out: tuple[Array, Array]) -> None:
    Dense.gradients(self, delta[1:], a[1:], out)


LAYERS = {
    "W not transposed in BP2": ("backward", lambda self, p, delta, a: delta @ p[0].T),
    "an example left out": ("gradients", forgetful),
    "no bias gradient": ("gradients", db_times(lambda delta: 0)),
    "bias gradient averaged twice": ("gradients", db_times(lambda delta: 1 / len(delta))),
}
ACTIVATIONS_WITH = {
    "tanh' returning tanh": Activation("tanh", tanh.f, lambda z, a: a),
    "sigma' of a instead of z": Activation("sigmoid", sigmoid.f, lambda z, a: sigmoid.prime(a, sigmoid.f(a))),
    "relu' of one everywhere": Activation("relu", relu.f, lambda z, a: np.ones_like(z)),
    "no slope of the override": Activation("override", override(sigmoid, {2: tanh}).f, sigmoid.prime),
}
BP1_WITHOUT = {
    "sigma-prime": lambda self, activation, z, a, y: a - y,
    "the one-half of the cost": lambda self, *args: 2 * Cost.delta(self, *args),
    "1/m": lambda self, activation, z, a, y: len(a) * Cost.delta(self, activation, z, a, y),
    "the sign": lambda self, *args: -Cost.delta(self, *args),
}


def with_planted_bugs() -> Iterator[tuple[str, Network]]:
    for name, (method, wrong) in LAYERS.items():
        kind = planted(Dense, method, wrong)
        # Square, so that a transposed W still multiplies.
        yield name, Network((kind(6, 5, sigmoid), kind(5, 5, softmax)), costs.log_likelihood)
    for name, activation in ACTIVATIONS_WITH.items():
        yield name, dense([6, 5, 4], [activation, sigmoid], costs.cross_entropy)
    for name, delta in BP1_WITHOUT.items():
        cost = planted(Cost, "delta", delta)(**vars(costs.quadratic))
        yield f"BP1 without {name}", dense([6, 5, 4], [tanh, sigmoid], cost)


PLANTED = dict(with_planted_bugs())


@pytest.mark.parametrize("find", [agreements, agreements_along])
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_caught(name: str, find: Callable[[Network], list[GradientCheck]]) -> None:
    found = find(PLANTED[name])
    assert not held(found)
    assert not all(each.holds for each in found)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda self, p, delta, mask: delta,  # applied forward alone
        lambda self, p, delta, mask: delta * (mask > 0),  # not enlarged
        lambda self, p, delta, mask: delta * mask[::-1],  # another mask
    ],
)
def test_a_bug_planted_in_dropout_is_caught(wrong: Callable[..., Array]) -> None:
    network = dense([6, 5, 4], [sigmoid, softmax], costs.log_likelihood)
    assert not held(agreements(with_dropout(network, planted(Dropout, "backward", wrong))))


def penalty_on_biases(self: Penalty, params: Parameters, gradient: Parameters) -> None:
    Penalty.add_gradient(self, params, gradient)
    gradient.theta[gradient.weights.size :] += self.l2 / self.images * params.theta[params.weights.size :]


@pytest.mark.parametrize(
    "of",
    [
        lambda p, w: -(p.l1 * np.sign(w) + p.l2 * w) / p.images,  # the wrong sign
        lambda p, w: p.l1 * np.sign(w) + p.l2 * w,  # not divided by the images
        lambda p, w: (p.l1 + p.l2 * w) / p.images,  # L1 without absolute values
        None,  # on biases
    ],
)
def test_a_bug_planted_in_a_penalty_is_caught(of: Callable[[Penalty, Array], Array] | None) -> None:
    def add_gradient(self: Penalty, params: Parameters, gradient: Parameters) -> None:
        gradient.weights += of(self, params.weights) if of else 0

    wrong = planted(Penalty, "add_gradient", add_gradient if of else penalty_on_biases)
    network = dense([6, 5, 4], [sigmoid, softmax], costs.log_likelihood)
    assert not held(agreements(network, wrong(l1=2.0, l2=5.0, images=20)))
