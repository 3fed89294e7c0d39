"""Backpropagation again, as the book writes it: one example at a time, columns, a list of matrices.

It shares nothing with the package, not even an activation: it is what the package is compared with.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Column = Any  # (n, 1)
Function = Callable[[Column], Column]


def sigmoid(z: Column) -> Column:
    return 1 / (1 + np.exp(-z))


def softmax(z: Column) -> Column:
    return np.exp(z) / np.exp(z).sum()


FUNCTIONS: dict[str, tuple[Function, Function]] = {
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "relu": (lambda z: np.where(z > 0, z, 0), lambda z: np.where(z > 0, 1.0, 0.0)),
    "linear": (lambda z: z, lambda z: np.ones_like(z)),
}


def output_error(cost: str, output: str, z: Column, y: Column) -> Column:
    """dC/dz of the output layer, from C as the book defines it, by the whole chain rule."""
    if cost == "log-likelihood":
        a = softmax(z)
        jacobian = np.diagflat(a) - a @ a.T
        return jacobian @ (-y / a)
    f, prime = FUNCTIONS[output]
    a = f(z)
    slope = (a - y) if cost == "quadratic" else (a - y) / (a * (1 - a))
    return slope * prime(z)


def gradient(
    weights: list[Any], biases: list[Column], activations: list[str], cost: str, x: Column, y: Column
) -> tuple[list[Any], list[Column]]:
    """dC/dW and dC/db of every layer, for one example: x and y are columns."""
    a, inputs, zs = x, [], []
    for W, b, name in zip(weights, biases, activations, strict=True):
        inputs.append(a)
        zs.append(np.dot(W, a) + b)
        a = softmax(zs[-1]) if name == "softmax" else FUNCTIONS[name][0](zs[-1])
    delta = output_error(cost, activations[-1], zs[-1], y)
    dW, db = [np.dot(delta, inputs[-1].T)], [delta]
    for l in range(len(weights) - 2, -1, -1):
        delta = np.dot(weights[l + 1].T, delta) * FUNCTIONS[activations[l]][1](zs[l])
        dW.insert(0, np.dot(delta, inputs[l].T))
        db.insert(0, delta)
    return dW, db


def train(
    weights: list[Any],
    biases: list[Column],
    activations: list[str],
    cost: str,
    batches: list[tuple[Any, Any]],
    learning_rate: float,
    l2_over_n: float = 0.0,
    l1_over_n: float = 0.0,
) -> None:
    """Gradient descent in place over `batches` of rows (x, y), adding up one example after the other."""
    for rows_x, rows_y in batches:
        sum_W = [np.zeros_like(W) for W in weights]
        sum_b = [np.zeros_like(b) for b in biases]
        for x, y in zip(rows_x, rows_y, strict=True):
            dW, db = gradient(weights, biases, activations, cost, x[:, None], y[:, None])
            sum_W = [total + each for total, each in zip(sum_W, dW, strict=True)]
            sum_b = [total + each for total, each in zip(sum_b, db, strict=True)]
        rate = learning_rate / len(rows_x)
        for l in range(len(weights)):
            shrunk = (1 - learning_rate * l2_over_n) * weights[l] - learning_rate * l1_over_n * np.sign(
                weights[l]
            )
            weights[l] = shrunk - rate * sum_W[l]
            biases[l] = biases[l] - rate * sum_b[l]
