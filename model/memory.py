"""The allocator of the process, told that large tensors come again."""

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # parameters of mallopt, from malloc.h


def hold_memory() -> None:
    """Have glibc hold on to freed memory.

    Each step or batch frees and asks for the same large tensors again; given back to the kernel in
    between, their pages cost as much time as the arithmetic.
    """
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if libc is not None and hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)  # what was freed until now is given back
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
