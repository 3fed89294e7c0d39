"""A config file becomes plain values, or one line that says why not; never a traceback or a wrong value."""

from pathlib import Path
from typing import Any

import pytest

from nnbp_cli.config.formats import parse_toml, read
from nnbp_cli.config.loading import apply_overrides
from nnbp_cli.config.yaml_text import parse_yaml
from nnbp_cli.errors import ConfigError, NnbpError
from tests.failing_disk import fail_at_read
from tests.torture.harness import Outcome
from tests.torture.trials import Trials


@pytest.fixture(params=["x.toml", "x.yaml"])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return tmp_path / str(request.param)


def refusal(path: Path, content: bytes | str | None = None) -> str:
    """What is said of the file `path`, without the path; `content` is written to it first."""
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ConfigError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


# What is read


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        (0.001, ["1e-3"]),
        (500_000.0, ["5E5"]),
        (10, ["010"]),
        (1000, ["1_000"]),
        (True, ["true"]),
        (None, ["~", ""]),
        (float("inf"), [".inf", "1e400"]),
    ],
)
def test_yaml_values_are_those_of_yaml_1_2(value: object, texts: list[str]) -> None:
    for text in texts:
        read_value = parse_yaml(f"key: {text}", "x.yaml")["key"]
        assert read_value == value
        assert type(read_value) is type(value)


def test_what_older_yaml_makes_a_truth_a_time_or_a_date_of_is_text() -> None:
    for text in ("no", "off", "yes", "1:30", "2001-01-01", "~x", "=", "0b", "1" * 5000):
        assert parse_yaml(f"key: {text}", "x.yaml") == {"key": text}
    assert parse_yaml("key: '3'", "x.yaml") == {"key": "3"}


def test_yaml_keys_are_text_whatever_they_look_like() -> None:
    assert parse_yaml("{no: 1, 010: 2, ~: 3, <<: 4}", "x.yaml") == {"no": 1, "010": 2, "~": 3, "<<": 4}


def test_an_alias_stands_for_a_copy() -> None:
    plain = parse_yaml("a: &layer {neurons: 30}\nb: [*layer, *layer]", "x.yaml")
    assert plain == {"a": {"neurons": 30}, "b": [{"neurons": 30}, {"neurons": 30}]}
    assert plain["a"] is not plain["b"][0] is not plain["b"][1]


@pytest.mark.parametrize(
    ("name", "text"),
    [("x.toml", "[data]\nsize = 3\n"), ("x.yaml", "data:\n  size: 3\n"), ("X.YML", "data: {size: 3}")],
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "byte order mark"])
@pytest.mark.parametrize("line_break", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_a_byte_order_mark_and_windows_line_breaks_just_work(
    tmp_path: Path, name: str, text: str, mark: bytes, line_break: str
) -> None:
    (tmp_path / name).write_bytes(mark + text.replace("\n", line_break).encode())
    assert read(tmp_path / name) == {"data": {"size": 3}}


def test_brackets_and_dots_in_text_and_comments_are_not_depth() -> None:
    many = "[." * 200
    text = f'''# {many}
a = "{many}\\"{many}"
b = \'{many}\'
c = """
{many} "" \\""" {many}"""
d = \'\'\'{many}\'\'\'
e = [{"0.5, " * 200}]
f = [{"[{ g = 1 }], " * 200}]
'''
    assert list(parse_toml(text, "x.toml")) == ["a", "b", "c", "d", "e", "f"]


def test_fifty_levels_are_read(path: Path) -> None:
    path.write_text(("a = " if path.suffix == ".toml" else "a: ") + "[" * 49 + "1" + "]" * 49)
    assert read(path)


# What is not


def test_an_empty_file_is_refused(path: Path) -> None:
    for content in ("", "\n", "# nothing\n"):
        assert refusal(path, content) == "is empty; 'nnbp init' writes a config to start from"


@pytest.mark.parametrize(("text", "got"), [("- 1", "a list"), ("data", "'data'"), ("3", "3")])
def test_what_is_no_table_is_refused(tmp_path: Path, text: str, got: str) -> None:
    expected = "expected the tables data, network and training"
    assert refusal(tmp_path / "x.yaml", text) == f"{expected}, got {got}"


def test_a_file_that_is_not_there_or_no_config_is_refused_with_what_is_read(tmp_path: Path) -> None:
    expected = "expected a .toml, .yaml or .yml file"
    (tmp_path / "folder.toml").mkdir()
    assert refusal(tmp_path / "gone.toml") == f"no such file; {expected}, as 'nnbp init' writes one"
    assert refusal(tmp_path / "x.ini", "[data]") == f"is not a config file; {expected}"
    assert refusal(tmp_path / "mnist") == f"is not a config file; {expected}"
    assert refusal(tmp_path) == f"is a directory; {expected}"
    assert refusal(tmp_path / "folder.toml") == f"is a directory; {expected}"
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    with pytest.raises(NnbpError, match=r"loop\.toml: cannot be read: too many levels of symbolic links; "):
        read(tmp_path / "loop.toml")


def test_a_disk_that_fails_is_no_mistake_of_the_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "small.toml").write_text("[data]")
    fail_at_read(monkeypatch, 0)
    with pytest.raises(NnbpError, match=r"small\.toml: cannot be read: input/output error") as it:
        read(tmp_path / "small.toml")
    assert it.value.exit_status == 1


