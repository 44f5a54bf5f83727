"""What a client shows a server, and by what it knows the server: a token, and certificates."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import grpc

from .errors import IcrlError

#: Instead of a file of authorities: those that gRPC brings.
PUBLIC_CA = "public"

#: Environment variables, by what they hold.
VARIABLES = {"token": "ICRL_TOKEN", "ca": "ICRL_CA", "cert": "ICRL_CERT", "key": "ICRL_KEY"}


@dataclass(frozen=True)
class Credentials:
    """What goes with a connection; a server on this machine's loopback needs nothing of it.

    Attributes:
        token: goes with every call as `authorization: Bearer TOKEN`.
        ca: path of a PEM file with the authorities that may have signed the server's certificate, or "public". With it the connection is
            TLS, without it in the clear.
        cert: path of the client's own certificate, PEM, where the server asks for one.
        key: path of the certificate's key.
    """

    token: str | None = None
    ca: str | None = None
    cert: str | None = None
    key: str | None = None

    def __repr__(self) -> str:  # the token is a secret, and errors and logs show what has a repr
        return f"Credentials(token={'...' if self.token else None}, ca={self.ca!r}, cert={self.cert!r}, key={self.key!r})"


def given_credentials(
    token: str | None = None,
    ca: str | None = None,
    cert: str | None = None,
    key: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Credentials:
    """What is given and, where nothing is, what ICRL_TOKEN, ICRL_CA, ICRL_CERT and ICRL_KEY of the environment have.

    Raises:
        IcrlError: OPTION_INVALID if a certificate comes without its key, or without an authority.
    """
    env = os.environ if environment is None else environment
    given = {"token": token, "ca": ca, "cert": cert, "key": key}
    shown = Credentials(**{name: value or env.get(VARIABLES[name]) or None for name, value in given.items()})
    if (shown.cert is None) != (shown.key is None):
        raise IcrlError("OPTION_INVALID", "a client's certificate and its key belong together: give cert and key")
    if shown.cert is not None and shown.ca is None:
        text = f"a certificate is for TLS: give ca, the file of the server's authority, or {PUBLIC_CA!r}"
        raise IcrlError("OPTION_INVALID", text)
    return shown


def channel_credentials(address: str, shown: Credentials) -> grpc.ChannelCredentials | None:
    """How a channel to an address is secured; None: in the clear.

    Raises:
        IcrlError: TLS_REQUIRED where a token would go over a network in the clear; OPTION_INVALID for files that cannot be used.
    """
    if shown.ca is None:
        if shown.token is None or is_loopback(address):
            return None
        raise IcrlError(
            "TLS_REQUIRED",
            f"a token does not go to {address} in the clear: give ca (ICRL_CA), the file of the server's authority, or {PUBLIC_CA!r}",
        )
    authorities = None if shown.ca == PUBLIC_CA else _read_pem("ca", shown.ca)
    if shown.cert is None or shown.key is None:
        return grpc.ssl_channel_credentials(authorities)
    return grpc.ssl_channel_credentials(authorities, _read_pem("key", shown.key), _read_pem("cert", shown.cert))


def _read_pem(name: str, path: str) -> bytes:
    try:
        pem = Path(path).read_bytes()
    except OSError as error:
        raise IcrlError("OPTION_INVALID", f"{name}: {error}") from None
    if b"-----BEGIN " not in pem:
        raise IcrlError("OPTION_INVALID", f'{name}: {path} is not PEM: it has no "-----BEGIN"')
    return pem


def is_loopback(address: str) -> bool:
    """Whether HOST:PORT leads to this machine and nowhere else: 127.0.0.0/8, ::1 in brackets, localhost and names below it."""
    match = re.fullmatch(r"(\[[^\]]*\]|[^:/\[\]]+):\d+", address)
    if match is None:
        return False
    host = match[1].strip("[]").lower().rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        parsed = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback
