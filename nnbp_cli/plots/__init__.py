"""Figures for a paper: PNG, SVG or PDF, by matplotlib, which is an extra.

logs -> curves; predictions, weights -> network; both -> picture -> file
"""
