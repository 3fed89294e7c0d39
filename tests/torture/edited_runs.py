"""Run directories that somebody edited, damaged, or put something else into."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from nnbp_cli import config
from nnbp_cli.errors import ConfigError
from nnbp_cli.system import signals
from nnbp_cli.training import loop
from tests.command_line import Said, nnbp
from tests.interruption import Interruption
from tests.small_run import results
from tests.torture import configs, forgeries
from tests.torture.damage import damaged
from tests.torture.harness import Outcome, on_alarm
from tests.torture.scene import EPOCHS, SETTINGS, write_config
from tests.torture.trials import HUNG_AFTER, LONGEST, Hung

NAMES = ("config.toml", "log.csv", "summary.json", "checkpoint.npz", "weights.npz")
HUGE = 50_000_000  # bytes
LONG = 5  # epochs, of which no more are waited for

VALUES: tuple[Any, ...] = (
    *forgeries.HOSTILE, float("-inf"), 10**400, -(10**400), 1e-320, 2.5, "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "2026-02-30", "1e999", "NaN", "SIGKILL", "SIGINT", "by\x1b]0;title\x07",
    "runs/other\n99.99%", "validation luck", {"accuracy": 1e999, "cost": 0}, {"accuracy": 0.5},
    {"layer speed 10000": 1.0}, {"validation luck": 0.5},
)  # fmt: skip
# What would be drawn too seldom: values of a summary that no run has.
OF_NO_RUN: tuple[dict[str, Any], ...] = (
    {"began": "0001-01-01T00:00:00+14:00"}, {"began": "9999-12-31T23:59:59-14:00"}, {"began": "soon" * 500},
    {"epochs": 1e999}, {"epochs": 10**400}, {"epochs": -1}, {"stopped_by": "SIGKILL"},
    {"stopped_by": "\x1b[2J\nother 99%"}, {"seconds": {"training": 1, "total": 1e999, "total_cpu": 1}},
    {"test": {"accuracy": 1e999, "cost": 1}}, {"test": {"accuracy": 2, "cost": 1}}, {"test": {}},
    {"data": {"digest": 1}}, {"kept": {"luck": 1.0}}, {"kept_epoch": 10**400}, {"parameters": "many"},
    {"epochs_at_most": float("nan")}, {"times_tested": 10**400}, {"times_tested": -1}, {"weights": 1},
    {"diverged": 3}, {"versions": []}, {"test_set_watched": 1}, {"ended": "\ud800"},
)  # fmt: skip
# And of some run, perhaps.
ODD: tuple[dict[str, Any], ...] = (
    {"test": {"accuracy": 1, "cost": None}}, {"versions": {"\x1b": "\x1b"}}, {"diverged": "\x1b[2J\n"},
    {"ended": "\x1b[2J\n"},
)  # fmt: skip
CELLS = (
    "", " ", "nan", "inf", "-inf", "1e999", "-1", "1.5", "1e300", "0", "1", "3", "10" * 200, "1_0", "0x1",
    "x", "\x1b[2J", "\uff11", '"1"', "\ufeff1", "1\r", "1,1",
)  # fmt: skip
COLUMNS = (
    "", "epoch", "seconds", "learning_rate", "luck", "test_accuracy", "validation_luck", "my cost", "\x1b[2J",
    "<b>", "layer_speed_", "layer_speed_1", "layer speed 2", "layer_speed_99999", "cost", "accuracy" * 100,
    "validation_accuracy",
)  # fmt: skip


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Edit so many runs, some finished, some on their way, some just begun, beside one that nobody touches,
    and let every command that reads runs look at them, then go on with them.

    Where it goes on, the end has the same bits, unless the checkpoint was forged by one who knows the format,
    or there was none, and the config made it another run.
    """
    outcome = Outcome()
    line = ["--config", write_config(folder), *(part for each in SETTINGS for part in ("--set", each))]
    whole, left, runs = folder / "whole", folder / "left", folder / "runs"
    _train(*line, "--out", whole)
    _train(*line, "--out", left, stop_after=11)
    expected = results(whole)
    begun = Path(shutil.copytree(left, folder / "begun"))  # before its first checkpoint
    for name in ("checkpoint.npz", "weights.npz", "summary.json"):
        (begun / name).unlink()
    shutil.copytree(whole, runs / "sound")
    with on_alarm(_give_up):
        for number in range(tries):
            rng = Random(f"{seed} {number}")
            edited = Path(shutil.copytree(rng.choice((whole, left, left, begun)), runs / "edited"))
            name = rng.choice([name for name in NAMES if (edited / name).exists()])
            how = rng.choice((_damaged, _edited, _edited, _edited, _replaced))
            how(edited / name, rng)
            what = f"{name}, {how.__name__}, seed {seed}, number {number}"
            alone = name == "config.toml" and not (edited / "checkpoint.npz").exists()
            forged = alone or (name == "checkpoint.npz" and how is _edited)
            outcome.tries += 1
            try:
                signal.alarm(HUNG_AFTER)
                for problem in _problems(edited, runs / "sound", rng, None if forged else expected):
                    outcome.failures.append(f"{what}: {problem}")
            except (Exception, Hung) as error:
                outcome.failures.append(f"{what}: {type(error).__name__}: {error}")
            finally:
                signal.alarm(0)
                shutil.rmtree(edited)
    return outcome


