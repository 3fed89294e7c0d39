"""Convolution with max-pooling: by numerical differentiation, by plain loops, by hand, with planted bugs."""

from collections.abc import Callable
from itertools import product
from math import prod
from typing import Any

import numpy as np
import pytest

from nnbp_cli.nn import convolution, costs
from nnbp_cli.nn.activations import Activation, linear, relu, sigmoid, softmax, tanh
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.convolution import Cache, Convolution
from nnbp_cli.nn.gradient_check import GradientCheck, check_gradient, distance_to_kink
from nnbp_cli.nn.layers import Dense
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.parameters import Parameters
from tests import per_example, per_pixel
from tests.networks import planted

CLASSES = 4


def network(*convolutions: Convolution) -> Network:
    last = Dense(prod(convolutions[-1].outputs), CLASSES, softmax)
    return Network((*convolutions, last), costs.log_likelihood)


def away_from_kinks(of: Network, m: int = 3) -> tuple[Parameters, Array, Array]:
    rng = np.random.default_rng(1)
    params = of.parameters(np.float64)
    for _ in range(1000):
        params.theta[:] = 0.5 * rng.standard_normal(params.theta.size)
        x = rng.standard_normal((m, of.inputs))
        if distance_to_kink(of, params, x) > 2e-3:
            return params, x, np.eye(CLASSES)[np.arange(m) % CLASSES]
    raise AssertionError("no batch away from kinks")


def checked(of: Network) -> list[GradientCheck]:
    return list(check_gradient(of, *away_from_kinks(of)))


@pytest.mark.parametrize("activation", [sigmoid, tanh, relu], ids=lambda value: value.name)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("pool", "same"), list(product([1, 2, 3], [False, True])))
def test_backprop_matches_numerical_differentiation(
    pool: int, same: bool, channels: int, activation: Activation
) -> None:
    """Of pictures whose sides leave rests, in two layers, so that errors are pulled back through one."""
    for kernel in (2, 3):
        first = Convolution((5, 6, channels), 2, kernel, activation, pool, same)
        second = Convolution((*first.outputs[:2], 2), 3, 2, tanh, 1, same=True)
        found = checked(network(first, second))
        assert len(found) == 6
        assert all(each.error <= 1e-8 for each in found), found


