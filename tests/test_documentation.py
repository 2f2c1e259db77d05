"""What the documents say of settings and commands is what the program knows, and the other way round."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from pipelines.cli import main
from pipelines.settings import Settings

CHECKOUT = Path(__file__).parent.parent
DOCUMENTS = sorted([*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").glob("*.md"), CHECKOUT / "raw" / "README.md"])
COMMAND = "district-finance"
_CODE = re.compile(r"```(?:sh|bash)\n(.*?)```|`([^`\n]+)`", re.DOTALL)


def setting_names(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """The dotted name of every setting; groups of groups by name have a place for that name."""
    for name, field in model.model_fields.items():
        group = next((part for part in _parts(field.annotation) if isinstance(part, type)), None)
        by_name = "dict" in str(field.annotation)
        if group is not None and issubclass(group, BaseModel):
            yield from setting_names(group, f"{prefix}{name}.{'NAME.' if by_name else ''}")
        else:
            yield prefix + name


def _parts(annotation: object) -> Iterator[object]:
    arguments = [part for part in getattr(annotation, "__args__", ()) if part is not type(None)]
    if arguments:
        for part in arguments:
            yield from (found for found in _parts(part) if isinstance(found, type) and issubclass(found, BaseModel))
    yield annotation


def documented_settings() -> set[str]:
    """The names in the first column of the table of settings."""
    text = (CHECKOUT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = text.partition("## Settings\n")[2].partition("\n## ")[0]
    names: set[str] = set()
    for cell in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE):
        group = ""
        for name in re.findall(r"`([^`]+)`", cell):
            names.add(group + name if name.startswith(".") else name)  # ``.port`` is of the group before it
            if not name.startswith("."):
                group = name.rpartition(".")[0]
    return names


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    documented, known = documented_settings(), set(setting_names(Settings))
    groups = {name.removesuffix("*") for name in documented if name.endswith("*")}
    assert {name for name in known if name not in documented and not name.startswith(tuple(groups))} == set()
    assert {name for name in documented if not name.endswith("*")} - known == set()
    assert {group for group in groups if not any(name.startswith(group) for name in known)} == set()


def test_settings_that_documents_and_messages_name_exist() -> None:
    known = set(setting_names(Settings))
    groups = {name.partition(".")[0] for name in known if "." in name}
    files = [*DOCUMENTS, *(CHECKOUT / "pipelines").rglob("*.py")]
    named = {
        name
        for file in files
        for name in re.findall(rf"\b(?:{'|'.join(sorted(groups - {'closing'}))})\.[a-z_]+\b(?!\()", _prose(file))
    }
    unknown = {name for name in named if not any(each == name or each.startswith(f"{name}.") for each in known)}
    assert {name for name in unknown if not name.endswith(("_", ".py", ".md"))} == set()


def _prose(file: Path) -> str:
    """Of a document everything in code marks; of a program its texts in quotes."""
    text = file.read_text(encoding="utf-8")
    pattern = r"`([^`\n]+)`" if file.suffix == ".md" else r"raise (limits\.[a-z_]+)|调高 (limits\.[a-z_]+)"
    return "\n".join("".join(found) if isinstance(found, tuple) else found for found in re.findall(pattern, text))


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Every call of the command in the documents: where it stands, and its words."""
    for document in DOCUMENTS:
        for block, inline in _CODE.findall(document.read_text(encoding="utf-8")):
            for line in (block or inline).replace("\\\n", " ").splitlines():
                for call in re.findall(rf"(?:^|[\s/]){COMMAND} +(.*)", line):
                    words = re.split(r"[|;&>#）。]", call)[0]
                    try:
                        yield document.name, shlex.split(words.replace("[", "").replace("]", "").replace("…", ""))
                    except ValueError:
                        yield document.name, words.split()


def test_the_documents_show_the_command() -> None:
    assert len(list(command_lines())) > 30


@pytest.mark.parametrize("document", sorted({document for document, _ in command_lines()}))
def test_commands_and_options_in_the_documents_exist(document: str) -> None:
    for where, words in command_lines():
        if where != document or not words or not re.fullmatch(r"[a-z]+", words[0]):
            continue
        command: click.Command = main
        position = 0
        while isinstance(command, click.Group) and position < len(words) and words[position] in command.commands:
            command = command.commands[words[position]]
            position += 1
        assert command is not main, f"{document}: {COMMAND} {' '.join(words)}"
        options = {name for parameter in command.params for name in (*parameter.opts, "--help", "-h")}
        used = {word.partition("=")[0] for word in words[position:] if re.match(r"--?[a-z]", word)}
        assert used <= options, f"{document}: {COMMAND} {' '.join(words)}: {used - options}"


def test_every_command_is_documented() -> None:
    shown = {words[0] for _, words in command_lines() if words}
    assert set(main.commands) - shown == set()


def test_the_targets_of_make_that_the_documents_name_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        target
        for document in DOCUMENTS
        for block, inline in _CODE.findall(document.read_text(encoding="utf-8"))
        for target in re.findall(r"\bmake ([a-z][a-z-]*)", block or inline)
    }
    assert named - targets == set()
