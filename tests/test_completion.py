"""Shells complete command lines; bash for real."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nnbp_cli.cli import COMMANDS
from nnbp_cli.presets import shipped

BIN = Path(sys.executable).parent

# What bash does when the Tab key is pressed at the end of a line.
TAB = r"""
eval "$(_NNBP_COMPLETE=bash_source nnbp)"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
complete -p nnbp > /dev/null
_nnbp_completion nnbp "${COMP_WORDS[COMP_CWORD]}" 2> /dev/null
printf '%s\n' "${COMPREPLY[@]}"
"""


def tab(*words: str) -> set[str]:
    """What bash offers for the last of `words`."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    command = ["bash", "-c", TAB, "bash", *words]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return set(said.stdout.split("\n")[:-1])


def bash_is_new_enough() -> bool:
    if not shutil.which("bash") or not (BIN / "nnbp").exists():
        return False
    said = subprocess.run(["bash", "-c", "echo ${BASH_VERSINFO[0]}"], capture_output=True, check=True)
    return int(said.stdout) >= 5


@pytest.mark.skipif(not bash_is_new_enough(), reason="needs bash 5 and nnbp installed")
def test_bash_completes_commands_options_values_and_configs() -> None:
    assert tab("nnbp", "") == set(COMMANDS)
    assert tab("nnbp", "re") == {"report", "reproduce"}
    assert {"--config", "--resume", "--set", "--help"} <= tab("nnbp", "train", "--")
    assert tab("nnbp", "eval", "--split", "") == {"test", "validation", "train"}
    assert tab("nnbp", "download", "m") == {"mnist"}
    assert tab("nnbp", "eval", "w.npz", "--data", "m") == {"mnist", "mnist+synthetic"}
    assert tab("nnbp", "init", "") == set(shipped())
    assert tab("nnbp", "init", "book/ch1-3") == {"book/ch1-30"}
    assert tab("nnbp", "plot", "r", "--what", "c") == {"curves", "confusion", "calibration"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_a_script_that_it_understands(shell: str) -> None:
    environment = {**os.environ, "_NNBP_COMPLETE": f"{shell}_source"}
    command = [sys.executable, "-m", "nnbp_cli"]
    script = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    assert f"_NNBP_COMPLETE={shell}_complete" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)
