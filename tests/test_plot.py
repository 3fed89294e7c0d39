"""`nnbp plot`: curves from logs, and figures of networks, as pictures."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnbp_cli.commands import plot
from nnbp_cli.errors import NnbpError, printable
from nnbp_cli.evaluation.predictions import format_confidence
from nnbp_cli.evaluation.saved import evaluate_saved
from nnbp_cli.evaluation.score import Score
from nnbp_cli.models import weights
from nnbp_cli.plots import curves, network
from nnbp_cli.plots.curves import Kind, Line, Panel
from nnbp_cli.plots.network import FirstWeights
from tests.command_line import nnbp


@pytest.fixture
def run(here: Path, trained_run: Path) -> Path:
    return shutil.copytree(trained_run, Path("run"))


def log(folder: Path, head: str, *rows: str) -> Path:
    folder.mkdir()
    columns = ",".join(["epoch,learning_rate,seconds", *filter(None, [head])])
    (folder / "log.csv").write_text("\n".join([columns, *rows, ""]))
    return folder


def test_the_panels_are_what_the_log_has(tmp_path: Path) -> None:
    def panels(runs: list[Path], *only: Kind, labels: tuple[str, ...] = ()) -> list[Panel]:
        return curves.panels(curves.logs(runs, labels, note=pytest.fail), only)

    rows = ("0,nan,0,0.1,3.0,0.5,0.25", "1,0.2,1,0.9,2.0,0.4,0.2", "2,0.1,1,0.95,1.0,0.3,0.1")
    one = log(tmp_path / "one", "validation_accuracy,test_cost,layer_speed_1,layer_speed_2", *rows)
    cost, accuracy, rate, speed = panels([one])
    assert cost.lines == [Line("test", 0, 0, (0, 1, 2), (3.0, 2.0, 1.0))]
    assert accuracy.lines == [Line("validation", 0, 0, (0, 1, 2), (10.0, 90.0, 95.0))]
    assert rate.lines == [Line("learning rate", 0, 0, (1, 2), (0.2, 0.1))]
    assert [(line.label, line.color) for line in speed.lines] == [("layer 1", 0), ("layer 2", 1)]
    kinds = [(panel.kind, panel.logarithmic) for panel in (cost, accuracy, rate, speed)]
    assert kinds == list(zip(curves.KINDS, (False, False, False, True)))
    assert plot.KINDS == curves.KINDS, "the command knows them all"

    other = log(tmp_path / "other", "validation_accuracy", "1,0.2,1,0.8")
    _, accuracy, _, speed = panels([one, other], labels=("first",))
    assert [(line.label, line.color, line.style) for line in (*accuracy.lines, *speed.lines)] == [
        ("first", 0, 0), ("other", 1, 0), ("first, layer 1", 0, 0), ("first, layer 2", 0, 1)
    ]  # fmt: skip
    assert [panel.kind for panel in panels([other])] == ["accuracy"], "a constant rate is no curve"
    assert [panel.kind for panel in panels([other], "learning rate")] == ["learning rate"]
    assert ": no cost in the log; name in training.watch what is" in nnbp("plot", other, "--only", "cost").err
    assert "no curves in the log" in nnbp("plot", log(tmp_path / "bare", "", "1,0.2,1")).err


@pytest.mark.parametrize(
    "suffix", ["svg", *(pytest.param(suffix, marks=pytest.mark.slow) for suffix in ("png", "pdf", "PNG"))]
)
def test_a_picture_is_written_the_same_each_time(run: Path, suffix: str) -> None:
    picture, begins = Path(f"c.{suffix}"), {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    written = []
    for _ in range(2):
        said = nnbp("plot", run, run, "-o", picture, "--label", "one & only")
        assert (said.status, said.out, said.err) == (0, f"wrote {picture}\n", "")
        written.append(picture.read_bytes())
    assert written[0] == written[1]
    assert written[0].startswith(begins[suffix.lower()])
    if suffix == "svg":
        shown = {"epoch", "cost", "accuracy, %", "learning rate", "one &amp; only, training"}
        assert shown <= set(words_of(picture))


def words_of(picture: str | Path) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", Path(picture).read_text())


def test_the_figures_of_a_network_show_what_eval_and_the_report_say(run: Path) -> None:
    for what in ("confusion", "mistakes", "weights", "calibration"):
        assert nnbp("plot", run, "--what", what, "-o", f"{what}.svg").out == f"wrote {what}.svg\n"
    said = json.loads(nnbp("eval", run, "--json", "--mistakes", 40).out)
    counts = [str(count) for row in said["confusion"] for count in row if count]
    others = [*2 * "0123456789", "what the network said", "true class"]
    assert sorted(words_of("confusion.svg")) == sorted([*counts, *others])
    cells = re.findall(r'7px;.*? x="([\d.]+)" y="([\d.]+)"[^>]*>(\d+)<', Path("confusion.svg").read_text())
    read = [count for _, _, count in sorted((float(y), float(x), count) for x, y, count in cells)]
    assert read == counts, "a row is a true class"
    titles = (
        (f"{each['predicted']}, {format_confidence(each['confidence'], True)}", f"is {each['true']}")
        for each in said["mistakes"]
    )
    assert words_of("mistakes.svg") == [line for title in titles for line in title]
    assert Path("mistakes.svg").read_text().count("<image") == len(said["mistakes"])
    assert Path("weights.svg").read_text().count("<image") == 12 + 1, "twelve neurons, and the scale"
    nnbp("report", run)
    page = Path("report.html").read_text()
    error = re.findall(r"expected calibration error[^%]*?([0-9.]+%)", page)[0]
    assert f"expected calibration error {error}" in words_of("calibration.svg")
    assert f"{FirstWeights.of(weights.load(run)).full_color:.2g}" in page


def test_the_first_weights_are_those_of_the_first_neurons(run: Path) -> None:
    learned = weights.load(run)
    W = learned.params.layers[0][0]
    some = FirstWeights.of(learned, 5)
    assert (some.W.tobytes(), some.neurons, some.shape) == (W[:5].tobytes(), 12, (28, 28))
    assert some.full_color == float(np.quantile(abs(W[:5]), 0.995))


def test_a_figure_is_of_one_network_that_can_have_it(run: Path) -> None:
    for more in ([run], ["--only", "cost"], ["--label", "a"]):
        said = nnbp("plot", run, *more, "--what", "confusion")
        assert said.status == 2
        assert "'--what confusion' is of one run" in said.err
    said = nnbp("plot", run, "--label", "a", "--label", "b")
    assert (said.status, said.err.count("2 times '--label', but 1 run; leave some out")) == (2, 1)
    assert nnbp("plot", run, "--what", "calibration").out == "wrote calibration.png\n"
    weights.save(run / "weights.npz", replace(weights.load(run), digest="another"))
    note = "note: synthetic is not what it was when these weights were trained\n"
    assert nnbp("plot", run, "--what", "confusion").err == note
    given = evaluate_saved([run], None, Path(os.environ["NNBP_DATA_DIR"]), "test").predictions
    with pytest.raises(NnbpError, match=r"c\.png: no calibration: the outputs of this network are not"):
        network.reliability(replace(given, is_probability=False), Path("c.png"))
    with pytest.raises(NnbpError, match=r"c\.png: there are no mistakes to draw; choose another figure with"):
        network.mistakes(replace(given, outputs=np.eye(10)[given.split.labels]), Path("c.png"))


def test_rare_mistakes_are_seen_beside_common_ones() -> None:
    heat = Score(0.0, np.array([[50, 1, 4], [0, 50, 0], [0, 0, 50]])).heat
    assert heat.tolist() == [[0, 0.5, 1], [0, 0, 0], [0, 0, 0]]
    assert not Score(0.0, np.eye(3, dtype=int)).heat.any()


@pytest.mark.parametrize("name", ["a$b^{$", "_hidden", "\udcff\x1b[2J", "\u6570\u5b57", "$\\frac$"])
def test_a_run_may_have_any_name(here: Path, name: str) -> None:
    for folder in (name, "other"):
        log(here / folder, "validation_accuracy,test_accuracy", "1,0.1,1,0.5,0.5", "2,0.1,1,0.6,0.6")
    for suffix in ("svg", "png", "pdf"):
        said = nnbp("plot", name, "other", "-o", f"c.{suffix}")
        assert said.status == 0
        assert re.fullmatch(r"(c\.p.*: no font here has 字数, drawn as boxes; .*\n)?", said.err)
    picture = Path("c.svg").read_text(encoding="utf-8")
    assert f"{printable(name)}, validation" in picture
    assert "other, test" in picture


BROKEN = b"\xff\xfe\x00 no settings"
STYLE = b"font.size: 30\nbackend: none\ntext.usetex: True\nfont.family: Nonesuch\nno.such.key: 1\n"
SURROUNDINGS: dict[str, tuple[dict[str, str], bytes | None]] = {
    "a notebook": ({"MPLBACKEND": "module://matplotlib_inline.backend_inline"}, None),
    "no such backend": ({"MPLBACKEND": "none"}, None),
    "a broken style file": ({"MATPLOTLIBRC": "broken"}, None),
    "a style file here": ({}, STYLE),
    "no configuration": ({"MPLCONFIGDIR": os.devnull, "HOME": os.devnull}, None),
}


def plotted(run: Path, **environment: str) -> tuple[int, bytes, bytes]:
    """The status, the picture and what was said, in a process that imports matplotlib."""
    Path("c.svg").unlink(missing_ok=True)
    command = [sys.executable, "-m", "nnbp_cli", "plot", str(run), "-o", "c.svg"]
    said = subprocess.run(command, capture_output=True, check=False, env=os.environ | environment)
    return said.returncode, Path("c.svg").read_bytes() if not said.returncode else b"", said.stderr


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where matplotlib keeps which fonts there are; to find out takes seconds."""
    return tmp_path_factory.mktemp("matplotlib")


