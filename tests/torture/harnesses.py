"""All harnesses, in the order of the table."""

from __future__ import annotations

from tests.torture import (
    command_lines,
    configs,
    downloads,
    faults,
    full_disks,
    idx_files,
    kills,
    mirrors,
    power,
    signals,
    stops,
    weights_files,
)
from tests.torture.harness import Harness

EVERY = 10**6  # as many as there can be

HARNESSES: tuple[Harness, ...] = (
    Harness("kills", "a run killed at random moments goes on to the same bits", kills.run, 6, 500),
    Harness("signals", "a run stops in two seconds, and goes on to the same bits", signals.run, 8, 200),
    Harness("stops", "stopped at any batch, a run goes on to the same bits", stops.run, 8, EVERY),
    Harness("faults", "any file operation may fail, and nothing is lost", faults.run, 15, EVERY),
    Harness("power", "after a power cut all files can be read, and nothing is lost", power.run, 15, EVERY),
    Harness("full disks", "a full disk is one line, and nothing is lost", full_disks.run, 4, 20),
    Harness(
        "mutated weights files",
        "refused in a line, or read as what they were, within 50 ms and 64 MB",
        weights_files.try_all,
        short=600,
        long=20_000,
    ),
    Harness(
        "mutated IDX files",
        "refused in a line, or read as what they are, within 50 ms and 64 MB",
        idx_files.try_all,
        short=400,
        long=5_000,
    ),
    Harness(
        "mutated configs",
        "refused in lines, or all they say is used and kept, within 250 ms and 32 MB",
        configs.try_all,
        short=300,
        long=10_000,
    ),
    Harness(
        "faulty mirrors",
        "right files or a reason for each mirror, by the deadline, and never a wrong file",
        mirrors.try_all,
        short=20,
        long=300,
    ),
    Harness(
        "downloads at once, one killed",
        "no wrong file at any time; the next download finishes, and leaves nothing else",
        downloads.try_all,
        short=3,
        long=100,
    ),
    Harness(
        "random command lines",
        "a documented status, lines that a terminal can show, and never a traceback",
        command_lines.try_all,
        short=60,
        long=2_000,
    ),
)
