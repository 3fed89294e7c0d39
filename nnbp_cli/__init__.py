"""nnbp: neural networks on MNIST, trained by the backpropagation of Nielsen's chapter 2, in numpy."""

__version__ = "0.1.0"
