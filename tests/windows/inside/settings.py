"""The preferences, and the whole interface in other languages."""

from __future__ import annotations

import os

import addon
import blf
import bpy
from user import Steps, User

MARGINS = 90  # pixels beside a button's name: tabs, borders, its icon
LANGUAGES = ("de_DE", "ja_JP", "zh_HANS")


def steps(user: User) -> Steps:
    """Set the engine up by an existing Python, look at everything, and at all of it in every language."""
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    addon.install()
    addon.open_panels("text", "speech", "time", "edit", "head", "preview")
    yield from _preferences(user)
    yield from _languages(user)


def _preferences(user: User) -> Steps:
    tasks, report = addon.module("setup_tasks"), addon.module("setup_report")
    os.environ.pop("ARTALK_ENGINE_PYTHON")
    yield from user.show_preferences(addon.PACKAGE)
    yield from user.until(addon.module("released").shelf, "the models are listed")
    yield from user.until_drawn()
    user.take_picture("preferences")
    yield from _terms(user)
    region = user.region("WINDOW", "PREFERENCES")
    user.notes["offline_reason"] = addon.module("setup_reasons").no_installing(bpy.context)
    yield from user.cannot_press("artalk.install_engine", region)

    settings = bpy.context.preferences.addons[addon.PACKAGE].preferences
    settings.engine_python = os.environ["ARTALK_OWN_PYTHON"]
    yield from user.until_drawn()
    yield from user.press("artalk.check_python", region)
    yield from user.until(lambda: tasks.current() is None and tasks.outcome(), "the Python is checked")
    user.notes["own_python"] = [tasks.outcome().is_error, tasks.outcome().text]
    settings.engine_python = os.environ["ARTALK_OLD_PYTHON"]
    bpy.ops.artalk.check_python("INVOKE_DEFAULT")
    yield from user.until(lambda: tasks.current() is None and tasks.outcome().is_error, "the program is checked")
    user.notes["no_python"] = [tasks.outcome().text, tasks.outcome().remedy]
    yield from user.until_drawn()
    user.take_picture("no_python")
    settings.engine_python = os.environ["ARTALK_OWN_PYTHON"]
    bpy.ops.artalk.system_check("INVOKE_DEFAULT")
    yield from user.until(report.lines, "the system is checked")
    user.notes["report"] = list(report.lines())
    shelf = addon.module("released").shelf()
    user.notes["models"] = [[file.name, file.size, file.licence, file.state] for file in shelf.files]
    bpy.ops.artalk.dismiss_setup()


def _terms(user: User) -> Steps:
    """A click on a file's terms tells them in full."""
    region = user.region("WINDOW", "PREFERENCES")
    yield from user.press("artalk.show_terms", region)
    yield from user.until_drawn()
    user.take_picture("terms")
    yield from user.strike("ESC")
    released = addon.module("released")
    user.notes["terms"] = [[file.terms, released.licence_text(file.licence)] for file in released.shelf().files]


def _clipped(width: int) -> list[str]:
    """Return the names of buttons that are too long for the sidebar."""
    blf.size(0, 11.0 * bpy.context.preferences.system.ui_scale)
    classes = [cls for cls in addon.module("operators").CLASSES if hasattr(cls, "bl_label")]
    labels = [bpy.app.translations.pgettext_iface(cls.bl_label, "Operator") for cls in classes]
    return [label for label in labels if blf.dimensions(0, label)[0] > width - MARGINS]


def _languages(user: User) -> Steps:
    """Look at the same two pages in every language."""
    view, translated = bpy.context.preferences.view, addon.module("translations").translated
    yield from user.hide_preferences()
    bpy.ops.artalk.create_head()
    bpy.context.scene.artalk.sound = "/no/such/folder/gone.wav"
    bpy.context.scene.artalk_text.line = "Maybe tomorrow."
    notices = addon.module("notices")
    notices.show(notices.Notice("There is no sound file /no/such/folder/gone.wav.", "Choose a sound file.", True, "x"))
    user.notes["said"] = {}
    for locale in ("en_US", *LANGUAGES):
        view.language = locale
        view.use_translate_interface = view.use_translate_tooltips = True
        yield from user.show_tab("ARTalk")
        yield from user.until_drawn()
        user.take_picture(f"panel_{locale}")
        user.notes["clipped"] = {**user.notes.get("clipped", {}), locale: _clipped(user.region().width)}
        label = bpy.app.translations.pgettext_iface("Create Head")
        pitch = bpy.app.translations.pgettext_iface("Pitch", "ARTalk")  # in Blender another kind of pitch
        user.notes["pitch"] = {**user.notes.get("pitch", {}), locale: pitch}
        user.notes["said"][locale] = [label, translated("Choose a sound file."), bpy.app.translations.locale]
        area = user.area("VIEW_3D")
        area.type = "PREFERENCES"
        yield from user.until_drawn()
        user.take_picture(f"preferences_{locale}")
        area.type = "VIEW_3D"
        yield 0.3
