"""A gradient is right when it matches numerical differentiation, for every parameter, in float64."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from nnbp_cli.nn import costs, gradient_check
from nnbp_cli.nn.activations import ACTIVATIONS, Activation, linear, override, relu, sigmoid, softmax, tanh
from nnbp_cli.nn.costs import COSTS, Cost
from nnbp_cli.nn.gradient_check import Agreement
from nnbp_cli.nn.layers import Dense
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.penalties import Penalty
from tests.networks import batch, dense, started

HIDDEN = [sigmoid, tanh, relu, linear]
OVERRIDES = [None, {0: sigmoid, 4: tanh}, {2: relu}, {1: linear, 3: sigmoid}]
OUTPUTS = [(cost, ACTIVATIONS[name]) for cost in COSTS.values() for name in cost.outputs]


def agreements(network: Network, penalty: Penalty | None = None, seed: int = 1) -> list[Agreement]:
    """Agreement in every window, on examples none of which is near the kink of a ReLU."""
    params = started(network, seed)
    inputs, outputs = params.layers[0][0].shape[1], params.layers[-1][0].shape[0]
    for attempt in range(100):
        x, y = batch(7, inputs, outputs, seed=attempt)
        if min(abs(z).min() for z, _, _ in network.feedforward(params, x)) > 0.01:
            return list(gradient_check.compare(network, params, x, y, penalty))
    raise AssertionError("no batch without a z near 0")


def held(found: list[Agreement]) -> bool:
    return all(each.error <= 1e-8 for each in found)


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


def test_the_gradient_of_the_l2_penalty_is_part_of_the_gradient() -> None:
    network = dense([6, 5, 4], [sigmoid, softmax], costs.log_likelihood)
    assert held(agreements(network, Penalty(l2=5.0, images=20)))


def test_a_check_in_float32_is_refused() -> None:
    network = dense([6, 5, 4], [sigmoid, softmax], costs.log_likelihood)
    params = network.parameters(np.float32)
    with pytest.raises(TypeError, match="float64"):
        list(gradient_check.compare(network, params, *batch(3, 6, 4)))


# What a wrong program would do. Each must be seen by the check above, or the check checks nothing.


class DenseWithTransposedPullBack(Dense):
    def pull_back(self, p, delta, a, /):  # type: ignore[no-untyped-def]
        return delta @ p[0].T


class DenseThatForgetsOneExample(Dense):
    def gradients(self, delta, a, out, /):  # type: ignore[no-untyped-def]
        super().gradients(delta[1:], a[1:], out)


class DenseWithoutBiasGradient(Dense):
    def gradients(self, delta, a, out, /):  # type: ignore[no-untyped-def]
        super().gradients(delta, a, out)
        out[1][...] = 0


class DenseWithMeanBiasGradient(Dense):
    def gradients(self, delta, a, out, /):  # type: ignore[no-untyped-def]
        super().gradients(delta, a, out)
        out[1][...] /= len(delta)


def planted_layer(kind: type[Dense]) -> Network:
    layers = (kind(6, 5, sigmoid), kind(5, 5, softmax))  # square, so that a transposed W still multiplies
    return Network(layers, costs.log_likelihood)


def planted_activation(wrong: Activation) -> Network:
    return dense([6, 5, 4], [wrong, sigmoid], costs.cross_entropy)


def cost_without(name: str) -> Network:
    right = costs.quadratic

    class Wrong(Cost):
        def delta(self, activation, z, a, y):  # type: ignore[no-untyped-def]
            return {
                "sigma-prime": a - y,
                "the one-half of the cost": 2 * right.delta(activation, z, a, y),
                "1/m": len(a) * right.delta(activation, z, a, y),
                "the sign": -right.delta(activation, z, a, y),
            }[name]

    return dense(
        [6, 5, 4],
        [tanh, sigmoid],
        Wrong(right.name, right.partner, right.outputs, right.values, right.gradient),
    )


PLANTED = {
    "W not transposed in BP2": planted_layer(DenseWithTransposedPullBack),
    "an example left out": planted_layer(DenseThatForgetsOneExample),
    "no bias gradient": planted_layer(DenseWithoutBiasGradient),
    "bias gradient averaged twice": planted_layer(DenseWithMeanBiasGradient),
    "tanh' returns tanh": planted_activation(Activation("tanh", tanh.f, lambda z, a: a)),
    "sigma' of a instead of z": planted_activation(
        Activation("sigmoid", sigmoid.f, lambda z, a: sigmoid.f(a) * (1 - sigmoid.f(a)))
    ),
    "relu' is one everywhere": planted_activation(Activation("relu", relu.f, lambda z, a: np.ones_like(z))),
    "override forgets the slope": planted_activation(
        Activation("override", override(sigmoid, {2: tanh}).f, sigmoid.prime)
    ),
    **{
        f"BP1 without {name}": cost_without(name)
        for name in ("sigma-prime", "the one-half of the cost", "1/m", "the sign")
    },
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_caught(name: str) -> None:
    assert not held(agreements(PLANTED[name]))