@pytest.mark.parametrize(("pool", "same", "kernel"), list(product([1, 2, 3], [False, True], [1, 2, 3])))
def test_a_layer_is_what_plain_loops_make_of_it(
    pool: int, same: bool, kernel: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On paper that is blank for the most part, where many neurons of a square are equal; gradients of a few
    squares at a time, which leave a rest.
    """
    monkeypatch.setattr(convolution, "SQUARES", 7)
    rng = np.random.default_rng(2)
    layer = Convolution((7, 8, 2), 3, kernel, linear, pool, same)
    W, b = (rng.standard_normal(shape) for shape in layer.shapes)
    pictures = rng.random((4, 7, 8, 2)) * (rng.random((4, 7, 8, 2)) < 0.2)
    z, cache = layer.forward((W, b), pictures.reshape(4, -1), None)
    delta = rng.standard_normal(z.shape)
    dW, db = np.zeros_like(W), np.zeros_like(b)
    layer.gradients(delta, cache, (dW, db))
    pulled = layer.backward((W, b), delta, cache)

    expected_W, expected_b = np.zeros_like(W), np.zeros_like(b)
    for k, picture in enumerate(pictures):
        pooled = per_pixel.forward(W, b, picture, pool, same)
        assert pooled.shape == layer.outputs
        np.testing.assert_allclose(z[k], pooled.ravel(), rtol=1e-12, atol=1e-14)
        one_W, one_b, back = per_pixel.backward(W, b, picture, pool, same, delta[k].reshape(layer.outputs))
        np.testing.assert_allclose(pulled[k], back.ravel(), rtol=1e-12, atol=1e-14)
        expected_W, expected_b = expected_W + one_W, expected_b + one_b
    np.testing.assert_allclose(dW, expected_W, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(db, expected_b, rtol=1e-12, atol=1e-13)


def test_50_steps_end_where_plain_loops_end() -> None:
    first = Convolution((7, 8, 1), 2, 3, tanh, 2, same=True)
    second = Convolution((3, 4, 2), 3, 2, sigmoid)
    of = network(first, second)
    params, x, y = away_from_kinks(of, m=5)
    ours, gradient = params.theta.copy(), of.parameters(np.float64)
    layers = [[window.copy() for window in views] for views in params.layers]
    for step in range(50):
        rows = np.arange(3) + step % 3
        of.backprop(params, x[rows], y[rows], gradient)
        params.theta -= 0.5 * gradient.theta
        by_loops(layers, x[rows].reshape(3, 7, 8, 1), y[rows], 0.5)
    theirs = np.concatenate([each[part].ravel() for part in (0, 1) for each in layers])
    np.testing.assert_allclose(params.theta, theirs, rtol=1e-12, atol=1e-12)
    assert abs(params.theta - ours).max() > 0.1


def by_loops(layers: list[list[Any]], pictures: Array, y: Array, rate: float) -> None:
    """A step of gradient descent in place, one example after the other."""
    (W1, b1), (W2, b2), (W3, b3) = layers
    sums = [[np.zeros_like(window) for window in views] for views in layers]
    for picture, target in zip(pictures, y):
        z1 = per_pixel.forward(W1, b1, picture, 2, same=True)
        a1 = np.tanh(z1)
        z2 = per_pixel.forward(W2, b2, a1, 1, same=False)
        a2 = per_example.sigmoid(z2)
        z3 = W3 @ a2.reshape(-1, 1) + b3[:, None]
        delta3 = per_example.output_error("log-likelihood", "softmax", z3, target[:, None])
        delta2 = (W3.T @ delta3).reshape(z2.shape) * a2 * (1 - a2)
        dW2, db2, back = per_pixel.backward(W2, b2, a1, 1, False, delta2)
        dW1, db1, _ = per_pixel.backward(W1, b1, picture, 2, True, back * (1 - a1**2))
        gradients = ((dW1, db1), (dW2, db2), (delta3 @ a2.reshape(1, -1), delta3[:, 0]))
        for sum_of, one in zip(sums, gradients, strict=True):
            sum_of[0] += one[0]
            sum_of[1] += one[1]
    for views, total in zip(layers, sums):
        views[0] -= rate * total[0] / len(y)
        views[1] -= rate * total[1] / len(y)


def test_of_equal_neurons_the_first_of_the_square_gets_the_error() -> None:
    layer = Convolution((2, 2, 1), 1, 1, linear, 2)
    params = (np.ones((1, 1, 1, 1)), np.zeros(1))
    for pixels, pulled in (
        ([5, 5, 5, 5], [1, 0, 0, 0]),
        ([0, 5, 5, 5], [0, 1, 0, 0]),
        ([0, 1, 5, 5], [0, 0, 1, 0]),
    ):
        _, cache = layer.forward(params, np.array([pixels], float), None)
        assert layer.backward(params, np.ones((1, 1)), cache).tolist() == [pulled]


def test_what_a_layer_says_of_itself() -> None:
    layer = Convolution((28, 27, 3), 20, 5, relu, 2)
    assert layer.outputs == (12, 11, 20)
    assert Convolution((28, 27, 3), 20, 4, relu, 3, same=True).outputs == (9, 9, 20)
    assert layer.fans == (75, 125)
    assert layer.inputs == 28 * 27 * 3
    assert layer.work == 12 * 11 * 4 * 20 * 5 * 6 * 3


def test_float32_stays_float32() -> None:
    of = network(Convolution((6, 6, 1), 2, 3, relu, 2))
    params, gradient = of.parameters(), of.parameters()
    params.theta[:] = 0.1
    z, a = of.backprop(params, np.ones((2, 36), np.float32), np.eye(CLASSES, dtype=np.float32)[:2], gradient)
    assert {z.dtype, a.dtype, gradient.theta.dtype} == {np.dtype(np.float32)}
    layer = of.layers[0]
    _, cache = layer.forward(params.layers[0], np.ones((2, 36), np.float32), None)
    assert layer.backward(params.layers[0], np.ones((2, 8), np.float32), cache).dtype == np.float32


def flipped(self: Convolution, p: Any, delta: Array, cache: Cache) -> Array:
    return Convolution.backward(self, p, delta, cache._replace(weights=self._expanded(p[0][:, ::-1, ::-1])))


def overwritten(self: Convolution, p: Any, delta: Array, cache: Cache) -> Array:
    padded, pictures = self._padded(len(delta), delta.dtype)
    windows = self._windows(padded)
    errors = self._errors(delta.reshape(-1, self.maps), cache.is_largest)
    pulled = (np.concatenate(errors, axis=1) @ cache.weights).reshape(windows.shape)
    for i, j in np.ndindex(windows.shape[1:3]):
        windows[:, i, j] = pulled[:, i, j]
    return pictures.reshape(len(delta), -1)


def shifted(self: Convolution, p: Any, delta: Array, cache: Cache) -> Array:
    return np.roll(Convolution.backward(self, p, delta, cache), 2, axis=1)


def errors_times(factor: Callable[[Array], Array]) -> Callable[..., Array]:
    """The error of each square times a factor for each of its neurons, (pool pool, 1, 1)."""
    return lambda self, delta, is_largest: factor(is_largest) * delta


def gradients_then(change: Callable[[Convolution, Array, Array], object]) -> Callable[..., None]:
    """The right gradients, changed."""

    def gradients(self: Convolution, delta: Array, cache: Cache, out: Any) -> None:
        Convolution.gradients(self, delta, cache, out)
        change(self, *out)

    return gradients


def without_a_place(self: Convolution, delta: Array, cache: Cache, out: Any) -> None:
    others = cache.is_largest & (np.arange(self.pool**2) != 1)[:, None, None]
    Convolution.gradients(self, delta, cache._replace(is_largest=others), out)


FIRST = np.array([1, 0, 0, 0])[:, None, None]
PLANTED: dict[str, tuple[str, Callable[..., Any]]] = {
    "a kernel turned in backward": ("backward", flipped),
    "overlaps overwritten": ("backward", overwritten),
    "padding taken off at the wrong place": ("backward", shifted),
    "the error for all of a square": ("_errors", errors_times(lambda largest: np.ones((4, 1, 1)))),
    "the error for the first of a square": ("_errors", errors_times(lambda largest: FIRST)),
    "the mean of the square": ("_errors", errors_times(lambda largest: np.full((4, 1, 1), 0.25))),
    "an example left out": (
        "_errors",
        errors_times(lambda largest: largest * (np.arange(len(largest[0])) < len(largest[0]) - 9)[:, None]),
    ),
    "a kernel's gradient transposed": (
        "gradients",
        gradients_then(lambda self, dW, db: np.copyto(dW, dW.transpose(0, 2, 1, 3).copy())),
    ),
    "a place of the kernel left out": ("gradients", without_a_place),
    "the bias of a mean square": (
        "gradients",
        gradients_then(lambda self, dW, db: np.divide(db, prod(self.outputs[:2]), out=db)),
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_caught(name: str) -> None:
    kinds: dict[type[Convolution], bool] = {Convolution: True, planted(Convolution, *PLANTED[name]): False}
    for kind, holds in kinds.items():
        first = Convolution((6, 7, 1), 2, 3, sigmoid, 1, same=True)
        found = checked(network(first, kind((6, 7, 2), 3, 3, tanh, 2, True)))
        assert all(each.holds for each in found) == holds, found
