"""Activations as the compiled engine has them: of one number, by its code; softmax of a row."""

import math

import numpy as np
from numba import types
from numba.extending import overload

from nnbp_cli.engines.compiling import INSIDE, part

SIGMOID, TANH, RELU, LINEAR, SOFTMAX = range(5)


@part
def f(code, z):
    """The activation of a weighted input."""
    half, zero = type(z)(0.5), type(z)(0)
    if code == SIGMOID:
        return half + half * tanh(half * z)
    if code == TANH:
        return tanh(z)
    if code == RELU:
        return zero if z < zero else z  # NaN stays NaN
    return z


def tanh(x):
    """tanh of a number: of a float64 the C library's, and of a float32 one that has vectors."""
    return math.tanh(x)


@overload(tanh, jit_options=INSIDE)
def _tanh(x):
    return _rational_tanh if x == types.float32 else tanh


P = tuple(np.float32(each) for each in (
    4.89352455891786e-03, 6.37261928875436e-04, 1.48572235717979e-05, 5.12229709037114e-08,
    -8.60467152213735e-11, 2.00018790482477e-13, -2.76076847742355e-16))  # fmt: skip
Q = tuple(np.float32(each) for each in (
    4.89352518554385e-03, 2.26843463243900e-03, 1.18534705686654e-04, 1.19825839466702e-06))  # fmt: skip
ONE_FROM = np.float32(7.90531110763549805)  # on, the nearest float32 is 1


def _rational_tanh(x):
    # The quotient of polynomials that Eigen and XLA have: within some units of the last place.
    x = ONE_FROM if x > ONE_FROM else x
    x = -ONE_FROM if x < -ONE_FROM else x
    s = x * x
    p = P[0] + s * (P[1] + s * (P[2] + s * (P[3] + s * (P[4] + s * (P[5] + s * P[6])))))
    q = Q[0] + s * (Q[1] + s * (Q[2] + s * Q[3]))
    tanh_x = x * p / q
    # Exactly, or the slope of a saturated neuron would depend on how the quotient happens to be rounded.
    tanh_x = np.float32(1) if x >= ONE_FROM else tanh_x
    return np.float32(-1) if x <= -ONE_FROM else tanh_x


@part
def softmax(z, a, n):
    """Of the first n numbers of z, into a."""
    number = type(z[0])
    top = z[0]
    for j in range(1, n):
        top = z[j] if z[j] > top else top
    total = number(0)
    for j in range(n):
        below = z[j] - top
        a[j] = math.exp(number(-80) if below < -80 else below)
        total += a[j]
    for j in range(n):
        a[j] /= total


@part
def slope(code, a):
    """sigma' where the activation is a."""
    one, zero = type(a)(1), type(a)(0)
    if code == SIGMOID:
        return a * (one - a)
    if code == TANH:
        return one - a * a
    if code == RELU:
        return one if a > zero else zero
    return one
