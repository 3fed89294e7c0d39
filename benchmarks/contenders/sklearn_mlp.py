"""scikit-learn's MLPClassifier, float32. A call of partial_fit is an epoch.

It is given the images in their order, which costs it less time than its own way of shuffling. Given rows of
zeros and ones instead of labels, it has sigmoid outputs and cross-entropy.
"""

from __future__ import annotations

import numpy as np
from sklearn.neural_network import MLPClassifier

from benchmarks.job import Arrays, Job, one_hot, order


class Contender:
    """See `benchmarks.job`."""

    def __init__(self, job: Job, arrays: Arrays) -> None:
        self.arrays, self.epoch = arrays, 0
        self.x = arrays.images / np.float32(255)
        self.shuffled = np.empty_like(self.x)
        self.y = one_hot(arrays.labels).astype(int) if job.hidden == "sigmoid" else arrays.labels
        self.model = MLPClassifier(
            job.sizes[1:-1],
            activation="logistic" if job.hidden == "sigmoid" else "relu",
            solver="sgd",
            alpha=0,
            batch_size=job.batch_size,
            learning_rate_init=job.learning_rate,
            momentum=job.momentum,
            nesterovs_momentum=False,
            shuffle=False,
            random_state=1,
        )
        # It draws its weights in the first call: let it, then put those of all contenders in their place.
        self.model.partial_fit(self.x[: job.batch_size], self.y[: job.batch_size], classes=np.arange(10))
        for W, b, (start_W, start_b) in zip(self.model.coefs_, self.model.intercepts_, arrays.start):
            W[...], b[...] = start_W.T, start_b
        for velocity in self.model._optimizer.velocities:
            velocity[...] = 0

    def train(self) -> None:
        """See `benchmarks.job`."""
        images = order(len(self.x), self.epoch)
        np.take(self.x, images, axis=0, out=self.shuffled, mode="clip")  # without "clip" it would be a copy
        self.model.partial_fit(self.shuffled, self.y[images])
        self.epoch += 1

    def accuracy(self) -> float:
        """See `benchmarks.job`."""
        a = self.model.predict_proba(self.arrays.validation_images / np.float32(255))
        return float((a.argmax(axis=1) == self.arrays.validation_labels).mean())
