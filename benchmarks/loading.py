"""How long it takes to load a data set: read, unpack, check against its checksums.

python -m benchmarks.loading [--data-dir DIR] [--quick]
"""

from benchmarks import data
from benchmarks.timing import spread, timed

if __name__ == "__main__":
    arguments = data.options(__doc__).parse_args()
    name = data.load(arguments.data_dir).name
    seconds = [timed(lambda: data.load(arguments.data_dir)) for _ in range(3 if arguments.quick else 15)]
    print(f"{name}: {spread(seconds)} s")
