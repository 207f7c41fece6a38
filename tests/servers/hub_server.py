"""A model hub on loopback: answers as the public one does to the few questions that fetching a model takes, or fails as told."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Serves one folder as the model ORG/NAME `desk/tiny`. `asked` are the paths asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fault = ""
        self.asked: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.answer(self)

            def do_HEAD(self) -> None:
                hub.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Hub:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = urlsplit(request.path).path
        self.asked.append(path)
        if self.fault == "gated":
            return self._refuse(request, 403, "GatedRepo")
        if path.startswith("/api/models/desk/tiny/tree/"):
            return self._send(request, json.dumps(self._siblings("path", "oid")).encode())
        if path.startswith("/api/models/desk/tiny"):
            value = {
                "id": "desk/tiny",
                "sha": COMMIT,
                "siblings": self._siblings("rfilename", "blobId"),
                "cardData": {"license": "mit"},
            }
            return self._send(request, json.dumps(value).encode())
        name = path.rpartition("/")[2]
        if path.startswith(f"/desk/tiny/resolve/{COMMIT}/") and (self.folder / name).is_file():
            return self._send(
                request, (self.folder / name).read_bytes(), cut=self.fault == "hangs up" and name.endswith(".safetensors")
            )
        self._refuse(request, 404, "RepoNotFound" if path.startswith("/api") else "EntryNotFound")

    def _siblings(self, name: str, digest: str) -> list[dict[str, Any]]:
        files = sorted(path for path in self.folder.iterdir() if path.is_file())
        return [{name: one.name, "size": one.stat().st_size, digest: _etag(one.read_bytes()), "type": "file"} for one in files]

    def _send(self, request: BaseHTTPRequestHandler, content: bytes, *, cut: bool = False) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.send_header("ETag", f'"{_etag(content)}"')
        request.send_header("X-Repo-Commit", COMMIT)
        request.end_headers()
        if request.command == "GET":
            request.wfile.write(content[: len(content) // 2] if cut else content)

    def _refuse(self, request: BaseHTTPRequestHandler, status: int, code: str) -> None:
        request.send_response(status)
        request.send_header("X-Error-Code", code)
        request.send_header("Content-Length", "0")
        request.end_headers()


def _etag(content: bytes) -> str:
    """Return what git calls a file of this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
