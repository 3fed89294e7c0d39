"""The book's experiments run again: which there are, how they are run, and what the book says beside us.

experiments.toml -> Experiment -> Job (one seed) -> a run directory -> Row (all seeds)
"""
