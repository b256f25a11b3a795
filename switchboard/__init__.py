"""The composition root: commands and the wiring of roles. Nobody imports it."""

import os

# Before numpy is loaded: its threads wait by spinning, and on a busy machine two of them are more
# than ten times slower than one. The matrices here are small.
for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(_name, "1")  # noqa: TID251 -- read by the library, not by us
