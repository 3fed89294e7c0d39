"""Each harness for a moment; `make torture` runs them at length."""

from pathlib import Path

import pytest

from tests.torture.harness import Harness
from tests.torture.harnesses import HARNESSES

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("harness", HARNESSES, ids=lambda harness: harness.name)
def test_nothing_breaks_in_a_moment(harness: Harness, tmp_path: Path) -> None:
    outcome = harness.run(harness.short, 0, tmp_path)
    assert outcome.tries >= harness.short
    assert not outcome.failures
