"""A name may hold anything that a terminal obeys; what is printed never does."""

import re
from importlib import import_module
from pathlib import Path

import click
import pytest

from nnbp_cli import cli
from tests import wild_names


def test_no_name_reaches_the_terminal_raw_or_makes_a_line(tmp_path: Path) -> None:
    for line, status, said in wild_names.walk(tmp_path):
        assert (said.status, wild_names.raw(said)) == (status, []), f"{line}: {said}"
        assert wild_names.names(said) or line in wild_names.SILENT, f"{line}: {said}"
    for page in [*tmp_path.glob("*.html"), *tmp_path.glob("*.svg")]:
        assert all(map(str.isprintable, page.read_text(encoding="utf-8").split("\n")))


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_place_of_a_command_where_a_name_can_be_given_is_walked(name: str) -> None:
    walked = [words for _, words in wild_names.LINES[name]]
    for param in import_module(f"nnbp_cli.commands.{name}").command.params:
        if isinstance(param, click.Option) and isinstance(
            param.type, click.Path | click.types.StringParamType
        ):
            given = rf"({'|'.join(map(re.escape, param.opts))}) \S*(N|B)"
            assert any(re.search(given, words) for words in walked), param.opts
        elif isinstance(param, click.Argument):
            assert any(re.search(r"(?<!-)\b[NB]", words) for words in walked)
