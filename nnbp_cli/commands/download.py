"""`nnbp download`: a published data set, fetched, checked and kept."""

from pathlib import Path

import click

from nnbp_cli.commands.options import completed, data_dir_option, quiet_option
from nnbp_cli.datasets.catalog import CATALOG
from nnbp_cli.datasets.sources import SYNTHETIC, what_instead
from nnbp_cli.errors import ConfigError
from nnbp_cli.wording import listed, quoted

ASKED_FOR = (*CATALOG, SYNTHETIC)  # the last to be told that there is nothing to download


@click.command(name="download")
@click.argument("name", default="mnist", shell_complete=completed(CATALOG))
@data_dir_option
@click.option("--mirror", "mirrors", multiple=True, metavar="URL", help="Ask this address first; repeatable.")
@click.option("--force", is_flag=True, help="Fetch the files even if they are here and right.")
@quiet_option
def command(name: str, data_dir: Path, mirrors: tuple[str, ...], force: bool, quiet: bool) -> None:
    """Fetch a data set, check it and keep it.

    NAME is mnist (the default), fashion-mnist or kmnist. Files that are here and right are not fetched
    again; a damaged one is. A mirror's URL is that of a folder with the four files in it; a user and a
    password in it go to that server alone. HTTPS_PROXY, HTTP_PROXY and NO_PROXY are honoured, and so are
    REQUESTS_CA_BUNDLE and SSL_CERT_FILE, which name certificates to trust.

    \b
    nnbp download
    nnbp download fashion-mnist --data-dir ~/datasets --mirror http://localhost:8000/
    """
    if name not in ASKED_FOR:
        hint = what_instead(name, ASKED_FOR, f"use {listed(ASKED_FOR)}")
        raise ConfigError(f"nnbp download: no data set is called {quoted(name)}; {hint}")
    from nnbp_cli.datasets.download import fetch
    from nnbp_cli.terminal.output import print_result, wrote
    from nnbp_cli.terminal.progress import TerminalReporter

    if name not in CATALOG:
        print_result(f"{name}: nothing to download; it is drawn when it is first trained on")
        return
    entry = CATALOG[name]
    folder = fetch(entry, data_dir, mirrors=mirrors, force=force, reporter=TerminalReporter(quiet))
    licence = f", licence {entry.licence}" if entry.licence else ""
    wrote(folder, f"{folder}: {entry.title}, {len(entry.files)} files, all verified{licence}")
