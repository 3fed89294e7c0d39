"""Figures for a paper: PNG, SVG or PDF, by matplotlib, which is an extra.

values of `figures` -> curves, network -> picture -> file
"""
