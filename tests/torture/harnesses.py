"""All harnesses, in the order of the table."""

from tests.torture import (
    clusters,
    command_lines,
    configs,
    downloads,
    edited_runs,
    environments,
    faults,
    full_disks,
    idx_files,
    kills,
    mirrors,
    names,
    outputs,
    pictures,
    power,
    ranks,
    reproductions,
    searches,
    signals,
    stops,
    system_calls,
    weights_files,
)
from tests.torture.harness import Harness

EVERY = 10**6  # as many as there can be

HARNESSES: tuple[Harness, ...] = (
    Harness("kills", "a run killed at random moments goes on to the same bits", kills.run, 6, 500),
    Harness("signals", "a run stops in two seconds, and goes on to the same bits", signals.run, 8, 200),
    Harness("reproductions", "killed, it leaves no process, and goes on at once", reproductions.run, 1, 50),
    Harness("clusters", "with both workers killed, all jobs end with the same bits", clusters.run, 1, 10),
    Harness("searches", "of four processes one is killed: every trial once", searches.run, 1, 20),
    Harness("ranks", "with a rank killed, all end, and go on to the same bits", ranks.run, 2, 100),
    Harness("stops", "stopped at any batch, a run goes on to the same bits", stops.run, 8, EVERY),
    Harness("faults", "any file operation may fail, and nothing is lost", faults.run, 15, EVERY),
    Harness("power", "after a power cut all files can be read, and nothing is lost", power.run, 15, EVERY),
    Harness("full disks", "a full disk is one line, and nothing is lost", full_disks.run, 4, 20),
    Harness("weights", "a mutated file is refused, or read as what it is", weights_files.run, 600, 20_000),
    Harness("IDX files", "a mutated file is refused, or read as what it is", idx_files.run, 400, 5_000),
    Harness(
        "edited runs", "an edited run is named or read, and the others shown", edited_runs.run, 40, 2_000
    ),
    Harness("configs", "a mutated config is refused in lines, or used as it says", configs.run, 300, 10_000),
    Harness("pictures", "a damaged picture is read, or refused in one line", pictures.run, 200, 5_000),
    Harness("outputs", "what is not nnbp's own work is never written over", outputs.run, 40, EVERY),
    Harness("mirrors", "right files, or a reason for each mirror, by the deadline", mirrors.run, 20, 300),
    Harness("downloads", "two at once, one killed, never leave a wrong file", downloads.run, 3, 100),
    Harness("system calls", "any may fail, in any command: a line, and no harm", system_calls.run, 4, 1_000),
    Harness("environments", "whatever surrounds it, a line and a status", environments.run, 6, 260),
    Harness("command lines", "any line ends with a status and a word", command_lines.run, 60, 2_000),
    Harness("names", "no name makes a line, or reaches the terminal raw", names.run, 1, 40),
)
