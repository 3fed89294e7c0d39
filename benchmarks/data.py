"""The images that everything is measured on: real MNIST where it is, else drawn digits."""

import argparse
import os
from pathlib import Path

from nnbp_cli.datasets import loading
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.errors import MissingData

SIZE = 60_000  # as many are drawn as MNIST has
DATA_DIR = Path(os.environ.get("NNBP_DATA_DIR", "data"))  # as `nnbp train` has it


def load(data_dir: Path) -> Dataset:
    """50,000 images to train with and 10,000 to validate."""
    try:
        return loading.load("mnist", data_dir, train=50_000, validation=10_000)
    except MissingData:
        return loading.load("synthetic", data_dir, size=SIZE, train=50_000, validation=10_000)


def options(description: str | None) -> argparse.ArgumentParser:
    """A command's options: --data-dir and --quick."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR, metavar="DIR")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, only to see that it works")
    return parser
