"""What the harnesses hold against a hostile input would be noticed."""

from collections.abc import Callable
from time import thread_time

from nnbp_cli.errors import NnbpError
from tests.torture.harness import Outcome
from tests.torture.trials import Trials


def noted(*acts: Callable[[], object], hung_after: float = 10) -> list[str]:
    outcome = Outcome()
    tries = Trials(outcome, seconds=0.05, memory=10e6, hung_after=hung_after)
    with tries.watching():
        for act in acts:
            tries.of(act, "w.npz", "it")
    assert outcome.tries == len(acts)
    return outcome.failures


def saying(text: str) -> Callable[[], None]:
    def act() -> None:
        raise NnbpError(text)

    return act


def busy(seconds: float) -> None:
    until = thread_time() + seconds
    while thread_time() < until:
        pass


def test_what_is_as_it_should_be_is_not_noted() -> None:
    assert not noted(lambda: 3, saying("w.npz: damaged; choose another\nw.npz: and so on"))


def test_all_else_is() -> None:
    texts = ("v.npz: damaged", "w.npz damaged", "w.npz: " + "x" * 600)
    acts = (lambda: [][0], lambda: busy(0.08), lambda: bytes(20_000_000), *map(saying, texts))
    failed, slow, large, *said = noted(*acts)
    assert failed == "it: IndexError: list index out of range"
    assert slow.startswith("it: took 0.")
    assert " s and 20,000," in large
    assert said == [f"it: said {text!r}" for text in texts]
    assert noted(lambda: busy(9), hung_after=0.1) == ["it: Hung: not done after 0.1 s"]
