"""The configs that come with the program, and the network. Listing them is quick: a shell does it to complete
a name.
"""

import os
from pathlib import Path

import nnbp_cli
from nnbp_cli.errors import ConfigError, NnbpError
from nnbp_cli.system import files
from nnbp_cli.wording import did_you_mean, quoted

SUFFIXES = (".toml", ".yaml", ".yml")  # those that config.formats reads
NO_CONFIG = "experiments.toml"  # beside the book's configs: what `nnbp reproduce` runs and expects


def shipped_folder() -> Path:
    """Where the shipped configs are: in the package when it is installed, and beside it in a checkout."""
    package = Path(nnbp_cli.__file__).parent
    return package / "configs" if (package / "configs").is_dir() else package.parent / "configs"


def shipped_network() -> Path:
    """The network that comes with the program; the README beside it says how it was made."""
    return Path(nnbp_cli.__file__).parent / "weights" / "digits.npz"


def default_network() -> Path:
    """What answers where no weights are named: those that were trained here last, else the shipped ones."""
    return path if (path := Path("weights.npz")).exists() else shipped_network()


def shipped() -> dict[str, Path]:
    """The shipped configs by name: "mnist", "book/ch1-30"; YAML ones with their suffix, "mnist.yaml"."""
    folder = shipped_folder()
    paths = [p for p in sorted(folder.rglob("*")) if p.suffix in SUFFIXES and p.name != NO_CONFIG]
    return {path.relative_to(folder).as_posix().removesuffix(".toml"): path for path in paths}


def description(path: Path) -> str:
    """What a shipped config is for: the comment on its first line."""
    return path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")


def copy(name: str) -> Path:
    """Write the shipped config `name` under configs/ in the current directory; the path that it got.

    Raises ConfigError for a name that is none, NnbpError when something is at that path already.
    """
    paths, name = shipped(), _bare(name)
    if name not in paths:
        hint = did_you_mean(name, paths, "'nnbp init --list' shows what there is")
        raise ConfigError(f"nnbp init: no shipped config is called {quoted(name)}; {hint}")
    target = _target(name)
    _check_free(target)
    files.make_directory(target.parent)
    files.write(target, paths[name].read_bytes(), _check_free)
    return target


def remedy(path: Path) -> str | None:
    """What to do where there is no file `path`, if it has the name of a shipped config."""
    name = _bare(path.as_posix())
    if name not in shipped():
        return None
    target = _target(name)
    return f"did you mean {target}?" if target.exists() else f"'nnbp init {name}' writes {target}"


def _bare(name: str) -> str:
    return name.removeprefix("configs/").removesuffix(".toml")


def _target(name: str) -> Path:
    return Path("configs", name if name.endswith((".yaml", ".yml")) else f"{name}.toml")


def _check_free(target: Path) -> None:
    """Raise NnbpError where anything is at `target`, a link that leads nowhere too; a `files.Check`."""
    if os.path.lexists(target):
        raise NnbpError(f"{target}: is there already; move it away, or change keys of it with --set")
