"""What a change touches, as docs/architecture.md says: an activation, an optimizer and a layer are added to a
copy of the package, in those files and no others, and everything that there is works with them.
"""

import os
import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

import nnbp_cli
from nnbp_cli.models import onnx as onnx_model
from nnbp_cli.models import safetensors as tensors
from nnbp_cli.nn.activations import ACTIVATIONS

pytestmark = pytest.mark.slow


def test_exports_and_page_know_every_activation() -> None:
    script = resources.files("nnbp_cli.report").joinpath("network.js").read_text(encoding="utf-8")
    (table,) = re.findall(r"const ACTIVATIONS = \{(.*?)\n\};", script, re.DOTALL)
    in_page = set(re.findall(r"^  (\w+)[:,]", table, re.MULTILINE))
    assert in_page == set(onnx_model.OPERATORS) == set(tensors.MODULES) == set(ACTIVATIONS)


Edits = list[tuple[str, str, str]]  # of what is added: in which file, before what, and what

SOFTPLUS = [
    (
        "nn/activations.py",
        "softmax = Activation(",
        'softplus = Activation("softplus", lambda z: np.logaddexp(z, 0), lambda z, a: sigmoid.f(z))\n',
    ),
    ("nn/activations.py", "softmax)", "softplus, "),
    ("config/schema.py", '"linear"', '"softplus", '),
    ("models/onnx.py", '"relu": "Relu"', '"softplus": "Softplus", '),
    ("models/safetensors.py", '"relu": "nn.ReLU()"', '"softplus": "nn.Softplus()", '),
    (
        "report/network.js",
        "  linear: (z)",
        "  softplus: (z) => z.map((x) => Math.log1p(Math.exp(x))),\n",
    ),
]
STEP = """
@dataclass(frozen=True)
class Sign:
    rows: ClassVar[int] = 0

    def step(self, theta: Array, gradient: Array, slots: Array, rate: float, t: int) -> None:
        theta -= rate * np.sign(gradient)

"""
SIGN = [
    ("nn/optimizers.py", "# By the name", STEP),
    ("nn/optimizers.py", '"sgd": Sgd(),', '"sign": Sign(), '),
    ("config/schema.py", '"sgd", ', '"sign", '),
]
LAYER = """
from dataclasses import dataclass
import numpy as np
from nnbp_cli.nn.layers import Dropout

@dataclass(frozen=True)
class Noise(Dropout):
    def forward(self, params, a, rng, /):
        return a if rng is None else a + self.rate * rng.standard_normal(a.shape, np.float32), None
"""
ARM = """        if layer.noise:
            from nnbp_cli.nn.noise import Noise
            layers.append(Noise(shape, layer.noise))
"""
NOISE = [
    ("nn/noise.py", "", LAYER),
    ("config/schema.py", "    dropout: ", '    noise: _Share = 0.0\n    """The deviation of noise."""\n'),
    ("config/build.py", "        if layer.dropout:\n", ARM),
]


def edited(folder: Path, edits: Edits) -> Path:
    """A folder in `folder` with a copy of the package and its configs, edited."""
    checkout, copy = Path(nnbp_cli.__file__).parent.parent, folder / "copy"
    for name in ("nnbp_cli", "configs"):
        shutil.copytree(checkout / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, before, added in edits:
        file = copy / "nnbp_cli" / name
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        assert before in text
        file.write_text(text.replace(before, added + before), encoding="utf-8")
    return copy


def nnbp_of(copy: Path, *line: str) -> subprocess.CompletedProcess[str]:
    """What the copy's `nnbp` says."""
    command = [sys.executable, "-m", "nnbp_cli", *line]
    environment = os.environ | {"PYTHONPATH": str(copy)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("edits", "settings"),
    [
        (SOFTPLUS, ["network.layers.0.activation=softplus"]),
        (SIGN, ["training.optimizer=sign", "training.learning_rate=0.001"]),
        (NOISE, ["network.layers.0.noise=0.1"]),
    ],
    ids=["an activation", "an optimizer", "a layer"],
)
def test_what_is_added_where_the_page_says_works_everywhere(
    edits: Edits, settings: list[str], here: Path
) -> None:
    copy = edited(here, edits)
    sets = [word for setting in settings for word in ("--set", setting)]
    refused = nnbp_of(copy, "train", "--config", "small.toml", *sets, "--set", "training.engine=compiled")
    assert refused.returncode == 2
    assert re.search("'compiled' cannot do .*(softplus|sign|noise)", refused.stderr)
    for line in (
        ["gradcheck", "--config", "small.toml", *sets],
        ["train", "--config", "small.toml", *sets, "--out", "run"],
        ["eval", "run"],
        ["export", "run", "model.onnx"],
        ["export", "run", "model.safetensors"],
        ["report", "run"],
    ):
        said = nnbp_of(copy, *line)
        assert said.returncode == 0, said.stderr


def test_an_activation_that_no_cost_takes_at_the_output_is_a_mistake_in_a_line(here: Path) -> None:
    setting = "network.layers.1.activation=softplus"
    said = nnbp_of(edited(here, SOFTPLUS), "train", "--config", "small.toml", "--set", setting)
    assert said.returncode == 2
    assert said.stderr.endswith("which softplus outputs are not; use output softmax\n")