@pytest.fixture
def plain(run: Path, fonts: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setenv("MPLCONFIGDIR", str(fonts))
    return plotted(run)[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_the_picture_is_the_same_whatever_matplotlib_is_told_elsewhere(
    run: Path, plain: bytes, name: str
) -> None:
    environment, style = SURROUNDINGS[name]
    Path("broken").write_bytes(BROKEN)
    if style:
        Path("matplotlibrc").write_bytes(style)
    assert plotted(run, **environment) == (0, plain, b"")


@pytest.mark.slow
def test_settings_and_fonts_that_cannot_be_read_are_a_line(run: Path, plain: bytes, fonts: Path) -> None:
    (cache,) = fonts.glob("fontlist*.json")
    known = json.loads(cache.read_text())
    Path("broken.ttf").write_bytes(BROKEN)
    for font in known["ttflist"]:
        font["fname"] = str(Path("broken.ttf").resolve())
    Path("own").mkdir()
    Path("own", cache.name).write_text(json.dumps(known))
    status, _, said = plotted(run, MPLCONFIGDIR="own")
    assert (status, said.count(b"\n")) == (1, 1)
    assert said.startswith(b"c.svg: a font cannot be read: ")
    Path("matplotlibrc").write_bytes(BROKEN)
    status, _, said = plotted(run)
    assert (status, said.count(b"\n")) == (1, 1)
    assert said.startswith(b"nnbp plot: matplotlib does not start: ")


def test_what_is_no_run_is_named_and_left_out(run: Path) -> None:
    """As a shell's runs/* gives it; each label stays with the run that it was given to."""
    Path("notes.txt").write_text("to do")
    Path("odd").mkdir()
    Path("odd/log.csv").write_text("no log")
    shutil.copy("run/weights.npz", "weights.npz")
    text, odd, stray = (
        "notes.txt: a file, and no run directory; 'nnbp runs' lists what there is",
        "odd/log.csv: not the log of a run; name a run directory of nnbp",
        "weights.npz: weights have no log; name the run directory that they are from, "
        "or draw what they have with 'nnbp plot --what confusion'",
    )
    labels = [f"--label={name}" for name in ("A", "B", "C", "D")]
    said = nnbp("plot", "notes.txt", "odd", run, "weights.npz", run, *labels, "-o", "c.svg")
    assert (said.status, said.err) == (0, "".join(f"left out: {line}\n" for line in (text, odd, stray)))
    assert {"C, training", "run, training"} <= set(words_of("c.svg"))
    said = nnbp("report", "notes.txt", run, "weights.npz", "-o", "r.html", "-q")
    assert (said.status, said.err) == (0, f"left out: {text}\nleft out: {stray}\n")
    Path("nowhere").symlink_to("gone")  # a link that leads nowhere is one of them
    assert nnbp("report", "nowhere", run, "-o", "r.html").status == 0
    for command in ("plot", "report"):
        for several in ((), ("notes.txt",)):
            said = nnbp(command, "weights.npz", *several)
            assert (said.status, said.err) == (1, f"{stray}\n")
        for others in ((), (run,)):
            said = nnbp(command, *others, "none")
            assert (said.status, said.err) == (
                1, "none: no such run directory; 'nnbp runs' lists what there is\n"
            )  # fmt: skip
