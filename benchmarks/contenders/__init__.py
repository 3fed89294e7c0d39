"""Who is compared: each module here has a class `Contender`, see `benchmarks.job`."""
