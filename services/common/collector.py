"""Python's collector of cyclic garbage, told what it need not look at."""

import gc

_YOUNG, _MIDDLE, _OLD = 10_000, 20, 50  # thresholds of the generations


def spare_what_stays() -> None:
    """Keep what there is now out of every later collection, and let those be rarer.

    Modules and routes stay as long as the process does, and looking at them again and again takes
    time from every request. What may be replaced, such as a writer, is to come afterwards.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
