"""`make bench-index`: how fast frame hashes are found, what that takes in memory, and beside what else."""

import os

from config.environment import HOME
from config.kernels import kernel_folder

os.environ.setdefault("NUMBA_CACHE_DIR", kernel_folder(HOME))  # before anything imports numba
