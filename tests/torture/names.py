"""Names of what a terminal obeys, drawn at random, given to every command in each place that takes one."""

from pathlib import Path
from random import Random

from tests import wild_names
from tests.torture.command_lines import STATUSES
from tests.torture.harness import Outcome
from tests.wild_names import FORGED

PIECES = (
    "\x1b[2J", "\x1b]0;title\x07", "\x1bc", "\x9b31m", "\r", "\b\b\b", f"\n{FORGED}", f"\n\n{FORGED}",
    "\v", "\f", "\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\u200b", "\ufeff", "\x7f", "\ue000",
    "\U000e0041", "\t", "a", " ", "$a^{", "_", "%s", "{0}", "<b>", "&amp;", "'", '"', "\\n", "\u6570",
    "\u00e9", "-", "=", "[0]", ";",
)  # fmt: skip


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """So many names, each given to every line of the walk."""
    outcome = Outcome()
    for number in range(tries):
        rng = Random(f"{seed} {number}")
        name = "w" + "".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 6)))
        place = folder / str(number)
        place.mkdir()
        for line, _, said in wild_names.walk(place, name):
            outcome.tries += 1
            wrong = wild_names.raw(said)
            unknown = said.status not in STATUSES or "unexpected error" in said.err
            what = f"seed {seed}, number {number}: {name!r}: {line}"
            outcome.check(not wrong, f"{what}: printed {wrong!r:.500}")
            outcome.check(not unknown, f"{what}: status {said.status}: {said.err!r:.500}")
    return outcome
