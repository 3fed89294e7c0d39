"""How numba is to compile."""

import numba

FLAGS = ("contract", "nsz", "reassoc")  # what may be assumed of sums; never that nothing is NaN or infinite

# `advance` becomes one piece of machine code with all its parts in it: a part by itself would be rounded in
# one way by the process that compiled it, and in another by those that load it. It needs no lock of Python's,
# so that images are distorted meanwhile.
OPTIONS = {"fastmath": set(FLAGS), "error_model": "numpy"}
INSIDE = {**OPTIONS, "forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
compiled = numba.njit(nogil=True, **OPTIONS)
part = numba.njit(**INSIDE)
