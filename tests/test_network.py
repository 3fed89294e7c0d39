"""The network and its parameters: by hand, by another implementation, and at the edges."""

import re
from math import exp, log, tanh
from pathlib import Path

import numpy as np
import pytest

import nnbp_cli.nn
from nnbp_cli.nn import activations, costs, initializers
from nnbp_cli.nn.activations import ACTIVATIONS, linear, override, sigmoid, softmax
from nnbp_cli.nn.costs import COSTS
from nnbp_cli.nn.layers import SMALL_BATCH
from nnbp_cli.nn.parameters import Parameters
from tests import per_example
from tests.networks import batch, dense, started


def test_a_2_2_1_network_stepped_by_hand() -> None:
    network = dense([2, 2, 1], [sigmoid, sigmoid], costs.quadratic)
    params = network.parameters(np.float64)
    (W1, b1), (W2, b2) = params.layers
    W1[...] = [[0.1, 0.2], [0.3, 0.4]]
    b1[...] = [0.5, -0.5]
    W2[...] = [[0.6, -0.7]]
    b2[...] = [0.8]
    gradient = network.parameters(np.float64)

    network.backprop(params, np.array([[1.0, 2.0]]), np.array([[1.0]]), out=gradient)

    # z1 = [0.1 + 0.4 + 0.5, 0.3 + 0.8 - 0.5] = [1.0, 0.6]
    a1 = [1 / (1 + exp(-1.0)), 1 / (1 + exp(-0.6))]  # 0.7311, 0.6457
    a2 = 1 / (1 + exp(-(0.6 * a1[0] - 0.7 * a1[1] + 0.8)))  # 0.6866
    delta2 = (a2 - 1) * a2 * (1 - a2)  # -0.0674
    delta1 = [0.6 * delta2 * a1[0] * (1 - a1[0]), -0.7 * delta2 * a1[1] * (1 - a1[1])]
    (dW1, db1), (dW2, db2) = gradient.layers
    np.testing.assert_allclose(db2, [delta2], rtol=1e-14)
    np.testing.assert_allclose(dW2, [[delta2 * a1[0], delta2 * a1[1]]], rtol=1e-14)
    np.testing.assert_allclose(db1, delta1, rtol=1e-14)
    np.testing.assert_allclose(dW1, [[delta1[0], 2 * delta1[0]], [delta1[1], 2 * delta1[1]]], rtol=1e-14)


@pytest.mark.parametrize("m", [7, SMALL_BATCH, 2 * SMALL_BATCH + 1])
def test_a_batch_has_the_mean_of_its_examples_gradients(m: int) -> None:
    network = dense([6, 5, 4], [activations.tanh, softmax], costs.log_likelihood)
    params, x, y = started(network), *batch(m, 6, 4)
    whole, one = network.parameters(np.float64), network.parameters(np.float64)
    network.backprop(params, x, y, out=whole)

    mean = np.zeros_like(whole.theta)
    for k in range(m):
        network.backprop(params, x[k : k + 1], y[k : k + 1], out=one)
        mean += one.theta / m

    np.testing.assert_allclose(whole.theta, mean, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("cost", COSTS.values(), ids=lambda cost: cost.name)
@pytest.mark.parametrize("hidden", ["sigmoid", "tanh", "relu", "linear"])
def test_gradients_are_those_of_the_per_example_implementation(cost: costs.Cost, hidden: str) -> None:
    for output in cost.outputs:
        network = dense([6, 5, 3, 4], [ACTIVATIONS[hidden], sigmoid, ACTIVATIONS[output]], cost)
        params, x, y = started(network), *batch(1, 6, 4)
        gradient = network.parameters(np.float64)
        network.backprop(params, x, y, out=gradient)

        dW, db = per_example.gradient(
            [W for W, _ in params.layers],
            [b[:, None] for _, b in params.layers],
            [hidden, "sigmoid", output],
            cost.name,
            x.T,
            y.T,
        )

        for (ours_W, ours_b), theirs_W, theirs_b in zip(gradient.layers, dW, db, strict=True):
            np.testing.assert_allclose(ours_W, theirs_W, rtol=1e-11, atol=1e-15)
            np.testing.assert_allclose(ours_b[:, None], theirs_b, rtol=1e-11, atol=1e-15)


def test_a_linear_network_is_one_matrix() -> None:
    network = dense([6, 5, 3, 4], [linear] * 3, costs.quadratic)
    params, x, _ = started(network), *batch(7, 6, 4)
    (W1, b1), (W2, b2), (W3, b3) = params.layers

    W = W3 @ W2 @ W1
    b = W3 @ (W2 @ b1 + b2) + b3

    np.testing.assert_allclose(network.predict(params, x), x @ W.T + b, rtol=1e-12)


def test_a_modified_neuron_changes_its_own_activation_and_no_other() -> None:
    z = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
    changed = override(linear, {1: activations.tanh})

    a = changed.f(z)

    np.testing.assert_array_equal(a[:, [0, 2]], z[:, [0, 2]])
    assert a[0, 1] == pytest.approx(tanh(-1.0))
    assert z[0, 1] == -1.0, "linear.f(z) is z itself; overriding a neuron must not change z"
    assert changed.name == "linear (neuron 1 tanh)"


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=lambda value: value.name)
def test_float32_stays_float32(activation: activations.Activation) -> None:
    z = np.linspace(-3, 3, 12, dtype=np.float32).reshape(3, 4)
    a = activation.f(z)
    assert a.dtype == np.float32
    if activation is not softmax:
        assert activation.prime(z, a).dtype == np.float32
        assert override(sigmoid, {1: activation}).prime(z, a).dtype == np.float32


