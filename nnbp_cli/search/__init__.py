"""A search for hyper-parameters: many runs of one config, whose values Optuna draws.

[search] -> space -> study (in a journal) -> Trial -> run -> Search, all that others know of it
"""
