"""The layout keeps its word: imports go one way, and a help text loads nothing heavy."""

import ast
import re
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import nnbp_cli

PACKAGE = Path(nnbp_cli.__file__).parent

# Each may import what stands on the lines above it, and its own line.
ORDER = [
    {"errors", "wording", "rng", "nn"},
    {"system", "engines", "divergence"},
    {"digits"},
    {"datasets", "presets"},
    {"config"},
    {"models"},
    {"evaluation"},
    {"training"},
    {"runs"},
    {"jobs"},
    {"plots", "reproduction", "report", "search"},
    {"terminal"},
    {"commands", "cli", "__main__"},
]
RANK = {part: rank for rank, parts in enumerate(ORDER) for part in parts}


TREES = {
    path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
}


def imported(name: str) -> set[str]:
    """The modules that a module imports anywhere in it, or of which it imports something."""
    found = set()
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def part(path: str) -> str:
    return path.split("/")[0].removesuffix(".py")


def test_imports_go_one_way() -> None:
    for name in TREES.keys() - {"__init__.py"}:
        parts = {module.split(".")[1] for module in imported(name) if module.startswith("nnbp_cli.")}
        backwards = {other for other in parts - {"__version__"} if RANK[other] > RANK[part(name)]}
        assert not backwards, name


def file_of(module: str) -> str:
    """Where a module of the package is, or the one that has this name in it."""
    path = "/".join(module.split(".")[1:])
    places = (f"{path}.py", f"{path}/__init__.py", f"{path.rpartition('/')[0]}.py")
    return next((place for place in places if place in TREES), f"{path.rpartition('/')[0]}/__init__.py")


def test_no_two_modules_need_each_other() -> None:
    graph = {
        name: {file_of(module) for module in imported(name) if module.startswith("nnbp_cli.")}
        for name in TREES
    }
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_few_modules_stand_beside_the_rooms() -> None:
    loose = {name for name in TREES if "/" not in name}
    assert len(loose - {"__init__.py", "__main__.py"}) <= 6


def test_the_mathematics_imports_numpy_and_nothing_else() -> None:
    outside = {
        module.split(".")[0]
        for name in TREES
        if part(name) == "nn"
        for module in imported(name)
        if not module.startswith("nnbp_cli.nn.")
    }
    assert outside - sys.stdlib_module_names == {"numpy"}


# What prints: `print_result` and `log`, which escape names; and errors.
PRINTERS = {"terminal/output.py", "cli.py"}


def test_one_function_prints_results_and_one_remarks() -> None:
    """And in what an error says only its own lines are lines."""
    for name, node in ((name, node) for name, tree in TREES.items() for node in ast.walk(tree)):
        if isinstance(node, ast.Call) and name not in PRINTERS:
            called = ast.unparse(node.func)
            assert called not in {"print", "click.echo", "click.secho", "echo", "tqdm.write"}, name
            assert not re.fullmatch(r"sys\.std(out|err)\..*write.*", called), name
        if isinstance(node, ast.Raise) and node.exc:
            texts = [each.value for each in ast.walk(node.exc) if isinstance(each, ast.Constant)]
            assert not any("\n" in text for text in texts if isinstance(text, str)), (
                f"{name}: give it a line each"
            )


def test_json_is_written_in_one_place_which_writes_no_nan() -> None:
    writers = {
        name
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and ast.unparse(node) in ("json.dump", "json.dumps"))
        or (isinstance(node, ast.ImportFrom) and node.module == "json")
    }
    assert writers == {"system/json_text.py"}


LIGHT = """
import os, sys
from nnbp_cli.cli import main
def runs(*arguments):
    try: main(arguments)
    except SystemExit as end: assert not end.code, end.code
    heavy = {"numpy", "requests", "tqdm", "pydantic", "ruamel", "urllib3", "matplotlib", "onnx", "PIL"}
    heavy |= {"distributed", "mpi4py", "numba", "optuna"}
    assert not heavy & set(sys.modules), (arguments, os.environ.get("COMP_WORDS"), heavy & set(sys.modules))
"""
HELP = """
from nnbp_cli.cli import COMMANDS
for arguments in (["--help"], ["--version"], *([name, "-h"] for name in COMMANDS)): runs(*arguments)
"""
COMPLETION = """
os.environ["_NNBP_COMPLETE"] = "bash_complete"
for line in ("nnbp ", "nnbp init ", "nnbp eval --data ", "nnbp train --"):
    os.environ |= {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    runs()
"""
USED = """
import sys, nnbp_cli.runs.run; assert not {"requests", "ruamel", "matplotlib", "mpi4py"} & set(sys.modules)
"""


@pytest.mark.parametrize(
    "program", [LIGHT + HELP, LIGHT + COMPLETION, USED], ids=["a help text", "completing a line", "a run"]
)
def test_nothing_waits_for_a_library_that_it_does_not_use(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)


def test_the_package_depends_on_what_it_says_and_no_more() -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]
    declared = {dependency.split(">")[0] for dependency in project["dependencies"]}
    assert declared == {
        "numpy", "click", "tqdm", "requests", "pydantic", "ruamel.yaml", "tomli-w", "threadpoolctl"
    }  # fmt: skip
    lowest = (PACKAGE.parent / "tests" / "lowest-versions.txt").read_text()
    for dependency in project["dependencies"]:
        assert dependency.replace(">=", "==") in lowest
