"""What a program meets that is used for years, in an hour: kills, faults, full disks, damaged files.

Each harness is a function that makes so many tries, from a seed, and lists every one that did not end as
promised. The suite runs each for a moment (`tests/test_torture.py`); `make torture` runs them at length and
prints a table.
"""
