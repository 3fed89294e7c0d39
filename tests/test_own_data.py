"""A run on one's own data knows where they are, and is told where they have gone."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nnbp_cli import config
from nnbp_cli.datasets import sources
from nnbp_cli.datasets.readers import idx
from nnbp_cli.models import weights
from nnbp_cli.runs import checkpoint
from nnbp_cli.runs.directory import RunDirectory
from nnbp_cli.training import loop
from tests.command_line import Said, nnbp
from tests.datasets import draw_digits, own_digits
from tests.interruption import Killed, killed
from tests.small_run import CONFIG, contents, results, results_of_second_score, train


@pytest.fixture
def own(here: Path) -> Path:
    """A folder of one's own beside small.toml, which names it from there; and a run on it."""
    digits = own_digits(here / "own")
    (here / "small.toml").write_text(CONFIG.replace('"synthetic"\nsize = 600', '"own"'))
    train("--out", "run", "-q", "--set", "data.validation=40")
    return digits


def score(*more: object) -> Said:
    return nnbp("eval", *more, "--json")


MORE = ("-q", "--set", "training.epochs=4")


def resume(*more: object, run: str | Path = "run") -> Said:
    """Go on with a run for one more epoch."""
    return nnbp("train", "--resume", run, *MORE, *more)


def test_a_run_works_from_every_directory(
    own: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, before = own.parent / "run", score("run", "--split", "validation").out
    train("--out", "long", "--set", "data.validation=40", *MORE)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))

    after = score(run, "--split", "validation")
    assert (after.status, after.err) == (0, "")
    assert json.loads(after.out) | {"weights": ""} == json.loads(before) | {"weights": ""}
    assert nnbp("plot", run, "--what", "confusion").status == 0
    assert nnbp("report", run).err == "", "nothing is missing"
    assert nnbp("gradcheck", "--config", run / "config.toml").status == 0
    assert nnbp("train", "--config", run / "config.toml", "--out", "again", "-q").status == 0
    assert results(Path("again")) == results(run)
    assert "leave out --set of data.name" in resume("--set", "data.name=../own", run=run).err
    monkeypatch.chdir(own.parent / "run")
    assert resume("--set", f"data.name={own}", run=run).status == 0
    assert results_of_second_score(run) == results(own.parent / "long")


def test_a_run_whose_data_have_moved_says_so_and_is_told_where_they_are(own: Path) -> None:
    before = json.loads(score("run", "--split", "validation").out)
    train("--out", "long", "--set", "data.validation=40", *MORE)
    own.rename("moved")
    Path("own-old").mkdir()
    Path("own.toml").touch()
    gone = f"was trained on '{own}', which is not there; name where it is now with --data\n"
    for said in (nnbp("eval", "run"), nnbp("plot", "run", "--what", "confusion"), resume()):
        assert (said.status, said.err) == (1, f"run: {gone}")
    assert nnbp("report", "run").err.endswith(f"calibration: run: {gone}"), "and makes what it can"

    after = json.loads(score("run", "--data", "moved", "--split", "validation").out)
    assert (after["accuracy"], after["images"]) == (before["accuracy"], 40), "the split of the run"
    assert nnbp("plot", "run", "--what", "confusion", "--data", "moved").status == 0
    assert nnbp("report", "run", "--data", "moved").err == ""
    assert resume("--data", "./moved").status == 0
    assert config.load("run/config.toml").data.name == str(own.with_name("moved"))
    assert score("run").status == 0, "from now on it knows"
    long, run = results(Path("long")), results(Path("run"))
    for each in (long, run):
        del each["summary"]["times_tested"], each["summary"]["data"]["name"]
        del each["summary"]["data"]["as_given"]
        del each["config"], each["weights"]["meta"]
    assert run == long


