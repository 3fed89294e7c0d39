"""Ten trainings of 50 steps end where PyTorch's do, as `python -m benchmarks.trajectories --record` wrote."""

import json
from pathlib import Path

import numpy as np
import pytest

from nnbp_cli import config
from nnbp_cli.nn.costs import COSTS
from nnbp_cli.nn.initializers import INITIALIZERS
from nnbp_cli.nn.optimizers import OPTIMIZERS
from tests.trajectories import STEPS, Case, fingerprint, trajectory

RECORDED = json.loads(Path(__file__).with_name("trajectories.json").read_text(encoding="utf-8"))
CASES = []
for number, end in enumerate(RECORDED["ends"]):
    recorded = config.loads(end["config"], f"case {number}")
    CASES.append(Case(number, recorded.network, recorded.training, end["images"]))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.number}")
def test_50_steps_end_where_pytorch_ends(case: Case) -> None:
    end = RECORDED["ends"][case.number]
    ours = trajectory(case)
    assert len(ours.thetas) == STEPS
    scale = max(1.0, abs(ours.thetas[-1]).max())
    np.testing.assert_allclose(fingerprint(case, ours.thetas[-1]), end["windows"], rtol=0, atol=1e-10 * scale)
    assert ours.cost == pytest.approx(end["cost"], rel=1e-10)


def test_the_ten_have_every_cost_output_optimizer_initializer_penalty_and_size_of_a_last_batch() -> None:
    assert len(CASES) == 10
    outputs = {(case.network.cost, case.network.layers[-1].activation) for case in CASES}
    assert outputs == {(cost, output) for cost in COSTS for output in COSTS[cost].outputs}
    training = [case.training for case in CASES]
    assert {each.optimizer for each in training} == set(OPTIMIZERS)
    assert {case.network.initializer for case in CASES} == set(INITIALIZERS) - {"network3"}
    for name in ("l1", "l2", "label_smoothing", "warmup"):
        assert any(getattr(each, name) for each in training), name
    assert len({len(case.network.layers) for case in CASES}) >= 3
    assert any(case.images % case.training.batch_size for case in CASES)
    hidden = {layer.activation for case in CASES for layer in case.network.layers[:-1]}
    assert hidden == {"sigmoid", "tanh", "relu", "linear"}
    schedules = {each.schedule for each in training}
    assert schedules >= {"constant", "linear", "cosine", "step", "exponential"}
