"""What somebody with scikit-learn would write for a network of the book's size: read, train, score, print."""

import gzip
import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.neural_network import MLPClassifier

warnings.simplefilter("ignore")  # that an epoch is not enough


def read(name: str, header: int) -> np.ndarray:
    """The bytes of an IDX file after its header."""
    path = Path(sys.argv[1]) / name
    content = path.read_bytes() if path.exists() else gzip.decompress(Path(f"{path}.gz").read_bytes())
    return np.frombuffer(content, np.uint8, offset=header)


x = read("train-images-idx3-ubyte", 16).reshape(-1, 784) / np.float32(255)
y = read("train-labels-idx1-ubyte", 8)

model = MLPClassifier(
    (30,),
    activation="logistic",
    solver="sgd",
    alpha=0,
    batch_size=10,
    learning_rate_init=0.5,
    momentum=0,
    max_iter=1,
    random_state=1,
)
model.fit(x[:50_000], y[:50_000])
print(f"epoch 1: {model.score(x[50_000:], y[50_000:]):.2%}", flush=True)
