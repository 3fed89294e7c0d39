"""A page and its translation say the same: they have the code, formulas, numbers and file names in common."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = ["README", "docs/backprop"]

CODE_BLOCK = re.compile(r"```.*?```", re.DOTALL)
FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$]+\$", re.DOTALL)
WORDS = {r"\text{即}": r"\text{that is}"}  # in formulas
COUNTED = {
    "formulas": FORMULA,
    "code": re.compile(r"`([^`]+)`"),
    "numbers": re.compile(r"\d(?:[\d,.:]*\d)?"),
    "files": re.compile(r"[\w/.-]+\.(?:py|toml|md|npz|html|onnx|safetensors|png)\b"),
    "addresses": re.compile(r"https?://[^\s)>]+"),
}


def both(page: str) -> list[str]:
    """The text of a page in English and in Chinese, without the first line, which leads to the other."""
    texts = []
    for language, other in (
        ("", f"[简体中文]({Path(page).name}.zh-CN.md)"),
        (".zh-CN", f"[English]({Path(page).name}.md)"),
    ):
        first, _, text = (ROOT / f"{page}{language}.md").read_text(encoding="utf-8").partition("\n")
        assert other in first
        text = text.replace(
            ".zh-CN.md)", ".md)"
        )  # where there is a page in both, a link leads to the same language
        for there, here in WORDS.items():
            text = text.replace(there, here)
        texts.append(text)
    return texts


@pytest.mark.parametrize("page", PAGES)
def test_code_blocks_are_the_same(page: str) -> None:
    english, chinese = map(CODE_BLOCK.findall, both(page))
    assert chinese == english


@pytest.mark.parametrize("what", COUNTED)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_what_its_original_has(page: str, what: str) -> None:
    found = []
    for text in both(page):
        prose = CODE_BLOCK.sub("", text)
        if what != "formulas":
            prose = FORMULA.sub("", prose)
        found.append(Counter(" ".join(each.split()) for each in COUNTED[what].findall(prose)))
    english, chinese = found
    assert (english - chinese, chinese - english) == (Counter(), Counter())


@pytest.mark.parametrize("page", PAGES)
def test_the_headings_are_as_many(page: str) -> None:
    english, chinese = (re.findall(r"^#+ ", CODE_BLOCK.sub("", text), re.MULTILINE) for text in both(page))
    assert chinese == english
