"""Processes that MPICH's mpirun starts together, on this machine or on what they take for two."""

import os
import shlex
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.command_line import Said
from tests.dask_cluster import every_process
from tests.processes import started

MPIRUN = Path(sysconfig.get_path("scripts")) / "mpirun"
NNBP = (sys.executable, "-W", "error", "-m", "nnbp_cli")
TRAIN = (*NNBP, "train", "--mpi", "-q")


def mpirun(ranks: int, *command: object) -> Said:
    """What so many processes say together."""
    with started(MPIRUN, "-n", ranks, *command) as process:
        out, err = process.communicate(timeout=300)
    return Said(process.returncode, out, err)


@contextmanager
def together(run: Path, *line: object) -> Iterator[subprocess.Popen[str]]:
    """An mpirun that trains `run`; neither it nor a rank outlives the block."""
    with started(*line) as process:
        try:
            yield process
        finally:
            for pid in ranks_of(run).values():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def ranks_of(run: Path) -> dict[int, int]:
    """The process of each rank that has this directory in its command line."""
    found = {}
    for pid in every_process():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:  # it has ended
            continue
        for each in variables:
            if each.startswith(b"PMI_RANK=") and str(run).encode() in words:
                found[int(each.partition(b"=")[2])] = pid
    return found


@dataclass(frozen=True)
class TwoMachines:
    """Two network namespaces with a link between them, and how a command is started in both."""

    names: tuple[str, str]
    launcher: Path

    def start(self, *command: object) -> list[object]:
        """The command line of a process in each."""
        # Both have the same memory, which MPI would see.
        each = [
            ["-n", "1", "-env", "UCX_TLS", "tcp,self", "-env", "UCX_NET_DEVICES", name, *command]
            for name in self.names
        ]
        hosts = ("-localhost", "10.213.7.1", "-hosts", "10.213.7.1,10.213.7.2")
        launcher = ("-launcher", "ssh", "-launcher-exec", self.launcher)
        first = ("ip", "netns", "exec", self.names[0])
        return [*first, MPIRUN, *hosts, *launcher, *each[0], ":", *each[1]]

    def limit(self, rate: str) -> None:
        """Let no more through the link, in either direction, than so much, such as 1gbit."""
        for name in self.names:
            words = f"qdisc add dev {name} root tbf rate {rate} burst 256kb latency 50ms"
            _run("ip", "netns", "exec", name, "tc", *words.split())

    def cut(self) -> None:
        """Take the link down."""
        _ip("-n", self.names[0], "link", "set", self.names[0], "down")


@contextmanager
def two_machines(folder: Path) -> Iterator[TwoMachines]:
    """Two of them. Raises OSError where this process may not make them, or has no `ip`."""
    names = f"nnbp{os.getpid()}a", f"nnbp{os.getpid()}b"
    with ExitStack() as stack:
        for name in names:
            _ip("netns", "add", name)
            stack.callback(_ip, "netns", "delete", name)
        _ip("link", "add", names[0], "type", "veth", "peer", "name", names[1])
        for number, name in enumerate(names, start=1):
            _ip("link", "set", name, "netns", name)
            _ip("-n", name, "address", "add", f"10.213.7.{number}/30", "dev", name)
            for device in ("lo", name):
                _ip("-n", name, "link", "set", device, "up")
        launcher = folder / "ssh"  # -x HOST COMMAND, quoted for a shell
        launcher.write_text(f'#!/bin/sh\nshift 2\nexec ip netns exec {names[1]} sh -c "$*"\n')
        launcher.chmod(0o755)
        yield TwoMachines(names, launcher)


def _ip(*words: str) -> None:
    _run("ip", *words)


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{shlex.join(words)}: {done.stderr.strip()}")
