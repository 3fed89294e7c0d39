"""The book's experiments run again: which there are, how they are run, and what the book says beside us.

experiments.toml -> Experiment -> Job (one seed) -> a run directory -> Row (all seeds) -> table
"""

from nnbp_cli.reproduction.whole import check, reproduce

__all__ = ["check", "reproduce"]
