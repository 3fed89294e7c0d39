"""What the harnesses hold against a hostile input would be noticed."""

from __future__ import annotations

from time import thread_time

import pytest

from nnbp_cli.errors import NnbpError
from tests.torture import trials
from tests.torture.harness import Outcome
from tests.torture.trials import Trials


def noted(act: object) -> list[str]:
    outcome = Outcome()
    tries = Trials(outcome, seconds=0.05, memory=10e6)
    with tries.watching():
        tries.of(act, "w.npz", "it")  # type: ignore[arg-type]
    assert outcome.tries == 1
    return outcome.failures


def saying(text: str) -> object:
    def act() -> None:
        raise NnbpError(text)

    return act


def for_ever() -> None:
    while True:
        pass


def slowly() -> None:
    until = thread_time() + 0.08
    while thread_time() < until:
        pass


def test_what_is_as_it_should_be_is_not_noted() -> None:
    assert not noted(lambda: 3)
    assert not noted(saying("w.npz: damaged; choose another\nw.npz: and so on"))


def test_all_else_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert noted(lambda: [][0]) == ["it: IndexError: list index out of range"]
    (slow,) = noted(slowly)
    assert slow.startswith("it: took 0.")
    (large,) = noted(lambda: bytes(20_000_000))
    assert " s and 20,000," in large
    for text in ("v.npz: damaged", "w.npz damaged", "w.npz: " + "x" * 600):
        assert noted(saying(text)) == [f"it: said {text!r}"]
    monkeypatch.setattr(trials, "HUNG_AFTER", 0.3)
    assert noted(for_ever) == ["it: Hung: not done after 0.3 s"]
