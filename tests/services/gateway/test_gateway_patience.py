"""Whole answers within bounds, and the ways that they break, told by real sockets."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.gateway.patience import PatientAdapter, PatientTransport

Speak = Callable[[socket.socket], object]

TIMEOUT = (2.0, 2.0)
NO_TLS_RECORD = b"\x17\x03\x03\x00\x20" + b"z" * 32


@contextmanager
def answering(speak: Speak) -> Iterator[int]:
    """Answer one connection on loopback; the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                speak(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a key, and a certificate that it signed for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "localhost.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + signed.public_bytes(pem))
    return path


def test_encryption_that_breaks_half_way_is_an_error_of_requests(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def speak(connection: socket.socket) -> None:
        # The socket stays ours, to say what no TLS connection says.
        below = connection.dup()
        with below, context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(65_536)
            tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            below.sendall(NO_TLS_RECORD)
            tls.recv(1)

    def patient(connection: socket.socket) -> None:
        with pytest.raises(ssl.SSLError):  # the client says that it will have no more of it
            speak(connection)

    with answering(patient) as port, requests.Session() as session:
        session.mount("https://", PatientAdapter(TIMEOUT))
        with pytest.raises(requests.exceptions.SSLError):
            session.get(f"https://localhost:{port}/", verify=str(certificate))


def told(requested: list[bytes]) -> Speak:
    """Answers `fine`, and keeps what was requested."""

    def speak(connection: socket.socket) -> None:
        requested.append(connection.recv(65_536).partition(b"\r\n")[0])
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine")

    return speak


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_that_the_environment_names_is_used(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    requested: list[bytes] = []
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("http_proxy", raising=False)
    with (
        answering(told(requested)) as port,
        httpx.Client(transport=PatientTransport(TIMEOUT)) as client,
    ):
        monkeypatch.setenv("HTTP_PROXY", f"{scheme}127.0.0.1:{port}")
        assert client.get("http://vendor.test/page").text == "fine"
    assert requested == [b"GET http://vendor.test/page HTTP/1.1"]


def test_a_host_that_needs_no_proxy_is_asked_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    requested: list[bytes] = []
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with (
        answering(told(requested)) as port,
        httpx.Client(transport=PatientTransport(TIMEOUT)) as client,
    ):
        assert client.get(f"http://127.0.0.1:{port}/page").text == "fine"
    assert requested == [b"GET /page HTTP/1.1"]
