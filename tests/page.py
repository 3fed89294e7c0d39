"""The page of `nnbp report`, taken apart."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from tests.command_line import nnbp


def page_of(*arguments: object) -> str:
    """The page that `nnbp report` writes of these runs."""
    said = nnbp("report", *arguments)
    assert (said.status, said.out) == (0, "wrote report.html\n")
    return Path("report.html").read_text(encoding="utf-8")


class Elements(HTMLParser):
    """The elements of a page: that they are closed in order, and every attribute that there is."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.words = ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["script"], ["style"]):
            self.words += data


def data_of(page: str) -> dict[str, Any]:
    """What its script is given."""
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    read: dict[str, Any] = json.loads(data)
    return read
