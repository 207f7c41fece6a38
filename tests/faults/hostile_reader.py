"""Readers that misbehave, chosen by the file's name; what they managed to do is the text of their page."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import tempfile
import time
from pathlib import Path

from mailbot.core.document import Document, Field, Page, Problem
from mailbot.extract.reader import Found, Limits


def read(name: str, content: bytes, media_type: str, limits: Limits) -> Found:
    """Misbehave as `name` says (up to its first dot)."""
    if name.startswith("types"):
        return wrong_types(name)
    return _said(name, DEEDS[name.partition(".")[0]]())


def _said(name: str, text: str) -> Found:
    return Found(documents=(Document(name="/etc/passwd", media_type="text/plain", pages=(Page(number=1, text=text),)),))


def _tried(deed: object, *arguments: object) -> str:
    try:
        return f"did {deed(*arguments)}"  # type: ignore[operator]
    except OSError as error:
        return f"refused: {type(error).__name__}"


def memory() -> str:
    hoard = []
    while True:
        hoard.append(bytearray(1 << 24))


def loop() -> str:
    while True:
        pass


def hang() -> str:
    time.sleep(600)
    return "woke"


def crash() -> str:
    ctypes.string_at(0)
    return "survived"


def kill() -> str:
    os.kill(os.getpid(), signal.SIGKILL)
    return "survived"


def leave() -> str:
    os._exit(7)


def fork() -> str:
    return _tried(os.fork) if hasattr(os, "fork") else ""


def execute() -> str:
    return _tried(os.posix_spawn, "/bin/true", ["true"], {})


def internet() -> str:
    return _tried(socket.socket, socket.AF_INET, socket.SOCK_STREAM)


def local() -> str:
    return _tried(socket.socket, socket.AF_UNIX, socket.SOCK_STREAM)


def disk() -> str:
    with tempfile.TemporaryFile() as file:
        while True:
            file.write(bytes(1 << 20))


def nesting() -> str:
    return nesting()


def bug() -> str:
    raise KeyError("a reader's bug")


def environment() -> str:
    return " ".join(sorted(os.environ)) + " cwd=" + str(Path.cwd())


def garbage() -> str:
    for number in range(3, 20):
        try:
            os.write(number, b"\xff" * 64)
        except OSError:
            continue
    return "wrote"


def promise() -> str:
    for number in range(3, 20):
        try:
            os.write(number, (20).to_bytes(4, "big") + (1 << 60).to_bytes(8, "big") + b"{}" * 10)
        except OSError:
            continue
    return "wrote"


def chatter() -> str:
    os.write(1, b"noise on stdout")
    print("more noise", flush=True)
    return "said"


def fine() -> str:
    return "fine"


DEEDS = {
    name: deed
    for name, deed in list(globals().items())
    if callable(deed) and getattr(deed, "__module__", "") == __name__ and name not in ("read", "_said", "_tried", "wrong_types")
}


def wrong_types(name: str) -> Found:
    """Return a document whose fields have other types than they should."""
    return Found(
        documents=(Document(name=name, media_type="x/y", fields=(Field(name="total", value=17),)),),  # type: ignore[arg-type]
        problems=(Problem(code="over_limit"),),
    )
