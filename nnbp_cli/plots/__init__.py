"""Figures for a paper: PNG, SVG or PDF, by matplotlib, which is an extra.

logs, predictions, weights -> curves, network -> picture -> file
"""
