"""What must hold before a run that was left goes on: it is the same run, on the same data."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

from nnbp_cli import config
from nnbp_cli.config import Config, DataConfig, TrainingConfig
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.errors import ConfigError, NnbpError
from nnbp_cli.runs import checkpoint
from nnbp_cli.runs.checkpoint import Checkpoint
from nnbp_cli.runs.directory import RunDirectory
from nnbp_cli.training import history, loop
from nnbp_cli.wording import listed


def load_checkpoint(directory: RunDirectory) -> tuple[Config, Checkpoint | None]:
    """The config of the run in `directory`, and where it was: None before its first checkpoint.

    Raises NnbpError where there is no run, or its files are not sound.
    """
    # A failing disk is an error here; to `exists` it may be no checkpoint, and the run would begin anew.
    if directory.checkpoint in directory.path.iterdir():
        left = checkpoint.load(directory.checkpoint)
        return left.config, left
    if not directory.config.exists():
        raise NnbpError(f"{directory.path}: no run to go on with; name one that 'nnbp runs' lists")
    return directory.read_config(), None


def edited(directory: RunDirectory, before: Config) -> tuple[list[str], DataConfig]:
    """What config.toml says that the config `before` of the run does not: settings, which are other epochs,
    and its data set, which may have another name. The digest tells whether that leads to the same images; a
    process that was killed when it had learned where they are may have left it in one of its files alone.

    Raises ConfigError where the file says anything else that `before` does not, or cannot be read; without
    one, nothing was edited.
    """
    if not directory.config.exists():
        return [], before.data
    try:
        after = directory.read_config()
    except ConfigError as error:
        remedy = "the checkpoint has the config of the run; delete the file, and it is written anew"
        raise ConfigError(*error.args, f"{directory.config}: {remedy}") from error
    keys = config.changed_keys(before, after)
    allowed = {"training.epochs"}
    if "data.name" in keys:
        allowed |= {"data.name", "data.size", "data.seed"}  # the others belong to a name
    if others := [key for key in keys if key not in allowed]:
        was, it = ("was", "it") if len(others) == 1 else ("were", "them")
        raise ConfigError(
            f"{directory.config}: {listed(others, 'and')} {was} changed since the run began; "
            f"put {it} back, or train a new run with {it}"
        )
    epochs = [f"training.epochs={after.training.epochs}"] if "training.epochs" in keys else []
    return epochs, after.data


def apply_overrides(before: Config, settings: Sequence[str], where: str) -> Config:
    """The config `before` with more epochs, if `settings` say so. Raises ConfigError if they change anything
    else, or if the schedule is stretched over the epochs: the epochs so far would have been others.
    """
    after = config.loads(config.to_toml(before), where, settings)
    keys = config.changed_keys(before, after)
    if others := [key for key in keys if key != "training.epochs"]:
        raise ConfigError(f"{where}: a run goes on as it began; leave out --set of {listed(others, 'and')}")
    if keys and (stretched := _stretched(after.training)):
        raise ConfigError(
            f"{where}: the {stretched} goes by the number of epochs, so that cannot change now; train again"
        )
    return after


def _stretched(training: TrainingConfig) -> str:
    """What of a config goes by the number of epochs, so that these cannot change on the way; or nothing."""
    if training.warmup:
        return "warm-up"
    return f"schedule '{training.schedule}'" if training.schedule in ("linear", "cosine") else ""


def check_unfinished(directory: RunDirectory, config: Config, left: Checkpoint | None) -> None:
    """Raise ConfigError where there is nothing left to do for a run, or less than nothing, or where it would
    diverge again; it may end with the epochs before. Raise NnbpError where it had a checkpoint, and that is
    gone: weights that it ended with, or was stopped with, are not trained over from the start.
    """
    wanted, told = config.training.epochs, directory.summary
    if told and told.diverged and not wanted <= told.epochs < told.epochs_at_most:
        if left:
            raise ConfigError(f"{directory.path}: the run diverged, and would again: {told.diverged}")
        # Of what it began with nothing else is left, so that config.toml may have been edited since.
        train = shlex.join(["nnbp", "train", str(directory.config)])
        remedy = f"a run goes on as it began; with its config edited, train a new one: '{train}'"
        raise ConfigError(f"{directory.path}: the run diverged: {told.diverged}; {remedy}")
    if not left:
        if not (told and told.diverged) and directory.weights in directory.path.iterdir():
            what = f"is gone, and '{directory.weights.name}' alone does not say how the run goes on"
            raise NnbpError(f"{directory.checkpoint}: {what}; train a new run")
        return
    done = left.state.epoch
    if done > wanted:
        raise ConfigError(f"{directory.path}: has {done} epochs already; set training.epochs to more")
    why = history.ended(left.state.history, config.training)
    if why and directory.finished_after(done):
        may_have_more = done == wanted and not _stretched(config.training)
        more = f"for more, --set training.epochs={2 * wanted}" if may_have_more else "train a new one"
        raise ConfigError(f"{directory.path}: the run is finished ({why}); {more}")


def check_data(directory: RunDirectory, left: Checkpoint | None, data: Dataset) -> None:
    """Raise NnbpError where `data` is not what the run was trained on so far, or has fewer batches."""
    if left and (left.digest, left.inputs) != (data.digest, data.inputs):
        remedy = "bring that back, or name it with --data"
        raise NnbpError(f"{directory.path}: '{data.name}' is not what it was trained on; {remedy}")
    if left and left.state.batch > (most := loop.batches_per_epoch(data, left.config.training)):
        raise NnbpError(
            f"{directory.checkpoint}: damaged: after batch {left.state.batch} of an epoch that has {most}; "
            "the run cannot go on; train again"
        )


def differences(made_with: Mapping[str, str]) -> Iterator[str]:
    """What is not as it was when a run was left, so that its end may differ in the last bits."""
    for what, now in checkpoint.made_with().items():
        before = made_with.get(what, "unknown")
        if before != now:
            yield f"note: {what} was {before}, now {now}: the weights may end with other last bits"
