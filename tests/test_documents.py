"""What the documents name is there: buttons and settings by their names on the screen, files, and commands."""

from __future__ import annotations

import ast
import re
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
OF_PANELS = ("start", "panels", "own_models", "troubleshooting", "scripting")
# Blender's own names, which the add-on does not bring.
BLENDERS = """
    Add-ons, Allow Online Access, Edit, File Paths, Get Extensions, Install from Disk…, Make Single User, Object, OK,
    Playback, Preferences, Python Tooltips, Relations, Sound, Sync, Sync to Audio, System
"""
STRESSED = """
    A picture, A text instead of a sound, An environment of your own, Another manner, Blenders with windows, FLAME rig,
    GPUs, rig of another FLAME add-on, take, The released weights, What is proven,
    Windows and macOS, Without a network, Your own FLAME head and weights
"""
WITH_ACTIONS = ("avatar", "models", "style")  # commands that have commands of their own


@pytest.fixture(scope="module")
def shown() -> str:
    """Everything that the add-on's and the engine's sources say, a text a line; what is filled in is ``…``."""
    texts = []
    for folder in ("blender_addon", "bridge", "artalk_engine"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    texts.append(
                        "".join(str(getattr(part, "value", "…")) if _is_text(part) else "…" for part in node.values)
                    )
                elif _is_text(node):
                    texts.append(node.value)
    return "\n".join(texts)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@pytest.mark.parametrize("name", OF_PANELS)
def test_names_of_buttons_and_messages_are_those_on_the_screen(name, shown):
    text = (ROOT / "docs" / f"{name}.md").read_text("utf-8")
    text = re.sub(r"```.*?```|`[^`]*`|^    .*?$", "", text, flags=re.DOTALL | re.MULTILINE)
    found = {" ".join(part.split()) for part in re.findall(r"\*+([^*]+)\*+", text)}
    others = {" ".join(each.split()) for each in f"{BLENDERS},{STRESSED}".split(",")}
    named = {part.strip(" .:") for each in found for part in each.split("▸")} - others
    assert len(named) > 5 or name == "scripting"
    unknown = [each for each in sorted(named) if not re.fullmatch(r"\d+|×", each) and not _is_shown(each, shown)]
    assert unknown == []


def _is_shown(name: str, shown: str) -> bool:
    """Return whether a name is a whole text, or a sentence, maybe with its names filled in, the beginning of one."""
    if " " not in name or name.istitle():
        return re.search(rf"^{re.escape(name)}$", shown, re.MULTILINE) is not None
    parts = [re.escape(re.sub(r"\d+ s$", "", part).strip(" '")) for part in name.split("…")]
    return re.search(".*".join(parts), shown) is not None


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_point_at_what_is_there(path):
    text = path.read_text("utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        place, _, heading = link.partition("#")
        if "://" in place:
            continue
        target = path.parent / place if place else path
        assert target.exists(), link
        if heading:
            headings = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}, link


def test_every_picture_is_in_a_document():
    said = "\n".join(path.read_text("utf-8") for path in DOCUMENTS)
    assert [path.name for path in (ROOT / "docs" / "pictures").iterdir() if path.name not in said] == []


@pytest.mark.skipif(find_spec("torch") is None, reason="the commands are the engine's")
def test_commands_and_their_options_exist(monkeypatch, capsys):
    calls = set()
    for path in DOCUMENTS:
        for module, words in re.findall(r"-m (artalk_engine[.\w]*)((?: [^`\n#]*)?)", path.read_text("utf-8")):
            command = re.match(r"(?: [a-z]+)*", words)[0].split()
            command = command[: 2 if command[:1] and command[0] in WITH_ACTIONS else 1]
            calls.add((module, tuple(command), tuple(re.findall(r" (--[a-z-]+)", words))))
    assert len(calls) > 10
    for module, command, options in sorted(calls):
        monkeypatch.setattr(sys, "argv", [module, *command, "--help"])
        with pytest.raises(SystemExit) as ended:
            runpy.run_module(module, run_name="__main__")
        said = capsys.readouterr().out
        assert ended.value.code == 0, (module, command)
        assert [option for option in options if option not in said] == [], (module, command)
