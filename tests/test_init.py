"""`nnbp init` gives a shipped config away, and never takes one."""

from pathlib import Path

import pytest

import nnbp_cli
from nnbp_cli.presets import shipped
from tests.command_line import Said, nnbp

pytestmark = pytest.mark.usefixtures("here")


@pytest.mark.parametrize("name", [[], ["mnist"], ["mnist.toml"], ["configs/mnist.toml"]], ids=str)
def test_init_writes_mnist(name: list[str]) -> None:
    said = nnbp("init", *name)
    assert said == Said(0, "wrote configs/mnist.toml; next: nnbp train --config configs/mnist.toml\n", "")
    assert Path("configs/mnist.toml").read_bytes() == shipped()["mnist"].read_bytes()


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_config_can_be_written(name: str) -> None:
    assert nnbp("init", name).status == 0
    (path,) = (path for path in Path("configs").rglob("*") if path.is_file())
    assert path.as_posix() == f"configs/{name}{'' if path.suffix == '.yaml' else '.toml'}"


def test_a_config_that_was_written_is_pointed_at_where_only_its_name_is_given() -> None:
    nnbp("init", "book/ch1-30")
    said = nnbp("train", "book/ch1-30")
    assert said == Said(2, "", "book/ch1-30: no such file; did you mean configs/book/ch1-30.toml?\n")


@pytest.mark.parametrize("link", [False, True], ids=["a file", "a link to nowhere"])
def test_init_writes_over_nothing(link: bool) -> None:
    path = Path("configs/mnist.toml")
    path.parent.mkdir()
    if link:
        path.symlink_to("nowhere")
    else:
        path.write_text("mine")
    said = nnbp("init")
    assert (said.status, said.out) == (1, "")
    assert said.err == f"{path}: is there already; move it away, or change keys of it with --set\n"
    assert path.is_symlink() if link else path.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mnits", "did you mean 'mnist'?"),
        ("book/ch1_30", "did you mean 'book/ch1-30'?"),
        ("zzz", "'nnbp init --list' shows what there is"),
        ("../../etc/passwd", "'nnbp init --list' shows what there is"),
    ],
)
def test_an_unknown_name_is_met_with_the_one_that_was_meant(name: str, hint: str) -> None:
    said = nnbp("init", name)
    assert (said.status, said.out) == (2, "")
    assert said.err == f"nnbp init: no shipped config is called '{name}'; {hint}\n"
    assert not Path("configs").exists()


def test_a_folder_that_cannot_be_made_is_an_error() -> None:
    Path("configs").write_text("no folder")
    said = nnbp("init")
    assert said.status == 1
    assert said.err.startswith("configs: cannot be written: ")


def test_list_shows_every_name_with_what_it_is_for_and_writes_nothing() -> None:
    said = nnbp("init", "--list")
    assert [line.split()[0] for line in said.out.splitlines()] == list(shipped())
    assert all(len(line.split()) > 3 for line in said.out.splitlines())
    assert not Path("configs").exists()


def test_shipped_configs_are_found_in_the_package_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nnbp_cli, "__file__", str(tmp_path / "nnbp_cli" / "__init__.py"))
    for folder in ("configs", "nnbp_cli/configs"):
        (tmp_path / folder / "book").mkdir(parents=True)
    (tmp_path / "configs" / "outside.toml").touch()
    for name in ("a.toml", "a.yaml", "book/b.yml", "README.md"):
        (tmp_path / "nnbp_cli" / "configs" / name).touch()
    assert list(shipped()) == ["a", "a.yaml", "book/b.yml"]
