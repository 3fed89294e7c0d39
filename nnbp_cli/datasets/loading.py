"""Loading: from the name of a data set, or a path to one's own, to its arrays, and from these to a `Dataset`.

Everything that can be wrong with the files is found here, before anything is trained.
"""

from math import isqrt
from pathlib import Path

from nnbp_cli.datasets import drawn, readers, sources
from nnbp_cli.datasets.catalog import CATALOG, NAMES
from nnbp_cli.datasets.dataset import Dataset, Split
from nnbp_cli.datasets.readers import idx
from nnbp_cli.datasets.readers.arrays import TEST_EVERY, Arrays
from nnbp_cli.datasets.sources import DIGITS, DRAWN, MIXED, SHAPE, SYNTHETIC
from nnbp_cli.errors import ConfigError, NnbpError
from nnbp_cli.nn.arrays import Bytes
from nnbp_cli.rng import generator
from nnbp_cli.system.reporter import Note
from nnbp_cli.wording import called

FourArrays = tuple[Bytes, Bytes, Bytes, Bytes]  # training images, labels, test images, labels


def load(
    name: str,
    data_dir: Path,
    *,
    train: int | None = None,
    validation: int | None = None,
    shuffle: bool | None = None,
    size: int | None = None,
    seed: int | None = None,
    rows: int | None = None,
    columns: int | None = None,
    folder: Path | None = None,
    note: Note = str,
) -> Dataset:
    """The data set `name`: of the catalog, "synthetic", or a path to whatever the `readers` read. Its files
    are at `folder` where that is given.

    The first `train` images train (None: all that do not validate), the last `validation` validate (None: the
    last sixth); where they are to `shuffle`, in an order that `seed` (None: 1) gives. `size` (None: 20,000)
    is for "synthetic" alone, which is drawn on first use; `rows` and `columns` for files that do not say the
    shape of an image, which is square where nobody does. `note` is told of what takes a while, and what is
    made of the files. Raises MissingData where downloading may help, NnbpError for files that are wrong,
    ConfigError for a name or numbers that do not fit them.
    """
    size, seed = sources.SIZE if size is None else size, sources.SEED if seed is None else seed
    where = folder or sources.locate(name, data_dir, size=size, seed=seed)
    if named := name in CATALOG or name in DRAWN:
        source = sources.find(name, where)
        found = drawn.synthetic(source, size, seed) if name == SYNTHETIC else readers.read_source(source)
        remedy = source.remedy
        if name == MIXED:
            found = drawn.mixed(found, size, seed)
    else:
        found, remedy = readers.read(where, note), "put a good copy there"
        for remark in found.remarks:  # before anything is refused: it may be why
            note(f"note: {remark}")
    images, labels, test_images, test_labels = arrays = _shaped(found, rows, columns)
    _check(where, arrays, remedy, digits=named)
    shape = images.shape[1:]
    flat, test_flat = images.reshape(len(images), -1), test_images.reshape(len(test_images), -1)
    if shuffle:
        order = generator(seed, "split").permutation(len(images))
        flat, labels = flat[order], labels[order]
    first, last = _split(len(images), len(test_images), train, validation)
    return Dataset(
        name,
        Split(flat[first], labels[first]),
        Split(flat[last], labels[last]),
        Split(test_flat, test_labels),
        (shape[0], shape[1]),
        DIGITS if named else max(len(found.class_names), 1 + int(max(labels.max(), test_labels.max()))),
        idx.digest(arrays),
        () if found.class_names == called((), len(found.class_names)) else found.class_names,
    )


def files(
    name: str, data_dir: Path, size: int | None, seed: int | None, **shape: int | None
) -> dict[str, bytes]:
    """The files of a data set by their names, for another machine, which reads them in a folder; where it is
    one's own, as the IDX files that it might have been. Raises as `load` does.
    """
    where = sources.locate(name, data_dir, size=size, seed=seed)
    if name in CATALOG or name in DRAWN:
        return {path.name: path.read_bytes() for path in sources.find(name, where).paths}
    found = readers.read(where, str)
    arrays = {
        file: idx.header(array.shape) + array.tobytes() for file, array in zip(NAMES, _shaped(found, **shape))
    }
    names = {readers.CLASS_NAMES: "\n".join(found.class_names).encode()} if found.class_names else {}
    return arrays | names


def _shaped(found: Arrays, rows: int | None, columns: int | None) -> FourArrays:
    """The arrays of a data set, its images (n, rows, columns)."""
    images, test_images = found.images, found.test_images
    if images.ndim == 2:
        pixels = images.shape[1]
        high = rows or (pixels // columns if columns else isqrt(pixels))
        wide = columns or (pixels // rows if rows else high)
        if high * wide != pixels:
            what = f"{high}x{wide} are not" if rows or columns else "no square is"
            remedy = "give data.rows and data.columns"
            raise ConfigError(f"data.rows: an image has {pixels} pixels, which {what}; {remedy}")
        images, test_images = (each.reshape(len(each), high, wide) for each in (images, test_images))
    elif (given := (rows or images.shape[1], columns or images.shape[2])) != images.shape[1:]:
        have, want = ("{}x{}".format(*each) for each in (images.shape[1:], given))
        raise ConfigError(
            f"data.rows: the images are {have}, not {want}; leave data.rows and data.columns out"
        )
    return images, found.labels, test_images, found.test_labels


def _check(where: Path, arrays: FourArrays, remedy: str, *, digits: bool) -> None:
    """Raise NnbpError where four arrays, each of them right, do not make one data set; `digits` must be ten
    classes of 28x28.
    """

    def wrong(what: str) -> NnbpError:
        return NnbpError(f"{where}: {what}; {remedy}")

    for part, images, labels in (("training", *arrays[:2]), ("test", *arrays[2:])):
        if part == "test" and not len(labels):
            no_class = f"no class has the {TEST_EVERY} of which one could be taken"
            raise NnbpError(f"{where}: no test images in the files, and {no_class}; add some")
        if not images.size:
            raise wrong(f"no {part} images in the files")
        if len(images) != len(labels):
            raise wrong(f"{len(images):,} {part} images with {len(labels):,} labels")
        if digits and labels.max() >= DIGITS:
            raise wrong(f"a {part} label of {labels.max()} where 0 to {DIGITS - 1} are due")
    if (arrays[1] == arrays[1][0]).all():
        raise NnbpError(f"{where}: every training label is {arrays[1][0]}; two classes are the fewest")
    shapes = [images.shape[1:] for images in arrays[::2]]
    if shapes[0] != shapes[1] or (digits and shapes[0] != SHAPE):
        training, test = (f"{rows}x{columns}" for rows, columns in shapes)
        expected = "{}x{}".format(*SHAPE) if digits else "one size"
        raise wrong(f"training images of {training} and test images of {test} where {expected} is due")


def _split(count: int, tests: int, train: int | None, validation: int | None) -> tuple[slice, slice]:
    """The slices of `count` training images, which there are beside `tests`, that train and that validate."""
    validate = count // 6 if validation is None else validation
    learn = count - validate if train is None else train
    for key, number, least in (("data.validation", validate, 0), ("data.train", learn, 1)):
        if number < least:
            raise ConfigError(f"{key}: expected a number of at least {least}, got {number}")
    if learn + validate > count:
        both = f"{learn} training and {validate} validation images (data.validation)"
        remedy = "lower both" if min(learn, validate) > count else "lower one"
        raise ConfigError(
            f"data.train: {both} are more than the {count} there are beside {tests} test images; {remedy}"
        )
    return slice(learn), slice(count - validate, count)
