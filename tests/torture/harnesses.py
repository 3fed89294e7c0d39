"""All harnesses, in the order of the table."""

from __future__ import annotations

from tests.torture.harness import Harness

HARNESSES: tuple[Harness, ...] = ()
