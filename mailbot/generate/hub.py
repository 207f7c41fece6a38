"""Fetches a model from the Hugging Face hub: its safetensors, configs and tokenizer, of one commit, and nothing that could run."""

from __future__ import annotations

import errno
import os
import re
import shutil
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from mailbot.errors import ConfigError, DiskFull, LoginRefused, NotFound, Unreachable
from mailbot.generate.release import MODEL_FILES

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
"""ORG/NAME."""

TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the hub says of a model: its commit, the files that would be fetched and their bytes, and the licence it names."""

    name: str
    commit: str
    files: tuple[str, ...]
    bytes: int
    licence: str

    @property
    def source(self) -> str:
        """Where a release that was fetched comes from, as the registry keeps it."""
        return f"hub:{self.name}@{self.commit}"


def look_up(name: str, *, revision: str = "", endpoint: str = "") -> Listing:
    """Ask the hub what a model consists of. `endpoint` "" is HF_ENDPOINT, else the public hub.

    Raises Unreachable, LoginRefused (a gated model), NotFound, ConfigError for a model without safetensors.
    """
    from huggingface_hub import HfApi

    api = HfApi(endpoint=_endpoint(endpoint))
    try:
        info = api.model_info(name, revision=revision or None, files_metadata=True, timeout=TIMEOUT_SECONDS)
    except Exception as error:
        raise _told(error, name) from error
    siblings = [
        one
        for one in info.siblings or ()
        if "/" not in one.rfilename and any(fnmatchcase(one.rfilename, pattern) for pattern in MODEL_FILES)
    ]
    files = tuple(one.rfilename for one in siblings)
    if "config.json" not in files or not any(one.endswith(".safetensors") for one in files):
        raise ConfigError(
            f"{name}: the hub has no config.json and model*.safetensors of it", remedy="choose the model's safetensors version"
        )
    return Listing(
        name=name,
        commit=str(info.sha),
        files=files,
        bytes=sum(one.size or 0 for one in siblings),
        licence=str(getattr(info.card_data, "license", None) or "not stated"),
    )


def fetch(listing: Listing, into: Path, *, endpoint: str = "", bars: bool = False) -> None:
    """Download the files of a listing into an empty folder; `bars` shows the progress on stderr.

    Raises Unreachable, LoginRefused, NotFound, DiskFull.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars

    if listing.bytes > (free := shutil.disk_usage(into).free):
        raise DiskFull(f"{into.parent}: {listing.name} takes {listing.bytes} bytes, {free} are free", remedy="make room there")
    (enable_progress_bars if bars else disable_progress_bars)()
    try:
        snapshot_download(
            listing.name, revision=listing.commit, local_dir=into, allow_patterns=list(listing.files), endpoint=_endpoint(endpoint)
        )
    except Exception as error:
        raise _told(error, listing.name) from error
    shutil.rmtree(into / ".cache", ignore_errors=True)


def _endpoint(given: str) -> str | None:
    return given or os.environ.get("HF_ENDPOINT") or None


def _told(error: Exception, name: str) -> Exception:
    """Return the error of the hub's library as one of mailbot's own."""
    from huggingface_hub import errors

    short = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    if isinstance(error, errors.GatedRepoError):
        return LoginRefused(
            f"{name}: its owner gives it out on request only", remedy="accept its licence on the hub and set HF_TOKEN"
        )
    if isinstance(error, errors.RepositoryNotFoundError | errors.RevisionNotFoundError | errors.HFValidationError):
        return NotFound(f"{name}: the hub has no such model, or HF_TOKEN may not see it", remedy="check the name ORG/NAME")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"{name}: no space left for it", remedy="make room; nothing half was kept")
    return Unreachable(
        f"{name}: the hub cannot be asked ({short})", remedy="check the network, or fetch it elsewhere and add its directory"
    )
