"""A module a file format: arrays from files that may have come from anywhere."""