def test_the_largest_file_that_is_read_has_64_kb(path: Path) -> None:
    largest = "# " + "x" * (64 * 1024 - 2)
    assert refusal(path, largest).startswith("is empty")
    assert refusal(path, largest + "x") == "larger than 64 KB; a config has a few hundred bytes"


def test_what_is_not_utf_8_is_refused_with_its_line(path: Path) -> None:
    assert refusal(path, b"# a\n# b\n# \xff") == "line 3: not UTF-8 text; save the file as UTF-8"


DEEP = "nested more than 50 levels deep"
MANY = "line {}: more than 10,000 keys and values; a config has a few dozen"
TAG = "line {}: tag '{}' is not read; leave it out"
NO_KEY = "line {}: a list, a table or an alias is no key; write text"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = 1\nb = 2\na = 3\nc = 4", "line 3, column 6: a key is given twice; keep one"),
        ("a = 1\na = 2", "line 2, column 6: a key is given twice; keep one"),
        ("[a]\n[a]\n", "line 2, column 3: a table is given twice; keep one"),
        ("a = {b = 1}\n[a]", "line 2, column 3: a table is given twice; keep one"),
        ("a = 1\nb = mnist", "line 2, column 5: not a TOML value; text is written in quotes"),
        ("a = 1\nb 2", "line 2, column 3: not TOML: expected '=' after a key in a key/value pair"),
        ("a = [1,", "at the end: not a TOML value; text is written in quotes"),
        ("a = " + "1" * 5000, "not TOML: an integer has too many digits"),
        ("a = " + "[" * 51 + "]" * 51, DEEP),
        ("a = " + "{a=" * 51, DEEP),
        (".".join("a" * 52) + " = 1", DEEP),
        ("[" + "a." * 15_000 + "a]\n" + "\n".join(f"b{i}=1" for i in range(4000)), DEEP),
        ('a = """' + 'x\\"""\n' * 10_000, "at the end: not TOML: unterminated string"),
    ],
    ids=range(13),
)
def test_toml_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert refusal(tmp_path / "x.toml", text) == said


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30)
)
TOWER = "a0: &a0 x\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 60))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: key 'a' is given twice; keep one"),
        ("data:\n  size: 1\n  'size': 2", "line 3: key 'size' is given twice; keep one"),
        ("a: b: c", "line 1, column 5: not YAML: mapping values are not allowed here"),
        ("a:\n\t- 1", "line 2, column 1: not YAML: found character '\\t' that cannot start any token"),
        ("a: 1\nb: \x01", "line 2, column 4: not YAML: special characters are not allowed"),
        ("a: 1\n---\nb: 2", "line 2: a second document starts here; one is read"),
        ("[a]: 1", NO_KEY.format(1)),
        ("a: &a x\n? *a\n: 1", NO_KEY.format(2)),
        (
            "a: 1\nb: !!python/object/apply:os.system [touch pwned]",
            TAG.format(2, "tag:yaml.org,2002:python/object/apply:os.system"),
        ),
        ("a: !!binary aGk=", TAG.format(1, "tag:yaml.org,2002:binary")),
        ("!!str a: 1", TAG.format(1, "tag:yaml.org,2002:str")),
        ("a: !mine {b: 1}", TAG.format(1, "!mine")),
        ("%YAML 1.1\n---\na: 0", "line 2: only YAML 1.2 is read, where no is text and 010 is 10; drop %YAML"),
        ("a: &a [*a]", "line 1: nothing before this is called 'a'; write it out"),
        ("a: *b", "line 1: nothing before this is called 'b'; write it out"),
        (BOMB, MANY.format(4)),
        (TOWER, f"line 51: {DEEP}"),
        ("a: [" + "1," * 30_000 + "]", MANY.format(1)),
        ("[" * 51 + "1" + "]" * 51, f"line 1: {DEEP}"),
        ("{a: " * 16_000, f"line 1: {DEEP}"),
        ("- " * 30_000, f"line 1: {DEEP}"),
        ("\n".join(" " * i + "a:" for i in range(200)), f"line 52: {DEEP}"),
        ('a: "\\ud800"', "line 1: '\\ud800' is not text; write whole characters"),
        ('"\\udfff": 1', "line 1: '\\udfff' is not text; write whole characters"),
    ],
    ids=range(24),
)
def test_yaml_is_refused_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refusal(tmp_path / "x.yaml", text) == said
    assert not Path("pwned").exists()


