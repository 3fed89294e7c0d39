"""A search for hyper-parameters: many runs of one config, whose values Optuna draws. No other room knows it.

[search] -> space -> study -> Trial -> Job (one run) -> Search
"""
