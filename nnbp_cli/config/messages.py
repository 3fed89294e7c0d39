"""A config's mistakes in words: where each is, what its JSON schema expects there, what was meant perhaps."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from nnbp_cli.config.schema import Config
from nnbp_cli.wording import Location, dotted, listed, nearest, quoted

Node = dict[str, Any]  # of a JSON schema

# The book's names first, then what other programs say.
_ALSO_CALLED = {
    "learning_rate": ("eta", "lr", "rate", "step_size", "alpha"),
    "l2": ("lambda", "lmbda", "lamda", "regularization", "l2_lambda"),
    "batch_size": ("mini_batch_size", "minibatch_size", "mini_batch", "batch"),
    "epochs": ("num_epochs", "n_epochs", "max_iter"),
    "momentum": ("mu",),
    "layers": ("sizes", "hidden", "hidden_layers"),
    "neurons": ("units", "nodes", "size", "width"),
    "maps": ("filters", "feature_maps", "channels", "out_channels"),
    "kernel": ("kernel_size", "filter_size", "receptive_field"),
    "pool": ("pool_size", "pooling", "max_pool"),
    "activation": ("activation_function", "function", "nonlinearity"),
    "cost": ("cost_function", "loss", "loss_function", "objective"),
    "initializer": ("init", "weight_initializer", "initialization"),
    "watch": ("metrics", "monitor_evaluation_accuracy"),
    "patience": ("early_stopping", "early_stopping_n"),
    "dropout": ("dropout_rate", "drop", "p_dropout"),
    "schedule": ("lr_schedule", "scheduler", "decay"),
    "label_smoothing": ("smoothing",),
    "engine": ("backend", "device", "framework", "accelerator"),
    "threads": ("workers", "n_jobs", "num_threads"),
    "name": ("dataset", "data_set", "folder", "path"),
    "train": ("training_data", "training_images", "n_train"),
    "validation": ("validation_data", "validation_images", "valid", "val"),
    "seed": ("random_seed", "random_state"),
    "shuffle": ("shuffled", "random_order", "mix"),
    "augment": ("augmentation", "distort", "distortion", "transform"),
    "shifts": ("expand", "expanded"),
    "finish": ("fine_tune", "fine_tuning", "cooldown", "last_phase"),
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
    "trials": ("n_trials", "num_trials", "run_cap", "runs"),
    "sampler": ("method", "algorithm", "strategy"),
    "pruner": ("early_terminate", "scheduler"),
    "parameters": ("params", "space", "search_space"),
    "tpe": ("bayes", "bayesian"),
    "asha": ("successive_halving", "sha"),
    "min": ("low", "lower", "from"),
    "max": ("high", "upper", "to"),
    "scale": ("log", "distribution"),
    "values": ("choices", "options"),
}


def explained(error: ValidationError, above: Location = ()) -> Iterator[tuple[Location, str]]:
    """One mistake for each place that `error` names; `above` is the table that was validated."""
    mistakes: dict[Location, str] = {}
    for details in error.errors(include_url=False):
        loc = (*above, *details["loc"])
        place, node = _find(loc)  # without what pydantic adds to name a branch of a union
        match details["type"]:
            case "unexpected_keyword_argument":
                mistakes[loc] = _unknown(loc, node)
            case "missing":
                mistakes[place] = f"missing; expected {expected(node)}"
            case "too_short":
                if not details["input"]:  # or else there are items, with mistakes of their own
                    mistakes[place] = "is empty; expected at least one"
            case _:
                mistakes[place] = _unfit(details, node)
    yield from mistakes.items()


def _unknown(place: Location, table: Node) -> str:
    """An unknown key: the nearest one of its table is suggested, or else of another."""
    *above, key = place
    if above[:2] == ["search", "parameters"] and place[2] in _root()["properties"]:
        return f'unknown key; quote it: "{dotted(place[2:])}"'
    # [data] comes late: who writes 'seed' at the top means the run's.
    others = sorted(tables(), key=lambda other: ("search" in other[0], "data" in other[0]))
    for there, node in [(tuple(above), table), *others]:
        if near := _meant(str(key), node["properties"]):
            return f"unknown key; did you mean {dotted((*there, near))}?"
    return f"unknown key; there are {listed(table['properties'], 'and')}"


def _unfit(error: ErrorDetails, node: Node) -> str:
    """A value of the wrong type, out of its range, or not among the choices."""
    value, wanted = error["input"], expected(node)
    if error["type"] == "less_than_equal" and isinstance(limit := error["ctx"]["le"], int):
        wanted = f"at most {limit:,}"
    elif error["type"] == "finite_number":
        wanted = wanted.replace("a number", "a finite number")
    near = _meant(value, _choices(node)) if isinstance(value, str) else None
    return f"expected {wanted}, got {quoted(value)}" + (f"; did you mean {quoted(near)}?" if near else "")


def _meant(word: str, names: Iterable[str]) -> str | None:
    """The one of `names` that is nearest to `word`, by itself or by what else it is called."""
    called = {name: name for name in names}
    for name in list(called):
        for alias in _ALSO_CALLED.get(name, ()):
            called.setdefault(alias, name)
    # Closer than elsewhere: among so many names "halvings", at 0.667, would be near "scaling".
    return called.get(nearest(word, called, cutoff=0.7) or "")


@cache
def _root() -> Node:
    """The node of a whole config; made when it is wanted, and most configs have no mistake to explain."""
    return TypeAdapter(Config).json_schema()


def _find(place: Location) -> tuple[Location, Node]:
    """The node at `place`, or the last one on the way there, with its own place."""
    node = _root()
    for depth, step in enumerate(place):
        named = node.get("properties", {}).get(step, node.get("additionalProperties"))
        below = node.get("items") if isinstance(step, int) else named
        if not below:
            return place[:depth], node
        node = _dereferenced(below)
    return place, node


def tables(place: Location = (), node: Node | None = None) -> Iterator[tuple[Location, Node]]:
    """Every table with its place, from the whole config down; 0 stands for an index, KEY for any key."""
    node = _root() if node is None else node
    if "properties" in node:
        yield place, node
        for key, below in node["properties"].items():
            yield from tables((*place, key), _dereferenced(below))
    elif "items" in node:
        yield from tables((*place, 0), _dereferenced(node["items"]))
    elif "additionalProperties" in node:
        yield from tables((*place, "KEY"), _dereferenced(node["additionalProperties"]))


def _choices(node: Node) -> list[str]:
    """The words that may stand here, where only certain words may."""
    if "anyOf" in node:
        return [word for branch in node["anyOf"] for word in _choices(branch)]
    words: list[str] = node.get("enum", [node["const"]] if "const" in node else [])
    return words


def expected(node: Node) -> str:
    """What may stand here: 'a number > 0', "'best' or 'last'"."""
    if "anyOf" in node:
        branches = {branch["type"]: branch for branch in map(_dereferenced, node["anyOf"])}
        unsaid = {"null", "integer" if "number" in branches else ""}
        return listed(expected(branch) for kind, branch in branches.items() if kind not in unsaid)
    if words := _choices(node):
        return listed(map(quoted, words))
    match node["type"]:
        case "integer":
            # The upper bound is named when it is passed.
            return f"an integer >= {node['minimum']}" if "minimum" in node else "an integer"
        case "number":
            return f"a number{_range(node)}"
        case "array":
            items = _dereferenced(node["items"])
            return f"a list of {'tables' if items.get('type') == 'object' else expected(items)}"
        case "object":
            return "a table"
    return "a name"


def _range(node: Node) -> str:
    signs = {"exclusiveMinimum": ">", "minimum": ">=", "maximum": "<=", "exclusiveMaximum": "<"}
    return " and".join(f" {sign} {node[key]:g}" for key, sign in signs.items() if key in node)


def _dereferenced(node: Node) -> Node:
    """The table that a node refers to, or the node itself."""
    # allOf: pydantic before 2.9; anyOf: a table that may be left out.
    for branch in (node, *node.get("allOf", ()), *node.get("anyOf", ())):
        if "$ref" in branch:
            table: Node = _root()["$defs"][branch["$ref"].rpartition("/")[2]]
            return table
    return node
