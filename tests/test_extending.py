"""What a change touches, as docs/architecture.md says: an activation, an optimizer and a layer are added to a
copy of the package, in those files and no others, and everything that there is works with them.
"""

from __future__ import annotations

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


Edits = dict[str, list[tuple[str, str]]]  # for each file what stands there, and what stands there then

SOFTPLUS: Edits = {
    "nn/activations.py": [
        (
            "softmax = Activation(",
            'softplus = Activation("softplus", lambda z: np.logaddexp(z, 0),\n'
            "    lambda z, a: 0.5 + 0.5 * np.tanh(0.5 * z))\nsoftmax = Activation(",
        ),
        ("(sigmoid, tanh, relu, linear, softmax)", "(sigmoid, tanh, relu, linear, softplus, softmax)"),
    ],
    "config/schema.py": [('"relu", "linear"', '"relu", "linear", "softplus"')],
    "models/onnx.py": [('"relu": "Relu"', '"relu": "Relu", "softplus": "Softplus"')],
    "models/safetensors.py": [('"relu": "nn.ReLU()"', '"relu": "nn.ReLU()", "softplus": "nn.Softplus()"')],
    "report/network.js": [
        ("  linear: (z)", "  softplus: (z) => z.map((each) => Math.log1p(Math.exp(each))),\n  linear: (z)")
    ],
}
SIGN: Edits = {
    "nn/optimizers.py": [
        (
            "# By the name",
            '@dataclass(frozen=True)\nclass Sign:\n    """Steps of one length."""\n\n'
            "    rows: ClassVar[int] = 0\n\n"
            "    def step(self, theta: Array, gradient: Array, slots: Array, rate: float, t: int) -> None:\n"
            "        theta -= rate * np.sign(gradient)\n\n\n# By the name",
        ),
        ('"sgd": Sgd(),', '"sgd": Sgd(),\n    "sign": Sign(),'),
    ],
    "config/schema.py": [('Literal["sgd", ', 'Literal["sgd", "sign", ')],
}
NOISE: Edits = {
    "nn/noise.py": [
        (
            "",
            '"""Noise on what a layer gives, in training."""\n'
            "from dataclasses import dataclass\nimport numpy as np\n"
            "from nnbp_cli.nn.layers import Dropout\n\n\n"
            "@dataclass(frozen=True)\nclass Noise(Dropout):\n"
            "    def forward(self, p, a, rng, /):\n"
            "        if rng is None: return a, None\n"
            "        return a + self.rate * rng.standard_normal(a.shape, np.float32), None\n",
        )
    ],
    "config/schema.py": [
        (
            "    dropout: Annotated[\n        _Share,",
            '    noise: Annotated[_Share, Field(description="The deviation of noise.")] = 0.0\n'
            "    dropout: Annotated[\n        _Share,",
        )
    ],
    "config/building.py": [
        (
            "        if layer.dropout:",
            "        if layer.noise:\n            from nnbp_cli.nn.noise import Noise\n"
            "            layers.append(Noise(shape, layer.noise))\n        if layer.dropout:",
        )
    ],
}


def edited(folder: Path, edits: Edits) -> Path:
    """A folder in `folder` with a copy of the package and its configs, edited."""
    checkout, package = Path(nnbp_cli.__file__).parent.parent, folder / "copy" / "nnbp_cli"
    shutil.copytree(checkout / "nnbp_cli", package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(checkout / "configs", folder / "copy" / "configs")
    for name, changes in edits.items():
        text = (package / name).read_text(encoding="utf-8") if (package / name).exists() else ""
        for before, after in changes:
            assert before in text
            text = text.replace(before, after)
        (package / name).write_text(text, encoding="utf-8")
    return package.parent


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
