"""What a config may say: every table, key, type, range and default, in one place.

The docstring of a field is what docs/config.md says of it. What one field alone cannot say (softmax is
for the output layer, say) is in `rules`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, Strict

from nnbp_cli.datasets.shifts import SHIFTS

HiddenActivation = Literal["sigmoid", "tanh", "relu", "linear"]
OutputActivation = Literal["sigmoid", "tanh", "relu", "linear", "softmax"]
CostName = Literal["quadratic", "cross-entropy", "log-likelihood"]
InitializerName = Literal["default", "large", "glorot", "he", "network3"]
OptimizerName = Literal["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]
ScheduleName = Literal["constant", "linear", "cosine", "step", "exponential", "halving"]
Monitored = Literal["validation accuracy", "validation cost"]
Watched = Literal[
    "training cost",
    "training accuracy",
    "validation cost",
    "validation accuracy",
    "test cost",
    "test accuracy",
    "layer speed",
]

MAX_DEPTH = 50  # of tables in tables; tomllib took 27.8 s for a dotted key of 30,000 parts

# The upper bounds no real run meets; with them every number fits the machine's own.
_Natural = Annotated[int, Strict(), Field(ge=0, le=10**9)]
_Count = Annotated[int, Strict(), Field(ge=1, le=10**9)]
_Seed = Annotated[int, Strict(), Field(ge=0, le=2**63 - 1)]
_Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
_Exact = Annotated[int, Strict()] | _Number  # an integer stays one
_Share = Annotated[_Number, Field(ge=0, lt=1)]

_CLOSED = ConfigDict(extra="forbid", defer_build=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentConfig:
    """How training images are distorted: each in its own way, anew in every epoch, by so much at most."""

    __pydantic_config__ = _CLOSED

    shift: Annotated[_Number, Field(ge=0, le=1000)] = 0.0
    """How far an image is moved, in pixels: sideways, and up or down."""
    rotation: Annotated[_Number, Field(ge=0, le=180)] = 0.0
    """How far it is turned, in degrees, either way."""
    scaling: _Share = 0.0
    """The share by which it is made wider or narrower, and higher or lower."""
    shear: _Share = 0.0
    """How far its top leans over its bottom, to either side, as a share of its height."""
    elastic: Annotated[_Number, Field(ge=0, le=10_000)] = 0.0
    """The strength of elastic distortion (alpha), which bends an image as if it were rubber; Simard,
    Steinkraus and Platt (2003) use 34."""
    sigma: Annotated[_Number, Field(ge=0.1, le=1000)] | None = None
    """How smooth elastic distortion is: the deviation, in pixels, of the Gaussian that smooths it. Left
    out: 4."""
    thickness: Annotated[_Number, Field(ge=0, le=1)] = 0.0
    """How much wider or narrower its strokes get, in pixels on either side."""
    shifts: Literal["all", "one"] | None = None
    """Instead of all these, images moved by one whole pixel up, down, left and right. all: each epoch has
    each image and its four shifts, five times as many, as the book expands the data; one: each epoch has
    one of these five, at random."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """Which images, and how they are shared out between training and validation."""

    __pydantic_config__ = _CLOSED

    name: Annotated[str, Strict(), Field(pattern=r"^[^\x00-\x1f\x7f]+$")] = "mnist"
    """The data set: mnist, fashion-mnist, kmnist, synthetic (drawn by the program, nothing to download),
    mnist+synthetic (drawn digits to learn from beside MNIST's), or the path, from the current directory,
    of IDX, CSV or .npz files or of folders of pictures, as docs/data.md says; a run keeps it as an absolute
    path."""
    as_given: Annotated[str, Strict(), Field(pattern=r"^[^\x00-\x1f\x7f]+$")] | None = None
    """A run writes it: the path of its data as it was given, from the current directory, which is tried where
    the absolute one leads nowhere any more."""
    train: _Count | None = None
    """How many images train, from the start of the training files. Left out: all that validation
    leaves."""
    validation: _Natural | None = None
    """How many images validate, from the end of the training files. Left out: a sixth of them (MNIST:
    10,000); 0: none."""
    shuffle: Annotated[bool, Strict()] | None = None
    """Whether the images of the training files are put into a random order, once, before they are shared
    out: files that are sorted would validate with the last classes alone. Left out: true for data of one's
    own, false for those that have a name, which everybody shares out as they are."""
    size: _Count | None = None
    """How many training images are drawn, those that validate among them."""
    seed: _Seed | None = None
    """Another seed draws other images, or shuffles them in another way."""
    rows: _Count | None = None
    """How many rows of pixels an image of a CSV file has. Left out: it is square, or `columns` says it."""
    columns: _Count | None = None
    """How many columns it has. Left out: it is square, or `rows` says it."""
    augment: AugmentConfig | None = None
    """How the images that train are distorted, so that no epoch has the same ones. Left out: not at
    all."""

    @property
    def copies(self) -> int:
        """How many times an epoch has each image: with all its shifts, or once, distorted or as it is."""
        return len(SHIFTS) if self.augment and self.augment.shifts == "all" else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideConfig:
    """One neuron that uses another activation function than its layer: an exercise of the book."""

    __pydantic_config__ = _CLOSED

    neuron: _Natural
    """Which neuron of the layer (j), counted from 0."""
    activation: HiddenActivation
    """The activation function of this neuron."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerConfig:
    """One layer: of neurons that are each connected to everything in the layer before, or of feature maps
    that look for the same thing everywhere on a picture (a convolution)."""

    __pydantic_config__ = _CLOSED

    neurons: _Count | None = None
    """How many neurons; the output layer has one for each class, ten for digits."""
    maps: _Count | None = None
    """How many feature maps a convolution has (filters, channels), instead of neurons."""
    kernel: Annotated[int, Strict(), Field(ge=1, le=1000)] | None = None
    """The side of the square of pixels that a neuron of a map sees (its local receptive field)."""
    pool: Annotated[int, Strict(), Field(ge=1, le=4)] | None = None
    """The side of the squares of neurons of which max-pooling passes on the largest; 1: no pooling."""
    padding: Literal["valid", "same"] | None = None
    """valid: a kernel stays inside the picture; same: zeros around the picture keep its size."""
    activation: OutputActivation
    """The activation function (sigma), which makes a neuron's output a of its weighted input z; softmax
    only in the output layer."""
    override: tuple[OverrideConfig, ...] = ()
    """Neurons that use another activation function than their layer."""
    dropout: _Share = 0.0
    """The share of the neurons that each training step leaves out, at random; only in hidden layers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """The network: how wrong an output is, where learning starts, and the layers."""

    __pydantic_config__ = _CLOSED

    cost: CostName
    """The cost function (C) that learning makes small: quadratic with an output of sigmoid, tanh, relu or
    linear; cross-entropy with sigmoid; log-likelihood with softmax."""
    initializer: InitializerName = "default"
    """The first weights and biases. large: both N(0, 1), the book's chapter 1; default: weights N(0,
    1/inputs), its chapter 3; network3: N(0, 1/outputs), the output layer 0, its chapter 6; glorot and
    he: the field's, biases 0."""
    layers: Annotated[tuple[LayerConfig, ...], Field(min_length=1)]
    """The hidden layers in order, then the output layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishConfig:
    """The last epochs of a run, in which images are no longer distorted: the network settles on what it
    will be asked about."""

    __pydantic_config__ = _CLOSED

    epochs: _Count
    """How many of the run's epochs these are. Its schedule and warm-up have the others."""
    learning_rate: Annotated[_Number, Field(gt=0)]
    """The learning rate that they begin with; at their end it is zero, after a straight line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """How the network learns, for how long, and what is measured on the way."""

    __pydantic_config__ = _CLOSED

    seed: _Seed = 1
    """What every random number is made from: the same seed, the same run."""
    epochs: _Count
    """How many times all training images are gone through."""
    batch_size: _Count
    """How many images make one step (m, the book's mini-batch size)."""
    shuffle: Literal["epoch", "once", "never"] = "epoch"
    """When the images are put into a random order: in each epoch anew; once, before the first; or never,
    and they come as the files have them."""
    optimizer: OptimizerName = "sgd"
    """The rule of a step; sgd is the book's w <- w - eta dC/dw."""
    learning_rate: Annotated[_Number, Field(gt=0)]
    """How far a step goes (eta)."""
    momentum: Annotated[_Number, Field(ge=0, le=1)] | None = None
    """The share of its velocity that a step keeps (mu); 0 is plain sgd."""
    rho: _Share | None = None
    """The share that RMSprop's running mean of the squared gradient keeps at a step."""
    beta1: _Share | None = None
    """The share that Adam's running mean of the gradient keeps at a step."""
    beta2: _Share | None = None
    """The share that Adam's running mean of the squared gradient keeps at a step."""
    weight_decay: Annotated[_Number, Field(ge=0)] | None = None
    """How fast AdamW shrinks weights and biases: by the rate times this, at a step."""
    schedule: ScheduleName = "constant"
    """The learning rate after the warm-up. linear, cosine: falling to zero at the end of the last epoch;
    step: times `decay` every `step_epochs`; exponential: times `decay` in each epoch, smoothly; halving,
    the book's exercise: halved when the monitored score has not improved for `halve_after` epochs, until
    it would be 1/128, where training stops."""
    decay: Annotated[_Number, Field(gt=0, le=1)] | None = None
    """What the schedule multiplies the learning rate with."""
    step_epochs: _Count | None = None
    """How many epochs the learning rate stays before it falls."""
    halve_after: _Count | None = None
    """How many epochs without improvement halve the learning rate."""
    warmup: _Share = 0.0
    """The share of the run over which the learning rate rises from zero."""
    finish: FinishConfig | None = None
    """The last epochs, with images as they are. Left out: none."""
    l1: Annotated[_Number, Field(ge=0)] = 0.0
    """The strength of L1 regularization (lambda): the cost gets a penalty of lambda/n times the sum of
    all |w|, n being the number of training images, with their shifts."""
    l2: Annotated[_Number, Field(ge=0)] = 0.0
    """The strength of L2 regularization (lambda): the cost gets a penalty of lambda/2n times the sum of
    all w^2, n being the number of training images, with their shifts."""
    label_smoothing: _Share = 0.0
    """The share of each target (y) that is spread evenly over all classes."""
    threads: Literal["auto"] | _Count = "auto"
    """How many threads multiply matrices; auto suits the network and the machine."""
    engine: Literal["auto", "numpy", "compiled"] = "auto"
    """Who executes the steps: numpy, or loops over inked pixels alone that numba compiles (pip install
    'nnbp-cli[fast]'), which know neither convolution nor dropout. auto: compiled where numba is
    installed and the run ends sooner with it, else numpy; the run's own config.toml says which."""
    watch: tuple[Watched, ...] = ("validation accuracy",)
    """What is measured after each epoch. The test set may be watched to draw the book's curves; nothing
    is chosen by it. layer speed: the norm of each layer's error delta, averaged over the first 1,000
    training images, before the first epoch too."""
    monitor: Monitored = "validation accuracy"
    """The score by which the best epoch is told, and whether there is improvement."""
    keep: Literal["best", "last"] = "best"
    """The weights kept: of the best epoch, or of the last one."""
    patience: _Count | None = None
    """Training stops early when the monitored score has not improved for so many epochs. Left out:
    never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterConfig:
    """What a search may give to one key, which is called as after --set: anything from min to max, or one of
    several values. Where min and max are both integers, so is what is between them."""

    __pydantic_config__ = _CLOSED

    min: _Exact | None = None
    """The smallest value."""
    max: _Exact | None = None
    """The largest value."""
    scale: Literal["linear", "log"] = "linear"
    """log: a value between 0.01 and 0.1 is as likely as one between 0.1 and 1."""
    values: Annotated[tuple[_Exact | Annotated[str, Strict()], ...], Field(min_length=1)] | None = None
    """The values to choose from, instead of min and max."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchConfig:
    """What `nnbp search` looks for, by the validation accuracy; nothing else reads it."""

    __pydantic_config__ = _CLOSED

    trials: _Count
    """How many runs are begun, each with values of its own."""
    sampler: Literal["tpe", "random"] = "tpe"
    """Who draws the values: tpe, more often near those that did well; or chance alone."""
    pruner: Literal["asha", "median", "hyperband", "none"] = "asha"
    """Which runs end early, by their validation accuracy after an epoch. asha: those not in the best quarter
    after 1, 4, 16, ... epochs; hyperband: thirds, some runs from later epochs on; median: those below the
    median of the others after as many epochs; none: no run."""
    parameters: Annotated[Mapping[str, ParameterConfig], Field(min_length=1)]
    """The keys to search, each with its values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole run."""

    __pydantic_config__ = _CLOSED

    data: DataConfig = field(default_factory=DataConfig)
    """Which images."""
    network: NetworkConfig
    """What learns."""
    training: TrainingConfig
    """How it learns."""
    search: SearchConfig | None = None
    """Which of its keys a search is for."""
