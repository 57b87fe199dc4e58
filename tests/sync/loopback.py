"""A tiny real server on the loopback that misbehaves as it is told."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

TLS_HANDSHAKE = b"\x16\x03"

Misbehave = Callable[[socket.socket, bytes], None]
"""Gets the connection and the request as received; answers what it likes."""


@contextmanager
def server(behaviour: Misbehave, context: ssl.SSLContext | None = None) -> Generator[str]:
    """The address of a server that answers every connection with `behaviour`."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)
    closing = threading.Event()
    serving = threading.Thread(
        target=_serve, args=(listener, behaviour, context, closing), daemon=True
    )
    serving.start()
    scheme = "http" if context is None else "https"
    try:
        yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        closing.set()
        socket.create_connection(listener.getsockname()).close()
        serving.join(timeout=10)
        listener.close()


def _serve(
    listener: socket.socket,
    behaviour: Misbehave,
    context: ssl.SSLContext | None,
    closing: threading.Event,
) -> None:
    while not closing.is_set():
        connection, _ = listener.accept()
        with connection:
            if closing.is_set():
                return
            connection.settimeout(10)
            try:
                wrapped = context.wrap_socket(connection, server_side=True) if context else None
                _answer(wrapped or connection, behaviour)
            except OSError:
                continue  # the client left: that is often what the test is about


def _answer(connection: socket.socket, behaviour: Misbehave) -> None:
    received = b""
    while b"\r\n\r\n" not in received and not received.startswith(TLS_HANDSHAKE):
        piece = connection.recv(65536)
        if not piece:
            return
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    found = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    while len(body) < (int(found[1]) if found else 0):
        body += connection.recv(65536)
    behaviour(connection, head + b"\r\n\r\n" + body)


def answer(status: int, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    """A whole HTTP answer; `length` may lie."""
    lines = [
        f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if length is None else length}",
        "Connection: close", *headers,
    ]  # fmt: skip
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunks(*pieces: bytes, ended: bool = True) -> bytes:
    """A chunked answer; without `ended` it breaks off."""
    head = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return head + body + (b"0\r\n\r\n" if ended else b"")


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate that nobody vouches for."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nobody")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
