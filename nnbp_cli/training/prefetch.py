"""Prefetching: the next item of an iterator is made in another thread while this one is in use."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


def prefetch(items: Iterator[Item]) -> Generator[Item, None, None]:
    """The same items, each made in another thread while the one before it is in use.

    What goes wrong there is raised here, where its item is due. Closing waits for the item being made, and no
    other is begun. numpy lets go of Python's lock in its products and loops, so both threads do get on.
    Where no other thread can be had, the items are made in this one.
    """
    errors = np.geterr()  # each thread has its own, and another one begins with numpy's

    def following() -> list[Item]:
        with np.errstate(**errors):
            return list(islice(items, 1))  # empty at the end

    with ThreadPoolExecutor(1) as other:
        try:
            made = other.submit(following)
        except RuntimeError:  # "can't start new thread"
            yield from items
            return
        while item := made.result():
            made = other.submit(following)
            yield item[0]
