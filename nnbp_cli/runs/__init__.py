"""A run from its config to its scored weights, and the directory that it leaves, written and read again.

setup -> run, or resume -> active_run -> directory (config, log, checkpoint, weights, summary) -> listing
"""
