"""Did you mean? What people type, and what it is called here."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

# The book's names first, then what other programs say.
_ALSO_CALLED = {
    "learning_rate": ("eta", "lr", "rate", "step_size", "alpha"),
    "l2": ("lambda", "lmbda", "lamda", "regularization", "l2_lambda"),
    "batch_size": ("mini_batch_size", "minibatch_size", "mini_batch", "batch"),
    "epochs": ("num_epochs", "n_epochs", "max_iter"),
    "momentum": ("mu",),
    "layers": ("sizes", "hidden", "hidden_layers"),
    "neurons": ("units", "nodes", "size", "width"),
    "activation": ("activation_function", "function", "nonlinearity"),
    "cost": ("cost_function", "loss", "loss_function", "objective"),
    "initializer": ("init", "weight_initializer", "initialization"),
    "watch": ("metrics", "monitor_evaluation_accuracy"),
    "patience": ("early_stopping", "early_stopping_n"),
    "dropout": ("dropout_rate", "drop", "p_dropout"),
    "schedule": ("lr_schedule", "scheduler", "decay"),
    "label_smoothing": ("smoothing",),
    "threads": ("workers", "n_jobs", "num_threads"),
    "name": ("dataset", "data_set", "folder", "path"),
    "train": ("training_data", "training_images", "n_train"),
    "validation": ("validation_data", "validation_images", "valid", "val"),
    "seed": ("random_seed", "random_state"),
    "augment": ("augmentation", "distort", "distortion", "transform"),
    "shift": ("translate", "translation", "move"),
    "rotation": ("rotate", "angle", "degrees", "turn"),
    "scaling": ("scale", "zoom", "resize"),
    "shear": ("skew", "slant"),
    "elastic": ("alpha", "elastic_alpha"),
    "sigma": ("smoothing", "elastic_sigma", "kernel"),
    "quadratic": ("mse", "mean_squared_error", "squared_error"),
    "cross-entropy": ("binary_cross_entropy", "bce"),
    "log-likelihood": ("nll", "negative_log_likelihood", "categorical_cross_entropy"),
    "sigmoid": ("logistic",),
    "linear": ("identity", "none"),
    "relu": ("rectifier", "rectified_linear"),
    "glorot": ("xavier",),
    "he": ("kaiming",),
    "sgd": ("gradient_descent",),
}


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The one of `names` that whoever typed `word` most likely meant, if any is near."""
    names = list(names)
    called = {name: name for name in names}
    for name in names:
        for alias in _ALSO_CALLED.get(name, ()):
            called.setdefault(alias, name)
    near = get_close_matches(word[:60].casefold(), called, n=1, cutoff=0.7)
    return called[near[0]] if near else None
