"""Many runs: each a job in a process of its own, so many at a time, whatever they are for.

Job -> workers -> process -> a run directory each -> seeds, or the book's figures in reproduction/
"""