def _train(*arguments: object, stop_after: int = 10**9) -> None:
    with pytest.MonkeyPatch.context() as patched:
        interruption = Interruption()
        interruption.come(stop_after)
        patched.setattr(signals, "defer", interruption.defer)
        patched.setattr(loop, "BATCHES_PER_CHUNK", 1)
        said = nnbp("train", "-q", *arguments, "--weights", Path(str(arguments[-1])).with_suffix(".npz"))
    if "unexpected" in said.err or said.status not in (0, 130):
        raise RuntimeError(said.err)


def _problems(edited: Path, sound: Path, rng: Random, expected: dict[str, Any] | None) -> list[str]:
    """What the commands do with an edited run that they should not."""
    problems: list[str] = []
    runs, out = edited.parent, edited.parent.parent

    def said_by(*arguments: object, statuses: tuple[int, ...] = (0, 1, 2)) -> Said:
        said = nnbp(*arguments)
        lines = said.err.splitlines() + (said.out.splitlines() if "--json" not in arguments else [])
        well = (
            each.isprintable() and len(each) < LONGEST and "unexpected error" not in each for each in lines
        )
        if said.status not in statuses or not all(well) or (said.status and not said.err):
            problems.append(f"{arguments[0]} ended with {said.status}: {said.err!r} {said.out[:500]!r}")
        if said.status == 0 and "--json" in arguments:
            json.loads(said.out, parse_constant=_refused)
        return said

    said = said_by("runs", runs, "--json", statuses=(0,))
    names = {each["name"] for each in json.loads(said.out)}
    if "sound" not in names or ("edited" in names) == (str(edited) in said.err):
        listed = (edited / "config.toml").is_file()
        if listed or "sound" not in names:
            problems.append(f"runs listed {names} and said {said.err!r}")
    said_by("runs", runs, statuses=(0,))
    match rng.randrange(8):
        case 0 | 1:
            said_by("report", edited, sound, "-q", "-o", out / "report.html", statuses=(0,))
        case 2 | 3:
            said_by("report", edited, "-o", out / "report.html")
        case 4:
            said_by("plot", edited, sound, "-o", out / "curves.png")
        case _:
            said_by("eval", edited, "--json")
    if _epochs(edited) > LONG:
        return problems
    said = said_by("train", "--resume", edited, "-q", "--json", "--offline", "--weights", out / "weights.npz")
    if said.status == 0 and expected and _epochs(edited) == EPOCHS:
        ended = results(edited)
        for each in (ended, expected):
            each["summary"] = each["summary"] | {"times_tested": 1}
        problems += [f"resumed it ended with another {key}" for key in ended if ended[key] != expected[key]]
    return problems


