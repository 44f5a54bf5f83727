"""What tests share: servers, a relay that breaks connections, and where things are."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import icrl

PACKAGE = Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parents[1]
EXAMPLES = ROOT / "examples/python"
sys.path.insert(0, str(EXAMPLES))

# The command of this repository, where the test's caller names no other.
os.environ.setdefault("ICRL_COMMAND", f"node {ROOT / 'dist/cli/main.js'}")


def python(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs Python with the package, and returns what it said."""
    env = {**os.environ, "PYTHONPATH": str(PACKAGE / "src"), **environment}
    return subprocess.run([sys.executable, *words], env=env, text=True, capture_output=True, timeout=300, cwd=ROOT)


def icrl_here(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs `icrl`."""
    from icrl.server import icrl_command

    env = {**os.environ, "PYTHONPATH": str(PACKAGE / "src")}
    return subprocess.run([*icrl_command(), *words], env=env, text=True, capture_output=True, timeout=300, cwd=ROOT)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def regrets(connection: icrl.Connection, agent: icrl.Agent, **play: object) -> dict[int, float]:
    """The regret of every trial that an agent plays, by its index."""
    ended: dict[int, float] = {}
    icrl.play_agent(
        connection, agent, record=False, on_trial_end=lambda end: ended.__setitem__(end.trial_index, end.regret), **play
    )
    return ended


class Relay:
    """A TCP relay before a server, which breaks a connection when so many bytes have come one way, or when it is told."""

    def __init__(self, server: str, after_bytes: list[int] | None = None, of: str = "server") -> None:
        """
        Args:
            server: HOST:PORT.
            after_bytes: after how many bytes a connection breaks, one after the other; those that come then hold.
            of: whose bytes: "server" or "agent". What breaks it does not arrive.
        """
        self._of = of
        self._target = (server.rsplit(":", 1)[0], int(server.rsplit(":", 1)[1]))
        self._after = list(after_bytes or [])
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.broken = 0
        self.connections = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Breaks all, and lets nobody in any more."""
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Breaks all connections that there are."""
        for one in self._open:
            _shut(one)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
            except OSError:
                return
            limit = self._after[self.broken] if self.broken < len(self._after) else None
            self.connections += 1
            self._open += [client, server]
            limits = (None, limit) if self._of == "server" else (limit, None)
            threading.Thread(target=self._pass, args=(client, server, limits[0]), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, limits[1]), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, limit: int | None) -> None:
        passed = 0
        try:
            while data := source.recv(65536):
                if limit is not None and passed + len(data) > limit:
                    self.broken += 1
                    break
                passed += len(data)
                target.sendall(data)
        except OSError:
            pass
        _shut(source)
        _shut(target)


def _shut(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    one.close()
