"""TLS: certificates are verified, and one context serves every account."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import samples

from trading.exchange.errors import ExchangeUnavailable

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate with")


class Answering(BaseHTTPRequestHandler):
    """Answer every question with a book."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = samples.DEPTH.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that is its own authority, with its key beside it."""
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", path.with_name("key.pem")]
    command = ["openssl", "req", "-x509", *key, "-out", path, "-days", "2", *names]
    subprocess.run(command, check=True, capture_output=True)
    return path


@pytest.fixture
def secure_url(certificate: Path) -> Iterator[str]:
    """The address of an HTTPS server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_certificate_of_a_trusted_authority_is_accepted(secure_url: str, certificate: Path, connect) -> None:
    rest = connect(secure_url, ca_file=str(certificate))

    assert [len(rest.depth("SOL_USDC").asks) for _ in range(2)] == [3, 3]


def test_a_certificate_of_an_unknown_authority_is_refused_before_anything_is_sent(secure_url: str, connect) -> None:
    with pytest.raises(ExchangeUnavailable):
        connect(secure_url).depth("SOL_USDC")


def test_a_certificate_of_another_host_is_refused(secure_url: str, certificate: Path, connect) -> None:
    with pytest.raises(ExchangeUnavailable):
        connect(secure_url.replace("127.0.0.1", "localhost"), ca_file=str(certificate)).depth("SOL_USDC")
