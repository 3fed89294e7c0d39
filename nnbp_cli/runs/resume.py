"""A run that was left goes on from its checkpoint: the same run, on the same data, to the same end."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path

from nnbp_cli import engines
from nnbp_cli.config import (
    Config,
    DataConfig,
    TrainingConfig,
    build,
    changed_keys,
    check_against_data,
    load_recorded,
    loads,
    moved,
    to_toml,
)
from nnbp_cli.datasets import sources
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.engines import ALONE, Communicator
from nnbp_cli.errors import ConfigError, NnbpError
from nnbp_cli.nn.initializers import INITIALIZERS
from nnbp_cli.runs import checkpoint as checkpoint_file
from nnbp_cli.runs.active_run import ActiveRun, Clock
from nnbp_cli.runs.checkpoint import Checkpoint
from nnbp_cli.runs.directory import RunDirectory, existing
from nnbp_cli.runs.run import execute, limited_threads
from nnbp_cli.runs.setup import Paths, check_weights, load_or_download, resolve
from nnbp_cli.runs.summary import Summary
from nnbp_cli.system.reporter import Reporter
from nnbp_cli.training import history, loop
from nnbp_cli.wording import counted, listed


def resume(
    path: Path,
    settings: Sequence[str],
    paths: Paths,
    reporter: Reporter,
    scored: Sequence[str] = ("validation", "test"),
    communicator: Communicator = ALONE,
) -> Summary:
    """Go on with the run in the directory `path` from where it was left; its summary. The other processes of
    a `communicator` are to `follow`.

    The end has the same bits as if it had never been left. `settings` may set training.epochs alone, and so
    may whoever edits its config.toml, beside the name of the data. At its end it is `scored` on these splits.
    Raises as `run` does, and where there is nothing to go on with.
    """
    clock, copy = Clock(), check_weights(path, paths.weights)
    with existing(path).locked() as directory:
        before, checkpoint = _load_checkpoint(directory)
        edits, edited = _edited(directory, before)
        config = _apply_overrides(before, [*edits, *settings], where=str(path))
        _check_unfinished(directory, config, checkpoint)
        config, data = _with_its_data(directory, config, edited, checkpoint, paths, reporter)
        network = build(config.network, data.shape)
        if checkpoint:
            state = checkpoint.state
            engines.prepare(config.training.engine, reporter.note, communicator=communicator)
            clock.continue_from(checkpoint)
        else:  # config.toml is all there is, and may leave something open again
            if config.training.engine == "auto":  # when that was written, there was but one
                config = replace(config, training=replace(config.training, engine="numpy"))
            config = resolve(config, data, network, reporter, communicator)
            state = loop.initial_state(network, INITIALIZERS[config.network.initializer], config.training)
        started = checkpoint.started_from if checkpoint else None
        run = ActiveRun(config, data, network, directory, copy, clock, state, scored, communicator, started)
        if checkpoint and config.data != checkpoint.config.data:
            run.save_checkpoint()
        directory.write(directory.config_file, to_toml(config))
        per_epoch = loop.batches_per_epoch(data, config.training)
        reporter.note(
            f"{path}: {counted(state.epoch, 'epochs')} and {state.batch} of {per_epoch} batches are done"
        )
        with limited_threads(config, communicator):
            for line in _differences(checkpoint, run.made_with) if checkpoint else ():
                reporter.note(line)
        return execute(run, reporter)


def _load_checkpoint(directory: RunDirectory) -> tuple[Config, Checkpoint | None]:
    """The config of the run in `directory`, and where it was: None before its first checkpoint.

    Raises NnbpError where there is no run, or its files are not sound.
    """
    # A failing disk is an error here; to `exists` it may be no checkpoint, and the run would begin anew.
    if directory.checkpoint_file in directory.path.iterdir():
        checkpoint = checkpoint_file.load(directory.checkpoint_file)
        return checkpoint.config, checkpoint
    if not directory.config_file.exists():
        raise NnbpError(f"{directory.path}: no run to go on with; name one that 'nnbp runs' lists")
    return directory.read_config(), None


def _edited(directory: RunDirectory, before: Config) -> tuple[list[str], DataConfig]:
    """What config.toml says that the config `before` of the run does not: settings, which are other epochs,
    and its data set, which may have another name. The digest tells whether that leads to the same images; a
    process that was killed when it had learned where they are may have left it in one of its files alone.

    Raises ConfigError where the file says anything else that `before` does not, or cannot be read; without
    one, nothing was edited.
    """
    if not directory.config_file.exists():
        return [], before.data
    try:
        after = directory.read_config()
    except ConfigError as error:
        remedy = "the checkpoint has the config of the run; delete the file, and it is written anew"
        raise ConfigError(*error.args, f"{directory.config_file}: {remedy}") from error
    keys = changed_keys(before, after)
    allowed = {"training.epochs"}
    if "data.name" in keys:
        allowed |= {"data.name", "data.as_given", "data.size", "data.seed"}  # the others belong to a name
    if others := [key for key in keys if key not in allowed]:
        was, it = ("was", "it") if len(others) == 1 else ("were", "them")
        raise ConfigError(
            f"{directory.config_file}: {listed(others, 'and')} {was} changed since the run began; "
            f"put {it} back, or train a new run with {it}"
        )
    epochs = [f"training.epochs={after.training.epochs}"] if "training.epochs" in keys else []
    return epochs, after.data


def _apply_overrides(before: Config, settings: Sequence[str], where: str) -> Config:
    """The config `before` with more epochs, if `settings` say so. Raises ConfigError if they change anything
    else, or if the schedule is stretched over the epochs: the epochs so far would have been others.
    """
    after = loads(to_toml(before), where, settings)
    keys = changed_keys(before, after)
    if others := [key for key in keys if key != "training.epochs"]:
        raise ConfigError(f"{where}: a run goes on as it began; leave out --set of {listed(others, 'and')}")
    if keys and (stretched := _stretched(after.training)):
        raise ConfigError(
            f"{where}: the {stretched} goes by the number of epochs, so that cannot change now; train again"
        )
    return after


def _stretched(training: TrainingConfig) -> str:
    """What of a config goes by the number of epochs, so that these cannot change on the way; or nothing."""
    if training.finish:
        return "finish"
    if training.warmup:
        return "warm-up"
    return f"schedule '{training.schedule}'" if training.schedule in ("linear", "cosine") else ""


def _check_unfinished(directory: RunDirectory, config: Config, checkpoint: Checkpoint | None) -> None:
    """Raise ConfigError where there is nothing left to do for a run, or less than nothing, or where it would
    diverge again; it may end with the epochs before. Raise NnbpError where it had a checkpoint, and that is
    gone: weights that it ended with, or was stopped with, are not trained over from the start.
    """
    wanted, summary = config.training.epochs, directory.summary
    if summary and summary.diverged and not wanted <= summary.epochs < summary.epochs_at_most:
        if checkpoint:
            raise ConfigError(f"{directory.path}: the run diverged, and would again: {summary.diverged}")
        # Of what it began with nothing else is left, so that config.toml may have been edited since.
        train = shlex.join(["nnbp", "train", str(directory.config_file)])
        remedy = f"a run goes on as it began; with its config edited, train a new one: '{train}'"
        raise ConfigError(f"{directory.path}: the run diverged: {summary.diverged}; {remedy}")
    if not checkpoint:
        if not (summary and summary.diverged) and directory.weights_file in directory.path.iterdir():
            what = f"is gone, and '{directory.weights_file.name}' alone does not say how the run goes on"
            raise NnbpError(f"{directory.checkpoint_file}: {what}; train a new run")
        return
    done = checkpoint.state.epoch
    if done > wanted:
        raise ConfigError(
            f"{directory.path}: has {counted(done, 'epochs')} already; set training.epochs to more"
        )
    why = history.ended(checkpoint.state.history, config.training)
    if why and directory.finished_after(done):
        may_have_more = done == wanted and not _stretched(config.training)
        more = f"for more, --set training.epochs={2 * wanted}" if may_have_more else "train a new one"
        raise ConfigError(f"{directory.path}: the run is finished ({why}); {more}")


def _with_its_data(
    directory: RunDirectory,
    config: Config,
    edited: DataConfig,
    checkpoint: Checkpoint | None,
    paths: Paths,
    reporter: Reporter,
) -> tuple[Config, Dataset]:
    """The config with the name that leads to the data set of a run, and the data set; somebody may have
    `edited` another name into config.toml. Raises NnbpError where none does: what is wrong with the first.
    """

    def load(name: DataConfig) -> Dataset:
        if not paths.data and not paths.data_folder:
            sources.check_there(name.name, directory.path)
        data = load_or_download(name, paths, reporter)
        check_against_data(replace(config, data=name), data, where=str(directory.path))
        _check_data(directory, checkpoint, data)
        return data

    if paths.data:
        name, data = load_recorded(moved(config.data, paths.data), load)
    else:
        name, data = load_recorded(config.data, load, edited)
    if not paths.data and edited not in (config.data, name):
        other = f"'{edited.name}', as {directory.config_file} says"
        reporter.note(f"note: the data of the run are '{name.name}', and not {other}")
    return replace(config, data=name), data


def _check_data(directory: RunDirectory, checkpoint: Checkpoint | None, data: Dataset) -> None:
    """Raise NnbpError where `data` is not what the run was trained on so far, or has fewer batches."""
    if not checkpoint:
        return
    if (checkpoint.digest, prod(checkpoint.shape)) != (data.digest, data.inputs):
        remedy = "bring that back, or name it with --data"
        raise NnbpError(f"{directory.path}: '{data.name}' is not what it was trained on; {remedy}")
    batch, batches = checkpoint.state.batch, loop.batches_per_epoch(data, checkpoint.config.training)
    if batch > batches:
        raise NnbpError(
            f"{directory.checkpoint_file}: damaged: after batch {batch} of an epoch that has {batches}; "
            "the run cannot go on; train again"
        )


def _differences(checkpoint: Checkpoint, made_with: Mapping[str, str]) -> Iterator[str]:
    """What is not as it was when a run was left, so that its end may differ in the last bits."""
    alone = ALONE.made_with
    for what, now in {**alone, **made_with}.items():
        before = {**alone, **checkpoint.made_with}.get(what, "unknown")
        if before != now:
            yield f"note: {what} was {before}, now {now}: the weights may end with other last bits"
