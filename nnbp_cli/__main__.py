"""`python -m nnbp_cli` is `nnbp`."""

from nnbp_cli.cli import main

main()
