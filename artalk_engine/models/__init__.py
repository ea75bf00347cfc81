"""The files that ARTalk's authors released: which are there, and how to fetch, check and take them in."""

from __future__ import annotations

from .downloading import Downloader, DownloadOptions, page_of
from .folder import FileState, ModelsFolder, State, models_folder
from .importing import import_file

__all__ = [
    "DownloadOptions",
    "Downloader",
    "FileState",
    "ModelsFolder",
    "State",
    "import_file",
    "models_folder",
    "page_of",
]
