"""`nnbp export`: a trained network as a file for other programs."""

from pathlib import Path

import click

from nnbp_cli.commands.options import OutputFile


@click.command(name="export")
@click.argument("weights", nargs=-1, type=click.Path(path_type=Path), metavar="WEIGHTS...")
@click.argument("file", type=OutputFile(), required=False, metavar="FILE")
def command(weights: tuple[Path, ...], file: Path) -> None:
    """Write a network for other programs.

    Each of WEIGHTS is a weights file or a run directory. The ending of FILE decides: .onnx is a model that
    every ONNX runtime runs, .safetensors has the tensors under PyTorch's names for an nn.Sequential. Inputs
    are floats from 0 to 1, an image a row. Both carry the architecture, the data set, its scaling and digest.
    Of several networks the model gives the mean of their outputs, and the tensors are those of an
    nn.ModuleList of them.

    \b
    nnbp export weights.npz model.onnx
    nnbp export runs/mnist-20260131-120000 model.safetensors
    nnbp export runs/mnist-20260131-120000/seed-* vote.onnx
    """
    if not weights:  # which a word alone is not, but the file
        raise click.UsageError("name the weights, and after them the file to write")
    from nnbp_cli.models.ensemble import load
    from nnbp_cli.models.export import check_exportable, export
    from nnbp_cli.terminal.output import wrote

    check_exportable(file)
    voters = load(weights)
    export(voters, file)
    wrote(file, f"wrote {file}: {voters.title}")
