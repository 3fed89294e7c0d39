"""A run as one HTML file, which asks no other place for anything.

run directory -> RunData -> sections of Markup and their Sprites -> page -> text
"""

from nnbp_cli.report.page import OUTPUT, page
from nnbp_cli.report.run_data import read
from nnbp_cli.report.search_section import finished_search
from nnbp_cli.report.vote import vote

__all__ = ["OUTPUT", "finished_search", "page", "read", "vote"]