@pytest.mark.slow
def test_refusing_takes_less_than_a_second_and_50_mb(tmp_path: Path) -> None:
    hostile = {"bomb.yaml": BOMB, "deep.yaml": "[" * 60_000, "long.yaml": "a: [" + "1," * 30_000}
    hostile |= {"deep.toml": "a = " + "[" * 60_000, "open.toml": 'a = """' + 'x\\"""\n' * 10_000}
    for name, text in hostile.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    trials = Trials(Outcome(), seconds=1, memory=50e6)
    with trials.watching():
        for path in tmp_path.iterdir():
            assert trials.of(lambda path=path: read(path), f"{path}: ", path.name) is None  # type: ignore[misc]
    assert not trials.outcome.failures


# --set


def plain() -> dict[str, Any]:
    return {"network": {"layers": [{"neurons": 30}, {"neurons": 10}], "none": []}, "training": {"epochs": 3}}


def test_a_value_is_read_as_toml_or_else_as_text() -> None:
    values: dict[str, object] = {"5": 5, " 5 ": 5, "1e-3": 0.001, "true": True, "'adam'": "adam"}
    values |= {'["test cost"]': ["test cost"], "{a = 1}": {"a": 1}}
    values |= {text: text for text in ("adam", "", "a=b", "[1", "1\nother = 2", "[" * 60)}
    for text, value in values.items():
        config = plain()
        apply_overrides([f"training.epochs={text}"], config)
        assert config["training"]["epochs"] == value


def test_settings_reach_into_lists_make_tables_and_the_last_one_wins() -> None:
    config = plain()
    settings = ["network.layers.1.neurons=7", "data.name=kmnist", "training.epochs=4", "training.epochs=5"]
    origins, mistakes = apply_overrides(settings, config)
    assert not mistakes
    assert config["network"]["layers"] == [{"neurons": 30}, {"neurons": 7}]
    assert config["data"] == {"name": "kmnist"}
    assert config["training"]["epochs"] == 5
    assert origins[0] == (("network", "layers", 1, "neurons"), "--set network.layers.1.neurons=7")


OF_LAYERS = "network.layers has no '{}'; there is network.layers.0 to network.layers.1"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("epochs", "no '='; write KEY=VALUE, as in --set training.epochs=5"),
        ("network.layers.2.neurons=1", OF_LAYERS.format("2")),
        ("network.layers.-1.neurons=1", OF_LAYERS.format("-1")),
        ("network.layers.x=1", OF_LAYERS.format("x")),
        (f"network.layers.{'9' * 5000}=1", OF_LAYERS.format("9" * 60 + "...")),
        ("network.none.0=1", "network.none has no '0'; there is nothing"),
        ("training.epochs.x=1", "training.epochs is 3, with no 'x' in it"),
        ("a\udcff=1", "not UTF-8 text; write it as UTF-8"),
    ],
)
def test_a_setting_that_leads_nowhere_is_a_mistake_and_changes_nothing(setting: str, said: str) -> None:
    config = plain()
    origins, (mistake,) = apply_overrides([setting], config)
    assert not origins
    assert config == plain()
    assert mistake == f"--set {setting}: {said}"
