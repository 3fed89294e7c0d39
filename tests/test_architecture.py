"""The layout keeps its word: imports go one way, and a help text loads nothing heavy."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import nnbp_cli
from nnbp_cli.cli import COMMANDS

PACKAGE = Path(nnbp_cli.__file__).parent

# Each may import what stands on the lines above it, and its own line.
ORDER = [
    {"errors", "wording", "rng", "nn"},
    {"system", "engines", "divergence"},
    {"datasets"},
    {"config"},
    {"models", "presets"},
    {"evaluation", "digits"},
    {"training"},
    {"runs"},
    {"plots", "reproduction", "report"},
    {"terminal"},
    {"commands", "cli", "__main__"},
]
RANK = {part: rank for rank, parts in enumerate(ORDER) for part in parts}


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_parts(path: Path) -> set[str]:
    """The parts of the package that a module imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("nnbp_cli.")}
    return found - {"__version__"}


MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    part = part_of(path)
    backwards = {other for other in imported_parts(path) if RANK[other] > RANK[part]}
    assert not backwards


@pytest.mark.parametrize("part", ["nn"])
def test_the_mathematics_imports_numpy_and_nothing_else(part: str) -> None:
    for path in (PACKAGE / part).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = (
                    [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
                )
                for name in names:
                    root = name.split(".")[0]
                    assert (
                        root in sys.stdlib_module_names or root == "numpy" or name.startswith("nnbp_cli.nn")
                    )


# What prints: `print_result` and `log`, which escape names; and errors.
PRINTERS = {"terminal/output.py", "cli.py"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_one_function_prints_results_and_one_remarks(path: Path) -> None:
    """And in what an error says only its own lines are lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and path.relative_to(PACKAGE).as_posix() not in PRINTERS:
            called = ast.unparse(node.func)
            assert called not in {"print", "click.echo", "click.secho", "echo", "tqdm.write"}
            assert not re.fullmatch(r"sys\.std(out|err)\..*write.*", called)
        if isinstance(node, ast.Raise) and node.exc:
            texts = [each.value for each in ast.walk(node.exc) if isinstance(each, ast.Constant)]
            assert not any("\n" in text for text in texts if isinstance(text, str)), "give it a line each"


def test_json_is_written_in_one_place_which_writes_no_nan() -> None:
    writers = {
        path.relative_to(PACKAGE).as_posix()
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr in ("dump", "dumps") and _named(node) == "json")
        or (isinstance(node, ast.ImportFrom) and node.module == "json")
    }
    assert writers == {"system/json_text.py"}


def _named(node: ast.Attribute) -> str:
    return node.value.id if isinstance(node.value, ast.Name) else ""


LIGHT = """
import sys
from nnbp_cli.cli import main
try: main()
except SystemExit as end: assert not end.code, end.code
heavy = {"numpy", "requests", "tqdm", "pydantic", "ruamel", "urllib3", "matplotlib", "onnx", "PIL"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], *([name, "-h"] for name in COMMANDS)], ids=" ".join
)
def test_a_help_text_imports_nothing_heavy(arguments: list[str]) -> None:
    subprocess.run([sys.executable, "-c", LIGHT, *arguments], check=True, stdout=subprocess.DEVNULL)


def test_a_run_waits_for_no_library_that_it_does_not_use() -> None:
    unused = (
        "import sys, nnbp_cli.runs.run; assert not {'requests', 'ruamel', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", unused], check=True)


@pytest.mark.parametrize("line", ["nnbp ", "nnbp init ", "nnbp eval --data ", "nnbp train --"])
def test_completing_a_line_imports_nothing_heavy(line: str) -> None:
    words = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    environment = {**os.environ, "_NNBP_COMPLETE": "bash_complete", **words}
    subprocess.run([sys.executable, "-c", LIGHT], check=True, stdout=subprocess.DEVNULL, env=environment)


def test_the_package_depends_on_what_it_says_and_no_more() -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]
    declared = {dependency.split(">")[0] for dependency in project["dependencies"]}
    assert declared == {
        "numpy", "click", "tqdm", "requests", "pydantic", "ruamel.yaml", "tomli-w", "threadpoolctl"
    }  # fmt: skip
    lowest = (PACKAGE.parent / "tests" / "lowest-versions.txt").read_text()
    for dependency in project["dependencies"]:
        assert dependency.replace(">=", "==") in lowest
