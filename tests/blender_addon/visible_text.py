"""Everything that the add-on can show, in English: what its source says, and what Blender knows of its classes.

A sentence that is put together while the add-on runs is kept as in the phrasebook, with ``{0}`` where names and numbers
stand. Words that are no sentence are found by where they are said: as a label, a name, a description.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import bpy
import numpy as np

from blender_addon.body.recoding import ACTIONS
from blender_addon.paths import builtin_head_file, builtin_styles
from blender_addon.released import WORDS

ROOT = Path(__file__).resolve().parents[2]
SHOWN_BY = {"text", "name", "description", "placeholder", "bl_label", "stage", "problem", "label"}
STAGES = ("artalk_engine/service.py", "artalk_engine/preview.py")
LOGGERS = {"log"}
SHOWING = {"translated", "draw_text", "EngineView", "_with_memory"}  # functions whose arguments are shown
# What is written for those who help, in the one language that they all read: of these, only sentences are translated.
FOR_HELPERS = {"details.py", "setup_report.py", "setup/machine.py", "setup/places.py"}
# What looks like words, and is none for people: names of Blender's own things, data, and programs.
NO_WORDS = re.compile(
    r"^("
    r"ARTalk( .*)?|3D View|AgX - .*|Base Color|Is Camera Ray|From Min|From Max|To Min|To Max|Joint drift"
    r"|\{\d\} (surface|figure|figure head|camera)|\{\d\} · face|\{\d\} · take \{\d\}|\{\d\} \((original|copy)\)"
    r"|[\w ]*\[[\w-]+\]|\W*|lifeline|UVMap|Basis|[A-Z]:/.*|Installing collected packages: .*"
    r")$"
)


def source_texts(folder: Path) -> dict[str, str]:
    """Return every text in a package's source that may be shown, each with where it is."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.py")):
        inside = path.relative_to(folder)
        if "translations" in path.parts:
            continue
        is_for_helpers = inside.as_posix() in FOR_HELPERS
        for line, text in _texts(ast.parse(path.read_text(encoding="utf-8")), inside.parts[0] == "panels"):
            if text.endswith(".") or not is_for_helpers:
                found.setdefault(text, f"{folder.name}/{inside}:{line}")
    return found


def class_texts(classes: tuple[type, ...]) -> dict[str, str]:
    """Return the names and tooltips of registered classes, of their properties and of the choices that these offer."""
    found: dict[str, str] = {}
    for cls in classes:
        for text in _class_texts(cls):
            found.setdefault(text, cls.__name__)
    return {text: where for text, where in found.items() if text and not NO_WORDS.match(text)}


def asset_texts() -> dict[str, str]:
    """Return what the built-in head and voice have names for."""
    with np.load(builtin_head_file()) as head:
        traits = [str(name).replace("_", " ").capitalize() for name in head["trait_names"]]
    styles = [name.replace("_", " ").title() for name in builtin_styles()]
    return dict.fromkeys(traits, "assets/head.npz") | dict.fromkeys(styles, "assets/voice/styles")


def table_texts() -> dict[str, str]:
    """Return the single words that tables hold for people."""
    words = [*WORDS.values(), "Mesh", *(label for _, label, _ in ACTIONS)]
    return dict.fromkeys(words, "a table")


def stage_texts() -> dict[str, str]:
    """Return what the engine calls its stages: constants of the modules that tell of progress to Blender."""
    found: dict[str, str] = {}
    for name in STAGES:
        for node in ast.parse((ROOT / name).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign):
                words = [each.value for each in ast.walk(node.value) if isinstance(each, ast.Constant)]
                found.update(
                    dict.fromkeys(
                        (word for word in words if isinstance(word, str) and re.match(r"[A-Z][a-z]", word)), name
                    )
                )
    return found


def _texts(tree: ast.Module, has_tables: bool) -> Iterator[tuple[int, str]]:
    skipped = set(_unseen(tree))
    labels = {*_labels(tree), *(_table_words(tree) if has_tables else ())}
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
        if not is_text or node in skipped:
            continue
        text = _phrase(node)
        if not NO_WORDS.match(text) and (_is_sentence(text) or (node in labels and _has_word(text))):
            yield node.lineno, text.strip()


def _unseen(tree: ast.Module) -> Iterator[ast.AST]:
    """Go through texts that nobody is shown: docstrings, parts of a formatted text, what is logged or hidden."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield from (part for value in node.values if isinstance(value, ast.Constant) for part in ast.walk(value))
            specs = (value.format_spec for value in node.values if isinstance(value, ast.FormattedValue))
            yield from (part for spec in specs if spec is not None for part in ast.walk(spec))
        elif isinstance(node, ast.Call) and (_is_logging(node) or _is_hidden(node)):
            yield from ast.walk(node)


def _labels(tree: ast.Module) -> Iterator[ast.AST]:
    """Go through texts that are shown wherever they are said."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in SHOWN_BY:
            shown = [node.value]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SHOWING:
            shown = node.args
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            shown = [node.value] if node.targets[0].attr in SHOWN_BY else []
        else:
            continue
        for each in shown:
            words = (each.body, each.orelse) if isinstance(each, ast.IfExp) else (each,)
            yield from (word for word in words if not (isinstance(word, ast.Constant) and str(word.value).isupper()))


def _table_words(tree: ast.Module) -> Iterator[ast.AST]:
    """Go through words in the tables of a panel: those that are written as headings are."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple):
            yield from (each for each in node.elts if isinstance(each, ast.Constant) and str(each.value).istitle())


def _is_logging(call: ast.Call) -> bool:
    function = call.func
    return isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id in LOGGERS


def _is_hidden(call: ast.Call) -> bool:
    """Return whether a property is declared that no interface shows."""
    return any(keyword.arg == "options" and "'HIDDEN'" in ast.unparse(keyword.value) for keyword in call.keywords)


def _phrase(node: ast.AST) -> str:
    """Return a text with its blanks numbered."""
    if isinstance(node, ast.Constant):
        return re.sub(r"\{[a-z]+\}", "{0}", str(node.value))  # one that is filled in later
    assert isinstance(node, ast.JoinedStr)
    number, said = 0, ""
    for value in node.values:
        if isinstance(value, ast.Constant):
            said += str(value.value)
        else:
            said, number = f"{said}{{{number}}}", number + 1
    return said


def _is_sentence(text: str) -> bool:
    """Return whether a text is several words that a person may read, rather than code or a path."""
    own = re.sub(r"\{\d+\}", "", text)
    return " " in text.strip() and _has_word(own) and not re.search(r"=|^\S*\.\S* ?$|, \*|[\n|\\]", text)


def _has_word(text: str) -> bool:
    return bool(re.search(r"[A-Za-z]{2,}", text))


def _class_texts(cls: type) -> Iterator[str]:
    kind = cls.bl_rna
    is_drawn = issubclass(cls, (bpy.types.Operator, bpy.types.Panel, bpy.types.Menu))
    if is_drawn:
        yield getattr(cls, "bl_label", "")
    if issubclass(cls, bpy.types.Operator):
        yield kind.description or (cls.__doc__ or "").strip()
    own = set(cls.__annotations__) | {name for base in cls.__mro__ for name in getattr(base, "__annotations__", {})}
    for prop in kind.properties:
        if prop.identifier not in own or prop.is_hidden:
            continue
        yield from (prop.name, prop.description)
        if prop.type == "ENUM":
            for item in prop.enum_items_static:
                yield from (item.name, item.description)