def test_a_run_that_moved_with_its_data_finds_them_as_they_were_given(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train("--out", "long", "--set", "data.validation=40", *MORE)
    given = config.load("run/config.toml").data
    assert (given.name, given.as_given) == (str(own), "own")
    before = json.loads(score("run").out)
    elsewhere = own.parent / "elsewhere"
    elsewhere.mkdir()
    for name in ("own", "run"):
        Path(name).rename(elsewhere / name)
    monkeypatch.chdir(elsewhere)
    after = score("run")
    assert (after.err, json.loads(after.out)["accuracy"]) == ("", before["accuracy"])
    assert nnbp("report", "run").err == nnbp("plot", "run", "--what", "mistakes").err == ""
    draw_digits(Path(shutil.copytree("own", "other")), "train", 160, seed=2)
    Path("own").rename("right")
    Path("other").rename("own")
    gone = f"was trained on '{own}', which is not there; name where it is now with --data\n"
    assert score("run").err == f"run: {gone}", "what is there is something else"
    assert resume().err == f"run: {gone}"
    Path("own").rename("other")
    Path("right").rename("own")
    assert resume().status == 0
    assert config.load("run/config.toml").data.name == str(elsewhere / "own"), "from now on it knows"
    found, expected = results(Path("run")), results(own.parent / "long")
    assert found["state"] == expected["state"]


def test_a_run_that_is_killed_when_it_has_learned_where_its_data_are_knows_it_everywhere(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.rename("moved")
    monkeypatch.setattr(loop, "train", killed)
    with pytest.raises(Killed):
        resume("--data", "moved")
    for known in (config.load("run/config.toml"), checkpoint.load(Path("run/checkpoint.npz")).config):
        assert known.data.name == str(own.with_name("moved"))


@pytest.mark.parametrize("written", ["checkpoint.npz", "config.toml"])
@pytest.mark.parametrize("named", [(), ("--data", "moved")])
def test_a_run_goes_on_though_one_of_its_files_alone_knows_where_its_data_are(
    own: Path, written: str, named: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree("run", "other")
    own.rename("moved")
    assert resume("--data", "moved", run="other").status == 0
    expected = results(Path("other"))
    if written == "config.toml":  # as it was left by versions that wrote this one first
        shutil.copy("other/config.toml", "run")
    else:
        with monkeypatch.context() as patched:
            patched.setattr(RunDirectory, "write", killed)
            with pytest.raises(Killed):
                resume("--data", "moved")
    names = (config.load("run/config.toml"), checkpoint.load(Path("run/checkpoint.npz")).config)
    assert len({known.data.name for known in names}) == 2
    said = resume(*named)
    assert (said.status, said.err) == (0, "")
    assert results(Path("run")) == expected


def test_a_name_of_other_data_in_an_edited_config_is_not_used(own: Path) -> None:
    draw_digits(Path(shutil.copytree(own, "other")), "train", 160, seed=2)
    file = Path("run/config.toml")
    sound = file.read_text()
    other = sound.replace(str(own), str(own.with_name("other")))
    file.write_text(other)
    said = nnbp("train", "--resume", "run", *MORE[1:])
    assert said.status == 0
    says = f"'{own.with_name('other')}', as run/config.toml says"
    assert f"note: the data of the run are '{own}', and not {says}\n" in said.err
    assert config.load(file).data.name == str(own)
    file.write_text(other)
    own.rename("moved")
    said = nnbp("train", "--resume", "run", "--set", "training.epochs=5")
    gone = f"run: was trained on '{own}', which is not there; name where it is now with --data\n"
    assert (said.status, said.err, file.read_text()) == (1, gone, other)


def test_a_run_that_learns_where_its_data_are_writes_nothing_into_another_directory(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.rename("moved")
    count = loop.batches_per_epoch

    def and_move(*arguments: Any) -> int:
        if not Path("aside").exists():
            Path("run").rename("aside")
            Path("run").mkdir()
        return count(*arguments)

    monkeypatch.setattr(loop, "batches_per_epoch", and_move)
    said = resume("--data", "moved")
    assert said.status == 1
    assert said.err.startswith(f"run: the directory was moved to {own.with_name('aside')} while")
    assert not list(Path("run").iterdir())


def test_other_data_are_no_moved_data(own: Path) -> None:
    draw_digits(Path(shutil.copytree(own, "other")), "train", 160, seed=2)
    before, other = contents(Path("run")), own.with_name("other")
    remedy = "bring that back, or name it with --data\n"
    assert resume("--data", "other").err == f"run: '{other}' is not what it was trained on; {remedy}"
    assert contents(Path("run")) == before
    assert f"are those of {other}, it knows {own}" in nnbp("report", "run", "--data", "other").err
    assert json.loads(score("run", "--data", "other", "--split", "validation").out)["images"] == 26


def test_digits_of_another_polarity_are_said(own: Path) -> None:
    for file in own.glob("t10k-images*"):
        idx.write(file, 255 - idx.read(file, 3))
    note = (
        f"note: the images of {own} are dark on light, and those of MNIST, of 'nnbp predict' and of the pad "
    )
    assert note in score("run").err
    assert f"{note}in a report are light on dark; invert them: 255 - pixel\n" in score("run").err


def test_what_was_made_of_the_files_is_said_before_they_are_refused(own: Path) -> None:
    for file in own.glob("t10k-*"):
        file.unlink()
    said = nnbp("train", "small.toml", "--set", "data.train=150", "--set", "data.validation=10")
    note, refused = said.err.splitlines()
    assert note.startswith("note: no test images are there: every sixth image of each class is taken out to ")
    assert re.search(r"150 training and 10 .* more than the 1\d\d there are beside 2\d test images", refused)


def test_data_are_named_only_where_data_are_looked_at(own: Path) -> None:
    for command in ("eval run", "report run", "train --resume run", "train --config small.toml"):
        refused = nnbp(*command.split(), "--data", "minst")
        unknown = "--data: no data set and no path is called 'minst'; did you mean 'mnist'?\n"
        assert (refused.status, refused.err) == (2, unknown)
    for command in ("train --config small.toml", "plot run", "plot run --what weights"):
        refused = nnbp(*command.split(), "--data", "own")
        assert (refused.status, "'--data'" in refused.err) == (2, True)


def test_a_config_that_does_not_fit_its_data_is_named_and_no_option(own: Path) -> None:
    for command in ("train", "gradcheck"):
        said = nnbp(command, "--config", "small.toml", "--set", "data.name=nowhere")
        assert said.err.startswith("small.toml: data.name: no data set and no path is called 'nowhere'; ")
    draw_digits(own, "train", 30)
    assert score("weights.npz").err == (
        f"weights.npz: '{own}' is not what it was, and cannot be shared out in the same way; "
        "name what it was trained on with --data\n"
    )


def test_weights_that_know_their_data_by_a_relative_name_are_read_as_ever(
    own: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned, old = weights.load(Path("weights.npz")), own.with_name("old.npz")
    weights.save(old, replace(learned, data=replace(learned.data, name="own")))
    assert score("old.npz").status == 0
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    gone = "was trained on 'own', which is not there; name where it is now with --data\n"
    assert score(old).err == f"{old}: {gone}"
    assert score(old, "--data", own).status == 0


@pytest.mark.parametrize("odd", ["a\nb", "a\udcffb"])
def test_a_path_that_no_config_can_hold_leaves_the_name_as_it_was_given(
    own: Path, odd: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        Path(odd).mkdir()
    except (OSError, ValueError):
        pytest.skip("no such name on this disk")
    own.rename(Path(odd, "own"))
    shutil.copy("small.toml", odd)
    monkeypatch.chdir(odd)
    assert train("--out", "run", "-q").status == 0
    assert config.load("run/config.toml").data.name == "own"
    assert score("run").status == 0


def test_only_folders_have_absolute_names(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("mnist").mkdir()
    monkeypatch.setenv("HOME", str(own.parent))
    for name in ("mnist", "synthetic", "nowhere", str(own)):
        assert sources.absolute(name) == name
    for name in ("own", "./own", "~/own", "own/"):
        assert sources.absolute(name) == str(own)
    assert sources.absolute("./mnist") == str(own.with_name("mnist"))


def test_a_folder_is_known_by_a_path_that_no_other_folder_can_break(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("sub/deep").mkdir(parents=True)
    link, far, linked = Path("link"), Path("far"), Path("linked")
    link.symlink_to("sub/deep")
    far.symlink_to(".")
    linked.symlink_to(own)
    Path("sub/own").mkdir()
    for name, path in (
        ("sub/../own", own),
        ("far/own", own.parent / "far" / "own"),
        ("sub/../linked", own.parent / "linked"),
        ("link/../own", own.parent.resolve() / "sub" / "own"),
        ("sub/../nowhere", own.parent / "sub" / ".." / "nowhere"),
    ):
        assert sources.absolute(name) == str(path)
    monkeypatch.chdir("sub")
    own.rename("../moved")
    assert resume("--data", "../moved", run="../run").status == 0
    monkeypatch.chdir("..")
    Path("sub").rename("gone")
    assert config.load("run/config.toml").data.name == str(own.with_name("moved"))
    assert nnbp("train", "--resume", "run", "-q", "--set", "training.epochs=5").status == 0


def test_a_folder_that_has_too_few_images_for_several_seeds_is_refused_once(own: Path) -> None:
    train("--out", "seeds", "--seeds", 1, "-q", "--set", "data.train=120")
    Path("seeds/seed-1/summary.json").unlink()
    draw_digits(own, "train", 90)
    said = nnbp("train", "--resume", "seeds")
    assert said.err.startswith("seeds/seed-1: data.train: 120 training and 26 validation images"), said.err
