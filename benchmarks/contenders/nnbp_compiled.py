"""nnbp, with its engine of that name."""

from __future__ import annotations

from benchmarks.contenders import nnbp


class Contender(nnbp.Contender):
    """See `benchmarks.job`."""

    engine = "compiled"
