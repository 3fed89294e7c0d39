"""Whether a training takes the memory that the check of its config says it will."""

from pathlib import Path

import pytest

from nnbp_cli import config
from nnbp_cli.config.build import needed_memory
from tests.peak_memory import measured, output_with_peak

WIDE = """
data = {name = "synthetic", size = 300, validation = 50}

[network]
cost = "log-likelihood"
layers = [{neurons = 12000, activation = "sigmoid"}, {neurons = 10, activation = "softmax"}]

[training]
epochs = 1
batch_size = 20
learning_rate = 0.001
threads = 1
"""
# A small network first, so that what has to be imported is.
PROGRAM = """
import sys
from pathlib import Path
from nnbp_cli.__main__ import main
settings = sys.argv[1:]
def train(name, *settings):
    given = (word for each in settings for word in ("--set", each))
    sys.argv = ["nnbp", "train", "--config", "wide.toml", "-q", "--out", name, "--data-dir", ".", *given]
    try:
        main()
    except SystemExit as end:
        assert not end.code
train("small", *settings, "network.layers.0.neurons=5")
before = peak()
train("large", *settings)
print(peak() - before)
"""


def test_what_parameters_are_drawn_from_is_counted() -> None:
    wide = config.loads(WIDE, "wide.toml")
    least = 12_000 * 784 * (4 + 4 + 8)  # theta, the one to keep, and float64
    assert needed_memory(config.build(wide.network, (28, 28)), wide.training) > least


@pytest.mark.slow
@measured
@pytest.mark.parametrize(
    "settings",
    [
        [],
        ["training.l1=1"],
        ["training.optimizer=adam"],
        ["training.batch_size=250"],
        ["training.engine=compiled"],
        ["training.engine=compiled", "training.optimizer=adam"],
        ["training.batch_size=250", "network.layers.0.dropout=0.5", "training.l2=1"],
        ["training.optimizer=momentum", "training.watch=['layer speed', 'validation accuracy']"],
    ],
    ids=" ".join,
)
def test_a_training_takes_what_was_said_at_its_peak(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wide.toml").write_text(WIDE)
    taken = int(output_with_peak(PROGRAM, *settings)[-1])
    wide = config.load("wide.toml", settings)
    said = needed_memory(config.build(wide.network, (28, 28)), wide.training)
    print(f"{taken / 2**20:.0f} MiB taken, {said / 2**20:.0f} MiB said")
    assert 0.85 * said < taken < 1.15 * said
