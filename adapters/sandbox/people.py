"""The scripted people of the demo, read from config/demo/people.toml, which the demo's seeding reads too.

Always true: they are fictitious, and a file that says otherwise than `Person` describes stops the start.
"""

import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

SEEDING_ONLY = frozenset({"ial", "claims", "document"})
"""What only the demo's seeding reads of a person: how well proofed, by which document, and further claims."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person; ``password`` and ``user_name`` may be empty, ``zh`` and ``en`` say what to try."""

    name: str
    mobile: str
    user_name: str
    password: str
    registered: bool
    zh: str
    en: str


class PeopleError(ValueError):
    """The file of people is not what ``load_people`` reads; the words say where."""


def load_people(path: Path) -> tuple[Person, ...]:
    """The people in ``path``, in its order; none when there is no such file. Raises ``PeopleError``."""
    if not path.is_file():
        return ()
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("person", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PeopleError(f"{path}: {error}") from error
    return tuple(_person(path, index, entry) for index, entry in enumerate(entries, 1))


def _person(path: Path, index: int, entry: dict[str, Any]) -> Person:
    types = {field.name: field.type for field in fields(Person)}
    shown = {name: value for name, value in entry.items() if name not in SEEDING_ONLY}
    if shown.keys() != types.keys():
        wrong = ", ".join(sorted(shown.keys() ^ types.keys()))
        raise PeopleError(f"{path}: person {index}: missing or unknown: {wrong}")
    for name, value in shown.items():
        if type(value) is not types[name]:
            raise PeopleError(f"{path}: person {index}: {name} has the wrong type")
    if not re.fullmatch(r"1[3-9][0-9]{9}", str(entry["mobile"])):
        raise PeopleError(f"{path}: person {index}: mobile is not 11 digits")
    return Person(**shown)