def _epochs(edited: Path) -> int:
    """How many epochs the config of a run asks for; none where it asks for nothing."""
    try:
        file = edited / "config.toml"
        return config.load(file).training.epochs if file.is_file() else 0
    except ConfigError:
        return 0


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _give_up() -> None:
    raise Hung(f"not done after {HUNG_AFTER} s")


# What is done to a file


def _damaged(path: Path, rng: Random) -> None:
    path.write_bytes(damaged(path.read_bytes(), rng))


def _replaced(path: Path, rng: Random) -> None:
    """Something else is in its place, or nothing."""
    content = path.read_bytes()
    path.unlink()
    makers: tuple[Callable[[], object], ...] = (
        lambda: None,
        path.mkdir,
        path.touch,
        lambda: os.mkfifo(path),
        lambda: path.symlink_to(path.name),
        lambda: path.symlink_to("nowhere"),
        lambda: path.symlink_to("/dev/zero"),
        lambda: path.symlink_to("/dev/null"),
        lambda: path.symlink_to(path.parent),
        lambda: _huge(path, b""),
        lambda: _huge(path, content),
        lambda: path.write_bytes(b"[" * 200_000),
        lambda: path.write_bytes(content.replace(b"\n", b"\r\n")),
        lambda: path.write_bytes(content.decode("latin-1").encode("utf-16")),
        lambda: path.touch(mode=0),
    )
    rng.choice(makers)()


def _huge(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    os.truncate(path, HUGE)


def _edited(path: Path, rng: Random) -> None:
    """As somebody might who knows what is in it."""
    {
        "config.toml": _edited_config,
        "log.csv": _edited_log,
        "summary.json": _edited_summary,
        "checkpoint.npz": _edited_archive,
        "weights.npz": _edited_archive,
    }[path.name](path, rng)


def _edited_config(path: Path, rng: Random) -> None:
    text = path.read_text()
    words = sorted(set(configs.TOKEN.findall(text)))
    path.write_bytes(rng.choice(configs.MUTATIONS)(text, words, rng))


def _edited_summary(path: Path, rng: Random) -> None:
    summary = json.loads(path.read_text())
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if rng.random() < 0.5:
            summary |= rng.choice(OF_NO_RUN + ODD)
        else:
            forgeries.edit(summary, VALUES, rng)
        if not summary:
            break
    text = forgeries.dumped(summary)
    if rng.random() < 0.3:
        text = text.replace("Infinity", "1e999")
    if rng.random() < 0.1:  # a key given twice
        text = text.replace("{", '{"epochs": 1e999, "times_tested": 7, "began": 3, ', 1)
    path.write_text(text, errors="surrogatepass")


def _edited_archive(path: Path, rng: Random) -> None:
    contents = forgeries.members(path.read_bytes())
    forge = rng.choice(
        (forgeries.other_values, forgeries.other_values, forgeries.other_text, forgeries.no_json)
    )
    path.write_bytes(forge(contents, rng).content)


def _edited_log(path: Path, rng: Random) -> None:
    table = [line.split(",") for line in path.read_text().splitlines()]
    for _ in range(rng.choice((1, 1, 1, 2))):
        k = rng.randrange(max(map(len, table)))
        match rng.choice(("cell", "cell", "cell", "add", "rename", "drop", "swap", "line", "torn")):
            case "cell":
                row = rng.choice(table[1:] or table)
                row[k % len(row) :][:1] = []
                row.insert(k % (len(row) + 1), rng.choice(CELLS))
            case "add":
                for row, cell in zip(table, (rng.choice(COLUMNS), *(rng.choice(CELLS) for _ in table))):
                    row.insert(k, cell)
            case "rename":
                table[0][k % len(table[0])] = rng.choice(COLUMNS)
            case "drop":
                table = [row[:k] + row[k + 1 :] or [""] for row in table]
            case "swap":
                rng.shuffle(table)
            case "line":
                table.insert(rng.randrange(len(table) + 1), list(rng.choice(table)))
            case _:
                table[-1] = table[-1][:k]
        table = [row or [""] for row in table]
    path.write_text("\n".join(map(",".join, table)) + "\n" * rng.choice((0, 1, 1, 1, 2)), encoding="utf-8")
