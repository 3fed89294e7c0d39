"""A page opened in a real browser, from disk, with what it asked for and what it complained about."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


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