@pytest.mark.parametrize("cost", COSTS.values(), ids=lambda cost: cost.name)
def test_a_saturated_output_has_a_finite_cost_and_gradient(cost: costs.Cost) -> None:
    network = dense([6, 5, 4], [sigmoid, cost.partner], cost)
    params, x, y = started(network, dtype=np.float32), *batch(7, 6, 4)
    params.layers[1][1][...] = [1e4, -1e4, 0, 1e4]
    gradient = network.parameters()

    network.backprop(params, x.astype(np.float32), y.astype(np.float32), out=gradient)

    assert np.isfinite(network.costs(params, x.astype(np.float32), y.astype(np.float32))).all()
    assert np.isfinite(gradient.theta).all()


def test_softmax_makes_no_denormal_numbers() -> None:
    a = softmax.f(np.array([[0, -90, -100, -1000]], dtype=np.float32))
    assert (a[a > 0] >= np.finfo(np.float32).tiny).all()
    assert a.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        (costs.quadratic, 0.5 * (0.3**2 + 0.4**2)),
        (costs.cross_entropy, -(log(0.7) + log(0.6))),
        (costs.log_likelihood, -log(0.7 / 1.1)),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_cost_is_what_its_formula_says(cost: costs.Cost, expected: float) -> None:
    a = np.array([[0.7, 0.4]])
    z = {"quadratic": a, "cross-entropy": np.log(a / (1 - a)), "log-likelihood": np.log(a)}[cost.name]
    assert cost.values(z, a, np.array([[1.0, 0.0]])) == pytest.approx([expected])


def test_the_short_form_of_bp1_is_the_long_one() -> None:
    """delta = a - y, for each cost and its partner, against grad_a C times the derivative of the output."""
    z = np.array([[0.3, -1.2, 0.8], [2.0, 0.1, -0.4]])
    y = np.array([[0.0, 1.0, 0.0], [0.2, 0.1, 0.7]])
    for cost in (costs.quadratic, costs.cross_entropy):
        a = cost.partner.f(z)
        long = cost.gradient(a, y) * cost.partner.prime(z, a)
        np.testing.assert_allclose(cost.delta(cost.partner, z, a, y), long, rtol=1e-12)
    a = softmax.f(z)
    for k in range(2):
        jacobian = np.diag(a[k]) - np.outer(a[k], a[k])  # da/dz
        long = jacobian @ costs.log_likelihood.gradient(a, y)[k]
        np.testing.assert_allclose(costs.log_likelihood.delta(softmax, z, a, y)[k], long, rtol=1e-12)


def test_softmax_refuses_to_have_an_elementwise_derivative() -> None:
    with pytest.raises(TypeError, match="softmax"):
        softmax.prime(np.ones((1, 2)), np.ones((1, 2)))


def test_parameters_are_one_aligned_vector_with_windows() -> None:
    params = Parameters([((5, 6), (5,)), (), ((4, 5), (4,))], np.float32)
    params.theta[:] = np.arange(params.theta.size)
    (W1, b1), nothing, (W2, b2) = params.layers

    assert params.theta.ctypes.data % 64 == 0
    assert nothing == ()
    np.testing.assert_array_equal(
        np.concatenate([W1.ravel(), W2.ravel(), b1, b2]), params.theta, "every W, then every b"
    )
    np.testing.assert_array_equal(params.weights, params.theta[: 30 + 20])
    W2[3, 4] = -1
    assert params.theta[49] == -1, "a window is a view"


@pytest.mark.parametrize(
    ("name", "weights", "biases"),
    [
        ("default", 1 / 30, 1),
        ("large", 1, 1),
        ("glorot", 2 / (900 + 200), 0),
        ("he", 2 / 900, 0),
        ("network3", 1 / 200, 1),
    ],
)
def test_an_initializer_draws_with_its_variance(name: str, weights: float, biases: float) -> None:
    network = dense([900, 200, 10], [sigmoid, sigmoid], costs.quadratic)
    params = network.parameters(np.float64)
    initializers.INITIALIZERS[name].fill(network, params, np.random.default_rng(0))
    W, b = params.layers[0]
    variance = weights**2 if name == "default" else weights

    assert W.var() == pytest.approx(variance, rel=0.02)
    assert abs(W.mean()) < 0.02 * W.std()
    assert b.var() == pytest.approx(biases, rel=0.3, abs=0)
    assert (not params.layers[1][0].any()) == (name == "network3"), "the book's program of chapter 6"


def test_float32_and_float64_start_at_the_same_point() -> None:
    network = dense([6, 5, 4], [sigmoid, sigmoid], costs.quadratic)
    np.testing.assert_array_equal(
        started(network, dtype=np.float32).theta, started(network).theta.astype(np.float32)
    )


def test_each_equation_of_the_book_is_tagged_once() -> None:
    folder = Path(nnbp_cli.nn.__file__).parent
    comments = re.findall(r"#.*\b(BP[1-4])\b", "\n".join(path.read_text() for path in folder.glob("*.py")))
    assert sorted(comments) == ["BP1", "BP2", "BP3", "BP4"]
