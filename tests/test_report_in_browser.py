"""The page of `nnbp report` in a real browser: the pad reads digits, and nothing is asked of anybody."""

from __future__ import annotations

import base64
import io
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from nnbp_cli.config import DataConfig, LayerConfig, NetworkConfig, OverrideConfig, build
from nnbp_cli.datasets import loading
from nnbp_cli.digits import normalize
from nnbp_cli.models import weights
from nnbp_cli.models.weights import Weights
from nnbp_cli.nn.penalties import Penalty
from nnbp_cli.nn.scaling import scaled
from nnbp_cli.report.network_section import network_json
from tests.command_line import nnbp
from tests.conftest import OUTSIDE
from tests.networks import convolutional, voters
from tests.normal_vectors import VECTORS, picture_of
from tests.photographs import resized
from tests.small_run import CONFIG, CONVOLUTIONAL
from tests.strokes import DIGITS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install '.[dev]'")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium"),
]

REAL = (OUTSIDE / "mnist").is_dir()
CONFIGS = Path(__file__).parent.parent / "configs"


@dataclass
class Opened:
    """A page, and since it was opened: the addresses it asked for, and the errors it logged."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def draw(self, strokes: Sequence[Sequence[tuple[float, float]]]) -> str:
        """Clear the pad, draw on it with the mouse, and say what the network reads. (0, 0) is the upper left
        corner of the pad, (1, 1) the lower right one.
        """
        mouse, pad = self.page.mouse, self.page.locator("#pad")
        self.page.click("#clear")
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        assert box
        for stroke in strokes:
            for number, (x, y) in enumerate(stroke):
                mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
                if number == 0:
                    mouse.down()
            mouse.up()
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        return self.page.inner_text("#predicted")


@contextmanager
def opened(browser: Browser, file: Path, width: int = 1280) -> Iterator[Opened]:
    """The page in `file`, in a window of this width."""
    page = browser.new_page(viewport={"width": width, "height": 800})
    here = Opened(page)
    page.on("request", lambda request: here.requests.append(request.url[:80]))
    page.on("console", lambda message: here.errors.append(message.text))
    page.on("pageerror", lambda error: here.errors.append(str(error)))
    page.goto(file.resolve().as_uri())
    yield here
    page.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def data_dir(drawn: Path) -> Path:
    return OUTSIDE if REAL else drawn


@pytest.fixture(scope="module")
def run(browser: Browser, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that reads real digits well: learned from them, or else from drawn ones."""
    out = tmp_path_factory.mktemp("reported") / "run"
    config = CONFIGS / ("mnist.toml" if REAL else "demo.toml")
    more = ["--set", "training.epochs=2"] if REAL else []
    said = nnbp("train", "--config", config, "--out", out, "--data-dir", data_dir,
                "--weights", out.with_name("w.npz"), "-q", *more)  # fmt: skip
    assert said.status == 0
    return out


@pytest.fixture(scope="module")
def report(run: Path, data_dir: Path) -> Path:
    file = run.with_name("report.html")
    assert nnbp("report", run, "-o", file, "--data-dir", data_dir).err == ""
    return file


@pytest.mark.parametrize("width", [1280, 390])
def test_the_pad_reads_every_digit_and_nothing_is_asked_for(
    browser: Browser, report: Path, width: int
) -> None:
    """By day and by night, on a desk and on a phone."""
    with opened(browser, report, width) as here:
        for scheme, digits in (("light", range(5)), ("dark", range(5, 10))):
            here.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            read = {digit: here.draw(DIGITS[digit]) for digit in digits}
            assert read == {digit: str(digit) for digit in digits}
            background = here.page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (sum(map(int, background[4:-1].split(","))) < 300) == (scheme == "dark")
            assert here.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            bar = here.page.locator("#outputs .predicted .fill").bounding_box()
            assert bar
            assert bar["width"] > 80
        pictures = [url for url in here.requests if url.startswith("data:image/png;base64,")]
        assert [url for url in here.requests if url not in pictures] == [report.resolve().as_uri()]
        assert here.errors == []


def test_a_digit_is_drawn_with_the_keyboard(browser: Browser, report: Path) -> None:
    with opened(browser, report) as here:
        page = here.page
        page.focus("#clear")
        page.keyboard.press("Shift+Tab")
        assert page.evaluate("document.activeElement.id") == "pad"
        assert page.is_visible("#pen")
        page.keyboard.press("Space")
        for _ in range(16):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Space")
        spoken = page.locator("#spoken")
        spoken.filter(has_text="It reads a 1").wait_for(state="attached")
        assert page.inner_text("#predicted") == "1"
        page.keyboard.press("Escape")
        spoken.filter(has_text="The pad is empty").wait_for(state="attached")
        assert page.inner_text("#outputs").count("0.000") == 10


