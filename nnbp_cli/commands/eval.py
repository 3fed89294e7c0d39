"""`nnbp eval`: how good saved weights are, and what they confuse with what."""

from pathlib import Path

import click

from nnbp_cli.commands.options import Count, data_dir_option, data_option, json_option, quiet_option


@click.command(name="eval")
@click.argument("weights", nargs=-1, required=True, type=click.Path(path_type=Path))
@data_option("Another data set than the one trained on, or where that is now.")
@data_dir_option
@click.option(
    "--split",
    type=click.Choice(["test", "validation", "train"]),
    default="test",
    show_default=True,
    help="Which images to score.",
)
@click.option(
    "--mistakes",
    "limit",
    type=Count(1000),
    metavar="N",
    help="Show the N worst mistakes, the surest first.",
)
@click.option("--matrix", is_flag=True, help="Show the confusion matrix of more than 20 classes, too.")
@json_option
@quiet_option
def command(
    weights: tuple[Path, ...],
    data_name: str | None,
    data_dir: Path,
    split: str,
    limit: int | None,
    matrix: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Score saved weights.

    Each of WEIGHTS is a weights file or a run directory. Shown are the accuracy, the cost, and for each class
    the precision and the recall, with the confusion matrix; of more than 20 classes those that are mistaken
    the most, and for what. With --mistakes the images that it was surest of and wrong about are drawn too.
    Several networks vote by the mean of their outputs: shown is how good each of them is, and the same of the
    vote. Its cost is that of the mean, without a penalty.

    \b
    nnbp eval weights.npz
    nnbp eval weights.npz --mistakes 6
    nnbp eval runs/mnist-20260131-120000 --split validation --json
    nnbp eval runs/mnist-20260131-120000/seed-*
    """
    from nnbp_cli.evaluation.saved import evaluate_saved
    from nnbp_cli.terminal.evaluation import mistake_lines, score_lines
    from nnbp_cli.terminal.output import log, print_json, print_result

    result = evaluate_saved(weights, data_name, data_dir, split)
    for note in () if quiet else result.notes:
        log(note)
    if as_json:
        mistakes = {"mistakes": result.predictions.plain_mistakes(limit)} if limit else {}
        print_json({"weights": weights if len(weights) > 1 else weights[0]} | result.plain() | mistakes)
    else:
        print_result(*score_lines(result, matrix))
        print_result(*(mistake_lines(result.predictions, limit) if limit else ()))
