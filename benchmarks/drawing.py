"""How many synthetic digits a second are drawn, on one thread.

python -m benchmarks.drawing
"""

from threadpoolctl import threadpool_limits

from benchmarks.timing import spread, timed
from nnbp_cli.datasets.synthetic import draw

SIZE = 20_000

with threadpool_limits(1):
    draw(SIZE, 1, "training")
    rates = [SIZE / timed(lambda: draw(SIZE, 1, "training")) for _ in range(7)]
print(f"{spread(rates)} digits a second")
