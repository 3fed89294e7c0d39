"""docs/ keeps its word: generated pages are current, and what tools.md prints runs, if nothing is missing."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import nnbp_cli
from nnbp_cli.cli import COMMANDS
from tests.command_line import nnbp
from tests.small_run import train

DOCS = Path(nnbp_cli.__file__).parent.parent / "docs"
PAGE = (DOCS / "tools.md").read_text(encoding="utf-8")
CODE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SHELL = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(
    ("name", "headings"),
    [
        ("config", ["[data]", "[network]", "[[network.layers]]", "[training]"]),
        ("cli", [f"nnbp {name}" for name in COMMANDS]),
    ],
)
def test_the_generated_pages_are_current(name: str, headings: list[str]) -> None:
    page = subprocess.run(
        [sys.executable, DOCS / "generate.py", name], capture_output=True, text=True, check=True
    ).stdout
    assert page == (DOCS / f"{name}.md").read_text(encoding="utf-8"), "run 'make docs'"
    assert all(f"\n## `{heading}" in page for heading in headings)


def needs(code: str) -> set[str]:
    """What is imported and not installed."""
    modules = re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE)
    return {module for module in modules if not find_spec(module)}


@pytest.fixture
def first(here: Path) -> Path:
    """The run of the page, and its weights, exported."""
    assert train("--out", "runs/first", "-q", "--set", "network.layers.0.neurons=256").status == 0
    for command in re.findall(r"`nnbp (export [^`]*)`", PAGE):
        assert nnbp(*command.split()).status == 0
    return here


@pytest.mark.parametrize("code", CODE, ids=lambda code: next(iter(needs(code)), "runs"))
def test_the_code_runs_as_printed(first: Path, code: str) -> None:
    if missing := needs(code):
        pytest.skip(f"needs {', '.join(sorted(missing))}")
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout
    best = (first / "runs" / "first" / "log.csv").read_text().splitlines()[1:]
    if "the best epoch" in said.stdout:
        assert best[int(said.stdout.partition("the best epoch")[2].split()[1]) - 1] == max(
            best, key=lambda row: float(row.split(",")[4])
        )


def test_those_that_need_nothing_are_some() -> None:
    assert sum(not needs(code) for code in CODE) >= 3


@pytest.mark.skipif(sys.platform == "win32", reason="sed")
def test_the_log_for_a_spreadsheet_with_commas_in_its_numbers(first: Path) -> None:
    (command,) = SHELL
    subprocess.run(command, shell=True, check=True)
    head, row, *_ = (first / "log-with-commas.csv").read_text().splitlines()
    assert head == "epoch;learning_rate;seconds;training_cost;validation_accuracy"
    assert row.startswith("1;0,1;")
