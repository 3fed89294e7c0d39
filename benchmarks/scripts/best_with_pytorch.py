"""configs/best_mlp.toml as somebody with PyTorch would write it: FOLDER EPOCHS SEED, with two threads.

Every batch is distorted as the textbook says, by batched operations: noise, smoothed by a product
with a matrix on either side, an affine map, and `grid_sample`.
"""

import gzip
import math
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

FOLDER, EPOCHS, SEED = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
SIDE, BATCH, RATE, SMOOTHING = 28, 256, 2e-3, 0.05
FINISH, FINISH_RATE = 3, 4e-4  # the last epochs, with images as they are
ELASTIC, SIGMA, ROTATION, SCALING, SHEAR = 34, 4, 15, 0.15, 0.15


def read(name: str, header: int) -> np.ndarray:
    """The bytes of an IDX file after its header."""
    path = FOLDER / name
    content = path.read_bytes() if path.exists() else gzip.decompress(Path(f"{path}.gz").read_bytes())
    return np.frombuffer(content, np.uint8, offset=header)


def pictures(name: str) -> torch.Tensor:
    """Images, (n, 1, rows, columns), from 0 to 1."""
    return torch.tensor(read(name, 16).reshape(-1, 1, SIDE, SIDE)).float() / 255


distance = torch.arange(SIDE)[:, None] - torch.arange(SIDE)
smooth = torch.exp(-(distance**2) / (2 * SIGMA**2)) / math.sqrt(2 * math.pi * SIGMA**2)


def distorted(x: torch.Tensor) -> torch.Tensor:
    """Images, (n, 1, rows, columns), each distorted in its own way."""
    turn, wider, higher, lean = 2 * torch.rand(4, len(x)) - 1
    turn, lean = math.radians(ROTATION) * turn, SHEAR * lean
    cos, sin, width, height = turn.cos(), turn.sin(), 1 + SCALING * wider, 1 + SCALING * higher
    zero = torch.zeros(len(x))
    rows = [(cos - lean * sin) / width, (-sin - lean * cos) / width, zero], [sin / height, cos / height, zero]
    points = F.affine_grid(
        torch.stack([torch.stack(row, 1) for row in rows], 1), x.shape, align_corners=False
    )
    push = smooth @ (2 * torch.rand(len(x), 2, SIDE, SIDE) - 1) @ smooth
    points += (ELASTIC * 2 / SIDE) * push.permute(0, 2, 3, 1)
    return F.grid_sample(x, points, align_corners=False)


torch.manual_seed(SEED)
torch.set_num_threads(2)
images, labels = pictures("train-images-idx3-ubyte"), torch.tensor(read("train-labels-idx1-ubyte", 8)).long()
x, y = images[:55_000], labels[:55_000]
model = nn.Sequential(
    nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
)
for layer in model:
    if isinstance(layer, nn.Linear):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
per_epoch = math.ceil(len(x) / BATCH)
steps, last = (EPOCHS - FINISH) * per_epoch, FINISH * per_epoch
warmup = 0.1 * steps
optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=1e-4, fused=True)


def rate(t: int) -> float:
    """The learning rate of step t, as a share of RATE: warm-up, cosine, and a straight line at the end."""
    if t >= steps:
        return FINISH_RATE / RATE * (1 - (t - steps) / last)
    return t / warmup if t < warmup else (1 + math.cos(math.pi * (t - warmup) / (steps - warmup))) / 2


schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)


def accuracy(x: torch.Tensor, y: torch.Tensor) -> float:
    """The share that is recognized."""
    with torch.inference_mode():
        return float((model(x).argmax(1) == y).float().mean())


for epoch in range(EPOCHS):
    for some in torch.randperm(len(x)).split(BATCH):
        optimizer.zero_grad()
        seen = distorted(x[some]) if epoch < EPOCHS - FINISH else x[some]
        F.cross_entropy(model(seen), y[some], label_smoothing=SMOOTHING).backward()
        optimizer.step()
        schedule.step()
    print(f"epoch {epoch + 1}: {accuracy(images[55_000:], labels[55_000:]):.2%}", flush=True)
test = pictures("t10k-images-idx3-ubyte"), torch.tensor(read("t10k-labels-idx1-ubyte", 8)).long()
print(f"test {accuracy(*test):.6f}", flush=True)
