"""The book's loop, network2.py of its chapter 3: one example after the other, as columns, float64."""

from __future__ import annotations

import numpy as np

from benchmarks.job import Array, Arrays, Job, one_hot, order


def sigmoid(z: Array) -> Array:
    """The book's."""
    return 1 / (1 + np.exp(-z))


class Contender:
    """See `benchmarks.job`. It knows the book's network alone: sigmoid and cross-entropy."""

    def __init__(self, job: Job, arrays: Arrays) -> None:
        self.job, self.arrays = job, arrays
        self.epoch = 0
        self.x = [image[:, None] / 255 for image in arrays.images]
        self.y = list(one_hot(arrays.labels).astype(float)[:, :, None])
        self.weights = [W.astype(float) for W, _ in arrays.start]
        self.biases = [b[:, None].astype(float) for _, b in arrays.start]
        self.velocity = [np.zeros_like(each) for each in self.weights + self.biases]

    def train(self) -> None:
        """See `benchmarks.job`."""
        images, m = order(self.job.images, self.epoch), self.job.batch_size
        for k in range(0, len(images), m):
            self.step(images[k : k + m])
        self.epoch += 1

    def step(self, batch: Array) -> None:
        """Add up the gradients of the examples, then go down."""
        sums = [np.zeros_like(each) for each in self.weights + self.biases]
        for i in batch:
            sums = [total + each for total, each in zip(sums, self.backprop(self.x[i], self.y[i]))]
        rate, layers = self.job.learning_rate / len(batch), len(self.weights)
        if self.job.momentum:
            pairs = zip(self.velocity, sums)
            self.velocity = moves = [self.job.momentum * v - rate * total for v, total in pairs]
        else:
            moves = [-rate * total for total in sums]
        self.weights = [W + move for W, move in zip(self.weights, moves[:layers])]
        self.biases = [b + move for b, move in zip(self.biases, moves[layers:])]

    def backprop(self, x: Array, y: Array) -> list[Array]:
        """dC/dW of every layer, then dC/db, for one example."""
        activations = [x]
        for W, b in zip(self.weights, self.biases):
            activations.append(sigmoid(np.dot(W, activations[-1]) + b))
        deltas = [activations[-1] - y]
        for W, a in zip(self.weights[:0:-1], activations[-2:0:-1]):
            deltas.insert(0, np.dot(W.T, deltas[0]) * (a * (1 - a)))
        return [np.dot(delta, a.T) for delta, a in zip(deltas, activations)] + deltas

    def accuracy(self) -> float:
        """See `benchmarks.job`."""
        a = self.arrays.validation_images.T / 255
        for W, b in zip(self.weights, self.biases):
            a = sigmoid(np.dot(W, a) + b)
        return float((a.argmax(axis=0) == self.arrays.validation_labels).mean())
