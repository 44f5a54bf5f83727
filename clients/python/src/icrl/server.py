"""Servers that this process starts for itself: on 127.0.0.1, ended with it."""

from __future__ import annotations

import atexit
import json
import os
import shlex
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from .errors import IcrlError

#: Flags of every private server; those that are given come after them, and a later one takes the place of an earlier.
_FLAGS = ["--listen", "127.0.0.1:0", "--http", "off", "--json", "--log-level", "warn", "--stop-with-input", "--drain-ms", "1000"]

#: How long a server may take to end, in seconds, before it is ended the hard way.
_ENDING = 20.0


def icrl_command() -> list[str]:
    """The words that start `icrl`: those of ICRL_COMMAND in the environment, split as a shell does, else `icrl` on the PATH, else by npx.

    Raises:
        IcrlError: OPTION_INVALID where there is none of them.
    """
    given = os.environ.get("ICRL_COMMAND", "").strip()
    if given:
        return shlex.split(given)
    for words in (["icrl"], ["npx", "--no-install", "icrl"]):
        program = shutil.which(words[0])
        if program is not None:
            return [program, *words[1:]]
    raise IcrlError(
        "OPTION_INVALID",
        "no server can be started: there is neither `icrl` nor `npx` on the PATH. Install icrl, say in ICRL_COMMAND how it is started, or give "
        "the address of a server",
    )


class PrivateServer:
    """A server process; `with` ends it.

    Attributes:
        address: HOST:PORT, on 127.0.0.1.
        data: folder of its log.
        pid: its process.
    """

    def __init__(self, data: str | os.PathLike[str] | None = None, flags: Sequence[str] = ()) -> None:
        """Starts one, and waits until it listens.

        Args:
            data: folder of its log; a temporary one, removed at the end, where absent.
            flags: more flags of `icrl serve`.

        Raises:
            IcrlError: OPTION_INVALID where `icrl` is not found, or does not start; its words are in the message.
        """
        self._scratch = Path(tempfile.mkdtemp(prefix="icrl-server-"))
        self.data = Path(data) if data is not None else self._scratch / "log"
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        try:
            self._start(flags)
        except BaseException:
            self.close()
            raise

    def _start(self, flags: Sequence[str]) -> None:
        words = [*icrl_command(), "serve", "--data", str(self.data), *_FLAGS, *flags]
        said = self._scratch / "stderr"
        with said.open("w") as stderr:
            try:
                # Apart from the terminal: Ctrl-C is for this process, which ends its server when it has ended its sessions.
                self._process = subprocess.Popen(
                    words,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    text=True,
                    start_new_session=True,
                )
            except OSError as error:
                raise IcrlError("OPTION_INVALID", f"no server can be started by {words[0]}: {error}") from None
        self.pid = self._process.pid
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        try:
            self.address: str = json.loads(line)["address"]
        except (ValueError, KeyError, TypeError):
            self._end()
            text = said.read_text(errors="replace").strip()[-2000:]
            raise IcrlError("OPTION_INVALID", f"`{shlex.join(words[:2])} ...` did not start a server: {text or line.strip()}") from None

    def __enter__(self) -> PrivateServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets it finish, waits until it has stopped, and removes what is temporary. A second time it does nothing."""
        with self._lock:
            self._end()
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _forget(self) -> None:
        """In a forked process: the server is the parent's, which could not end it while a copy of its input is open here."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None and process.stdout is not None:
            process.stdin.close()
            process.stdout.close()
            process.returncode = 0  # it is no child of this process, which is not to wait for it

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()  # it stops with its input
        try:
            process.wait(_ENDING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


class _Shared:
    """The private server of this process: started for its first user, ended after its last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server: PrivateServer | None = None
        self._users = 0
        self._pid = os.getpid()

    def acquire(self) -> str:
        """One more uses it; returns its address."""
        with self._lock:
            self._after_fork()
            if self._server is None:
                self._server = PrivateServer()
            self._users += 1
            return self._server.address

    def release(self, pid: int) -> None:
        """One that acquired it in process `pid` does not use it any more."""
        with self._lock:
            self._after_fork()
            if pid != self._pid or self._server is None:
                return
            self._users -= 1
            if self._users > 0:
                return
            server, self._server = self._server, None
        server.close()

    def end(self) -> None:
        """Ends it, whoever uses it: this process ends."""
        with self._lock:
            self._after_fork()
            server, self._server, self._users = self._server, None, 0
        if server is not None:
            server.close()

    def users(self) -> int:
        """How many use it."""
        with self._lock:
            self._after_fork()
            return self._users

    def _after_fork(self) -> None:
        if self._pid == os.getpid():
            return
        if self._server is not None:
            self._server._forget()
        self._server, self._users, self._pid = None, 0, os.getpid()


shared = _Shared()
atexit.register(shared.end)
