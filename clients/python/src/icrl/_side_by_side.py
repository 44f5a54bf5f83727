"""Sessions side by side, a thread each: the server and the agent compute at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable


def side_by_side(sessions: int, play: Callable[[int], None]) -> list[BaseException]:
    """Runs `play` of 0 .. sessions - 1 to their ends, the first of them in this thread; returns what they raised.

    Threads are daemons, so that one who breaks this off, with Ctrl-C for example, does not wait for them: their sessions end with the
    connection.
    """
    failed: list[BaseException] = []

    def played(index: int) -> None:
        try:
            play(index)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=played, args=(index,), daemon=True) for index in range(1, sessions)]
    for thread in threads:
        thread.start()
    played(0)
    for thread in threads:
        thread.join()
    return failed
