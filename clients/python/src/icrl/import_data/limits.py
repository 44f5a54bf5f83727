"""How much is taken of files that somebody else has made."""

from __future__ import annotations

GIB = 1 << 30

MOST_PICKLE_BYTES = 4 * GIB
"""Of a pickle, which is in memory whole."""
MOST_TRIAL_BYTES = GIB // 4
"""Of what a trial's longest array takes: a trial is in memory whole, here and where it is written."""
MOST_EPISODES = 1 << 20
"""Of a trial: each is a row."""
MOST_NUMBERS = 4096
"""Of an observation."""
MOST_STATES = 10_000
"""Of a task whose states are told apart by number."""
MOST_ACTIONS = 10_000
MOST_MEMORY = 12 * GIB
"""Of address space, beyond what the interpreter and its libraries have taken: the last bound, where no other holds."""


def limit_memory() -> None:
    """From now on what would take far more memory than it should fails with MemoryError, where the system can do that."""
    try:
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:
            taken = int(file.read().split()[0]) * resource.getpagesize()
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        wanted = taken + MOST_MEMORY
        if most == resource.RLIM_INFINITY or wanted < most:
            resource.setrlimit(resource.RLIMIT_AS, (wanted, most))
    except (ImportError, OSError, ValueError):
        pass  # another system: there the other bounds have to do
