"""Where PyTorch's optimizers are after 100 steps: writes tests/pytorch_optimizers.json.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.pytorch_optimizers

The problem is a bowl, C = 1/2 theta^T A theta - b^T theta, in float64, whose gradient is A theta - b. Its
numbers are in the file too, so the test that reads it needs neither PyTorch nor the same random numbers.
"""

from __future__ import annotations

import json
from math import cos
from pathlib import Path
from typing import Any

import torch

SIZE = 6
FILE = Path(__file__).parent.parent / "tests" / "pytorch_optimizers.json"

# For each of our optimizers: PyTorch's, its options there and here, and the rate.
PAIRS: dict[str, tuple[Any, dict[str, Any], dict[str, Any], float]] = {
    "sgd": (torch.optim.SGD, {}, {}, 0.05),
    "momentum": (torch.optim.SGD, {"momentum": 0.8}, {"momentum": 0.8}, 0.02),
    "nesterov": (torch.optim.SGD, {"momentum": 0.8, "nesterov": True}, {"momentum": 0.8}, 0.02),
    "rmsprop": (torch.optim.RMSprop, {"alpha": 0.95}, {"rho": 0.95}, 0.01),
    "adam": (torch.optim.Adam, {"betas": (0.8, 0.98)}, {"beta1": 0.8, "beta2": 0.98}, 0.02),
    "adamw": (
        torch.optim.AdamW,
        {"betas": (0.8, 0.98), "weight_decay": 0.3},
        {"beta1": 0.8, "beta2": 0.98, "weight_decay": 0.3},
        0.02,
    ),
}


def main() -> None:
    """Step each optimizer and write down where it ends."""
    torch.set_default_dtype(torch.float64)
    rows = torch.tensor([[cos(3 * i + 7 * j + i * j) for j in range(SIZE)] for i in range(SIZE)])
    matrix = rows @ rows.T / SIZE + torch.diag(torch.arange(1, SIZE + 1) / 4)
    target = torch.tensor([cos(5 * i) for i in range(SIZE)])
    start = torch.tensor([2 * cos(11 * i) for i in range(SIZE)])
    ends = {}
    for name, (kind, theirs, ours, rate) in PAIRS.items():
        theta = start.clone().requires_grad_()
        optimizer = kind([theta], lr=rate, **theirs)
        for _ in range(100):
            theta.grad = (matrix @ theta - target).detach()
            optimizer.step()
        ends[name] = {"options": ours, "rate": rate, "end": theta.tolist()}
    recorded = {
        "by": f"PyTorch {torch.__version__}",
        "matrix": matrix.tolist(),
        "target": target.tolist(),
        "start": start.tolist(),
        "ends": ends,
    }
    FILE.write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main()
