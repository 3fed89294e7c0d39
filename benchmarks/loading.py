"""How long it takes to load a data set: read, unpack, check against its checksums; and the same as CSV files,
when they are read and kept for the first time, and from then on.

python -m benchmarks.loading [--data-dir DIR] [--quick]
"""

from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from benchmarks import data
from benchmarks.timing import spread, timed
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.datasets.loading import load
from nnbp_cli.datasets.readers import kept


def write_csv(of: Dataset, folder: Path) -> None:
    """Its images as mnist_train.csv and mnist_test.csv."""
    for part, splits in (("train", (of.training, of.validation)), ("test", (of.test,))):
        with (folder / f"mnist_{part}.csv").open("w") as file:
            for split in splits:
                for label, image in zip(split.labels.tolist(), split.images):
                    file.write(f"{label},{','.join(map(str, image.tolist()))}\n")


if __name__ == "__main__":
    arguments = data.options(__doc__).parse_args()
    known = data.load(arguments.data_dir)
    times = 3 if arguments.quick else 15
    print(f"{known.name}: {spread([timed(lambda: data.load(arguments.data_dir)) for _ in range(times)])} s")
    with TemporaryDirectory() as place:
        folder = Path(place)
        write_csv(known, folder)

        assert load(place, folder).digest == known.digest
        first = []
        for _ in range(times):
            rmtree(folder / kept.FOLDER)
            first.append(timed(lambda: load(place, folder)))
        print(f"as CSV files, the first time: {spread(first)} s")
        later = [timed(lambda: load(place, folder)) for _ in range(times)]
        print(f"as CSV files, from then on: {spread(later)} s")
