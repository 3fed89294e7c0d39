"""What somebody with PyTorch would write for the book's network: read the files, train, score, print."""

import gzip
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812


def read(name: str, header: int) -> np.ndarray:
    """The bytes of an IDX file after its header."""
    path = Path(sys.argv[1]) / name
    content = path.read_bytes() if path.exists() else gzip.decompress(Path(f"{path}.gz").read_bytes())
    return np.frombuffer(content, np.uint8, offset=header)


images = torch.tensor(read("train-images-idx3-ubyte", 16).reshape(-1, 784)).float() / 255
labels = torch.tensor(read("train-labels-idx1-ubyte", 8)).long()
x, y = images[:50_000], F.one_hot(labels[:50_000], 10).float()

torch.manual_seed(1)
model = nn.Sequential(nn.Linear(784, 30), nn.Sigmoid(), nn.Linear(30, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
order = torch.randperm(len(x))
for batch_x, batch_y in zip(x[order].split(10), y[order].split(10)):
    optimizer.zero_grad()
    cost = F.binary_cross_entropy_with_logits(model(batch_x), batch_y, reduction="sum") / len(batch_x)
    cost.backward()
    optimizer.step()
with torch.no_grad():
    accuracy = (model(images[50_000:]).argmax(1) == labels[50_000:]).float().mean()
print(f"epoch 1: {accuracy:.2%}", flush=True)