def test_a_table_of_many_classes_scrolls_and_the_page_does_not(browser: Browser, here: Path) -> None:
    pictures, classes = np.eye(40, 784, dtype=np.uint8)[np.arange(120) % 40] * 255, np.arange(120) % 40
    arrays: dict[str, Any] = {"x_train": pictures, "y_train": classes, "x_test": pictures, "y_test": classes}
    np.savez("many.npz", **{name: array.astype(np.uint8) for name, array in arrays.items()})
    config = CONFIG.replace('"synthetic"\nsize = 600', '"many.npz"').replace("neurons = 10", "neurons = 40")
    Path("small.toml").write_text(config)
    assert nnbp("train", "small.toml", "--out", "run", "-q").status == 0
    assert nnbp("report", "run", "-o", "many.html").status == 0
    with opened(browser, Path("many.html"), 390) as shown:
        assert shown.page.evaluate("document.getElementById('confusion').scrollWidth > innerWidth")
        assert shown.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_table_that_is_too_wide_is_shaded_where_there_is_more_of_it(
    browser: Browser, run: Path, data_dir: Path
) -> None:
    copy, file = run.with_name("copy"), run.with_name("compared.html")
    shutil.copytree(run, copy)
    assert nnbp("report", run, copy, "-o", file, "--data-dir", data_dir).status == 0
    with opened(browser, file, 390) as here:
        assert here.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        table = here.page.locator("#figures .wide")
        for scroll, shaded in ((0, [False, True]), (50, [True, True]), (10_000, [True, False])):
            table.evaluate(f"element => element.scrollLeft = {scroll}")
            with Image.open(io.BytesIO(table.screenshot())) as picture:
                ink = picture.convert("L")
            bottom = ink.height - 2  # below the text
            assert [bool(ink.getpixel((x, bottom)) != ink.getpixel((ink.width // 2, bottom)))
                    for x in (0, ink.width - 1)] == shaded  # fmt: skip


def test_a_cell_of_the_matrix_shows_its_digits(browser: Browser, report: Path) -> None:
    with opened(browser, report, 390) as here:
        page = here.page
        assert page.locator("#confusion button[tabindex='0']").count() == 1
        cell = page.locator("[data-cell='7,7']")
        cell.click()
        assert cell.get_attribute("aria-pressed") == "true"
        assert page.inner_text("#cell-title").startswith(str(cell.get_attribute("aria-label")))
        assert page.locator("#cell-digits li").count() == 40, "at most"
        page.keyboard.press("ArrowDown")
        focused = "document.activeElement.dataset.cell"
        while page.evaluate(focused) != "8,8":
            before = page.evaluate(focused)
            page.keyboard.press("ArrowRight" if before.startswith("8") else "ArrowDown")
            assert page.evaluate(focused) != before
        page.keyboard.press("Enter")
        assert "of a 8 taken for a 8" in page.inner_text("#cell-title")
        assert here.errors == []


READABLE = """() => {
    const all = (selector) => [...document.querySelectorAll(selector)];
    const ids = all("[id]").map((each) => each.id);
    return {
        nameless: all("button, a, canvas, [role=img], [tabindex='0']")
            .filter((each) => !each.getAttribute("aria-label") && !each.textContent.trim())
            .map((each) => each.outerHTML.slice(0, 80)),
        loose: all("th").filter((head) => !head.scope).length,
        repeated: ids.length - new Set(ids).size,
        levels: all("h1,h2,h3").map((head) => +head.tagName[1]),
    };
}"""


def test_the_page_can_be_read_aloud(browser: Browser, report: Path) -> None:
    assert_readable_aloud(browser, report)


OUTSIDE_OF_THE_CHART = """(charts) => charts.flatMap((chart) => {
    const box = chart.getBoundingClientRect();
    return [...chart.querySelectorAll(".trial")].map((mark) => mark.getBoundingClientRect())
        .filter((at) => at.left < box.left - 1 || at.right > box.right + 1);
})"""


@pytest.mark.parametrize("width", [1280, 390])
def test_the_trials_of_a_search_stand_in_their_charts(
    browser: Browser, searched: Path, drawn: Path, width: int
) -> None:
    report = searched / "report.html"
    assert nnbp("report", searched / "study.journal", "-o", report, "--data-dir", drawn).err == ""
    with opened(browser, report, width) as here:
        assert here.page.eval_on_selector_all("#search .plot", OUTSIDE_OF_THE_CHART) == []
        assert here.page.locator("#search .plot .trial").count() == 3 * (9 + 1)
        assert (here.requests[1:], here.errors) == ([], [])
    assert_readable_aloud(browser, report)


def assert_readable_aloud(browser: Browser, report: Path) -> None:
    """Everything that can be reached has a name, and headings go down by one."""
    found = in_page(browser, report, READABLE, None)
    levels = found.pop("levels")
    assert found == {"nameless": [], "loose": 0, "repeated": 0}
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def in_page(browser: Browser, report: Path, program: str, value: Any) -> Any:
    with opened(browser, report) as here:
        return here.page.evaluate(program, value)


PREDICT = """([networks, text, pixels]) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const members = networks.map(unpacked);
    return Array.from({ length: bytes.length / pixels }, (_, k) => {
        const x = scaled(bytes.slice(k * pixels, (k + 1) * pixels));
        return average(members.map((layers) => activations(layers, x).at(-1)));
    });
}"""


def assert_the_page_says_the_same(
    browser: Browser, report: Path, images: np.ndarray, *members: Weights
) -> None:
    """A network, or the vote of several, to images that it tells apart."""
    text = base64.b64encode(images.tobytes()).decode()
    networks = [network_json(each) for each in members]
    ours = voters(*members).predict(scaled(images), "")
    assert np.ptp(ours, axis=0).max() > 0.05
    assert np.abs(in_page(browser, report, PREDICT, [networks, text, images.shape[1]]) - ours).max() < 1e-5


def test_every_activation_is_the_same_in_the_page(browser: Browser, report: Path) -> None:
    rng = np.random.default_rng(0)
    layers = (
        LayerConfig(neurons=9, activation="linear", override=(OverrideConfig(neuron=2, activation="tanh"),)),
        LayerConfig(neurons=8, activation="relu", override=(OverrideConfig(neuron=0, activation="linear"),)),
        LayerConfig(neurons=7, activation="tanh", override=(OverrideConfig(neuron=6, activation="relu"),)),
        LayerConfig(neurons=6, activation="sigmoid", dropout=0.5),
        LayerConfig(neurons=5, activation="softmax"),
    )
    config = NetworkConfig(cost="log-likelihood", layers=layers)
    params = build(config, (3, 4)).parameters()
    params.theta[:] = rng.normal(0, 0.7, params.theta.size)
    learned = Weights(config, params, DataConfig(), (3, 4), "", Penalty(l1=0, l2=0, images=1), 1)
    images = rng.integers(0, 256, (200, 12), dtype=np.uint8)
    images[rng.random(images.shape) < 0.5] = 0
    assert_the_page_says_the_same(browser, report, images, learned)


CONVOLUTIONS = (
    LayerConfig(maps=4, kernel=3, pool=2, activation="relu", dropout=0.5),
    LayerConfig(maps=5, kernel=4, pool=3, padding="same", activation="tanh"),
    LayerConfig(maps=3, kernel=2, padding="same", activation="sigmoid"),
)


def test_the_page_and_python_say_the_same_to_a_thousand_images(
    browser: Browser, report: Path, run: Path, data_dir: Path
) -> None:
    """A trained network, and the mean of it and others with and without convolutions."""
    members = [weights.load(run)] + [
        replace(convolutional(layers, (28, 28), seed=seed, classes=10), data=weights.load(run).data)
        for seed, layers in enumerate((CONVOLUTIONS[:1], ()))
    ]
    images = loading.load("mnist" if REAL else "synthetic", data_dir).test.images[:1000]
    assert_the_page_says_the_same(browser, report, images, members[0])
    assert_the_page_says_the_same(browser, report, images, *members)


SEEN = """() => {
    const copy = document.createElement("canvas").getContext("2d");
    copy.drawImage(document.getElementById("seen"), 0, 0);
    return [...copy.getImageData(0, 0, 28, 28).data].filter((_, k) => k % 4 === 3);
}"""


def test_the_pad_of_a_vote_shows_the_mean_and_what_each_reads(
    browser: Browser, run: Path, data_dir: Path, tmp_path: Path
) -> None:
    learned = weights.load(run)
    for number, name in enumerate(("a", "b", "c")):
        shutil.copytree(run, tmp_path / name)
        learned.params.theta += number * np.random.default_rng(number).normal(
            0, 0.05, len(learned.params.theta)
        )
        weights.save(tmp_path / name / "weights.npz", learned)
    line = ("--data-dir", data_dir, "-o", tmp_path / "r.html")
    assert nnbp("report", "--vote", *(tmp_path / name for name in "abc"), *line).err == ""
    members = [weights.load(tmp_path / name) for name in "abc"]
    with opened(browser, tmp_path / "r.html") as here:
        for digit in (4, 8):
            predicted = here.draw(DIGITS[digit])
            x = scaled(np.array([here.page.evaluate(SEEN)], np.uint8))
            ours = voters(*members).predict(x, "")[0]
            shown = [float(each) for each in here.page.locator("#outputs .output").all_inner_texts()]
            assert shown == pytest.approx(ours, abs=0.00051)
            assert predicted == str(ours.argmax())
            said = here.page.locator("#members .read").all_inner_texts()
            assert said == [str(each.network.predict(each.params, x).argmax()) for each in members]
        here.page.click("#clear")
        assert here.page.locator("#members .read").all_inner_texts() == ["\N{EM DASH}"] * 3
        assert here.errors == []
    assert_readable_aloud(browser, tmp_path / "r.html")


@pytest.mark.parametrize("convolutions", [CONVOLUTIONS, CONVOLUTIONS[1:], CONVOLUTIONS[2:]], ids=len)
def test_the_page_runs_convolutions_as_python_does(
    browser: Browser, report: Path, convolutions: tuple[LayerConfig, ...]
) -> None:
    """On images that are not square, whose squares of neurons leave rests."""
    learned = convolutional(convolutions, (17, 16))
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (200, 17 * 16), dtype=np.uint8)
    images[rng.random(images.shape) < np.linspace(0.2, 0.9, 200)[:, None]] = 0
    assert_the_page_says_the_same(browser, report, images, learned)


MAPS = """([network, text, across]) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const layers = unpacked(network);
    const { image, width } = mapsAsPicture(layers[0].pooled, activations(layers, scaled(bytes))[0], across);
    return [[...image], width];
}"""


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_page_shows_what_each_map_of_the_first_layer_makes_of_an_image(
    browser: Browser, report: Path, activation: Any
) -> None:
    first = LayerConfig(maps=5, kernel=3, pool=2, activation=activation)
    learned = convolutional((first,), (17, 20))
    image = np.random.default_rng(0).integers(0, 256, 17 * 20, dtype=np.uint8)
    text = base64.b64encode(image.tobytes()).decode()
    ink, width = in_page(browser, report, MAPS, [network_json(learned), text, 3])
    shown = np.array(ink).reshape(2 * 7 + 1, width)
    a = learned.network.feedforward(learned.params, scaled(image[None]))[0][1].reshape(7, 9, 5)
    least = min(0, a.min())
    inked = np.rint(255 * (a - least) / (a.max() - least))
    for k in range(5):
        top, left = 8 * (k // 3), 10 * (k % 3)
        assert np.abs(shown[top : top + 7, left : left + 9] - inked[:, :, k]).max() <= 1
        shown[top : top + 7, left : left + 9] = 0
    assert not shown.any(), "nothing between them"


def test_the_maps_of_a_convolution_follow_the_pen(browser: Browser, data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "cnn.toml").write_text(CONVOLUTIONAL)
    line = ("--data-dir", data_dir, "--out", tmp_path / "run", "--weights", tmp_path / "w.npz", "-q")
    assert nnbp("train", tmp_path / "cnn.toml", *line).status == 0
    assert nnbp("report", tmp_path / "run", "-o", tmp_path / "r.html", "--data-dir", data_dir).err == ""
    picture = "document.getElementById('maps').toDataURL()"
    with opened(browser, tmp_path / "r.html") as here:
        pictures = [here.page.evaluate(picture)]
        for digit in (5, 1):
            here.draw(DIGITS[digit])
            pictures.append(here.page.evaluate(picture))
        assert len(set(pictures)) == 3
        here.page.click("#clear")
        assert here.page.evaluate(picture) == pictures[0]
        assert here.errors == []


# Milliseconds of the median answer, after some that compile it.
ANSWER = """([network, text, pixels]) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const layers = unpacked(network);
    const times = Array.from({ length: bytes.length / pixels }, (_, k) => {
        const image = bytes.slice(k * pixels, (k + 1) * pixels);
        const start = performance.now();
        activations(layers, scaled(image));
        return performance.now() - start;
    });
    return times.slice(10).sort((a, b) => a - b)[Math.floor((times.length - 10) / 2)];
}"""


def test_the_pad_answers_while_one_draws_with_the_books_largest_convolutions(
    browser: Browser, report: Path, data_dir: Path
) -> None:
    """conv 20@5x5, pool 2, conv 40@5x5, pool 2, dense 100: in 20 ms, and to a thousand images as Python."""
    first = LayerConfig(maps=20, kernel=5, pool=2, activation="relu")
    learned = convolutional((first, replace(first, maps=40)), (28, 28), hidden=100)
    images = loading.load("mnist" if REAL else "synthetic", data_dir).test.images[:1000]
    assert_the_page_says_the_same(browser, report, images, learned)
    text = base64.b64encode(images[:100].tobytes()).decode()
    asked = [network_json(learned), text, 784]
    assert min(in_page(browser, report, ANSWER, asked) for _ in range(3)) < 20, "on a busy machine, once"


NORMALIZE = """([text, sizes]) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    let start = 0;
    return sizes.map(([rows, columns]) => {
        const ink = bytes.slice(start, (start += rows * columns));
        const image = normalize(Float64Array.from(ink, (byte) => byte / 255), rows, columns);
        return btoa(String.fromCharCode(...image));
    });
}"""


def test_the_pad_makes_the_image_that_predict_makes(browser: Browser, report: Path, data_dir: Path) -> None:
    """Of the vectors that test_digits.py holds digits/normalization.py to; and of a thousand digits in many
    sizes, as the ink of a picture or of the pad has them.
    """
    rng = np.random.default_rng(2)
    digits = loading.load("mnist" if REAL else "synthetic", data_dir).test.images[:1000].reshape(-1, 28, 28)
    inks = [np.rint(255 * resized(digit / 255, *rng.integers(8, 70, 2))).astype(np.uint8) for digit in digits]
    inks += [picture_of(vector["ink"]) for vector in json.loads(VECTORS.read_text())]
    text = base64.b64encode(b"".join(ink.tobytes() for ink in inks)).decode()
    made = in_page(browser, report, NORMALIZE, [text, [list(ink.shape) for ink in inks]])
    assert list(map(base64.b64decode, made)) == [normalize(ink / 255).tobytes() for ink in inks]


SAVE = """() => { const pad = document.getElementById("pad"), paper = document.createElement("canvas");
    [paper.width, paper.height] = [pad.width, pad.height];
    const surface = paper.getContext("2d");
    surface.fillStyle = "white";
    surface.fillRect(0, 0, paper.width, paper.height);
    surface.drawImage(pad, 0, 0);
    return [pad.toDataURL(), paper.toDataURL("image/jpeg", 0.9)]; }"""


def test_predict_reads_on_a_saved_pad_what_the_page_read(
    browser: Browser, report: Path, run: Path, tmp_path: Path
) -> None:
    """As a PNG with a transparent ground, and as a JPEG on white; the outputs agree as well."""
    with opened(browser, report) as here:
        for digit, strokes in DIGITS.items():
            assert here.draw(strokes) == str(digit)
            outputs = [float(each) for each in here.page.locator("#outputs .output").all_inner_texts()]
            for suffix, url in zip((".png", ".jpg"), here.page.evaluate(SAVE)):
                picture = tmp_path / f"{digit}{suffix}"
                picture.write_bytes(base64.b64decode(url.split(",")[1]))
                (read,) = json.loads(nnbp("predict", run, picture, "--json").out)["pictures"]
                (found,) = read["digits"]
                assert found["predicted"] == digit
                assert found["outputs"] == pytest.approx(outputs, abs=0.05)


def test_a_hostile_run_puts_nothing_into_the_page(
    browser: Browser, tmp_path: Path, drawn: Path, trained_run: Path
) -> None:
    name = "<img src=x onerror=window.x=1></script><script>window.x=1<!--"
    runs = [tmp_path / name.replace("/", "\N{DIVISION SLASH}"), tmp_path / "a&b"]
    for run in runs:
        shutil.copytree(trained_run, run)
    summary = (runs[0] / "summary.json").read_text()
    (runs[0] / "summary.json").write_text(summary.replace('"numpy": "', f'"numpy": "{name}'))
    for reported in (runs[:1], runs):
        nnbp("report", *reported, "-o", tmp_path / "r.html", "--data-dir", drawn)
        with opened(browser, tmp_path / "r.html") as here:
            assert here.page.evaluate("window.x") is None
            assert here.page.locator("img").count() == 0
            assert here.page.locator("script").count() == 2
            assert runs[0].name in here.page.inner_text("header")
            assert here.errors == []
