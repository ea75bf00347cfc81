"""The add-on, as a user gets it: installed from its zip, and what scenarios ask of it."""

from __future__ import annotations

import importlib
import os
from types import ModuleType

import bpy

PACKAGE = "bl_ext.user_default.artalk"
ZIP_VARIABLE = "ARTALK_ZIP"


def install() -> None:
    """Install and enable the extension from its zip."""
    bpy.ops.extensions.package_install_files(
        filepath=os.environ[ZIP_VARIABLE], repo="user_default", enable_on_install=True
    )
    assert PACKAGE in bpy.context.preferences.addons, "Blender did not enable the extension"


def module(name: str) -> ModuleType:
    """Return one of its modules."""
    return importlib.import_module(f"{PACKAGE}.{name}")


def open_panels(*names: str) -> None:
    """Let some panels that are closed at first be open, such as ``"text"`` for ``ARTALK_PT_text``."""
    classes = [cls for cls in module("panels").CLASSES if issubclass(cls, bpy.types.Panel)]
    for cls in reversed(classes):
        bpy.utils.unregister_class(cls)
    for cls in classes:
        if cls.__name__.removeprefix("ARTALK_PT_") in names:
            cls.bl_options = set(getattr(cls, "bl_options", ())) - {"DEFAULT_CLOSED"}
        bpy.utils.register_class(cls)
