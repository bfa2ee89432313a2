"""The texts people agree to: one file per kind, version and language, ``<kind>/<YYYY-MM-DD>.<language>.md``.

Always true: every version exists in every language, and a version is never in force before its date.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from markupsafe import Markup

from idp.web.locale import CHINA_TIME, LANGUAGES
from idp.web.prose import read_prose

KINDS = ("user", "privacy")
"""Agreed to by everybody who has an account."""
CONSENTS = ("face",)
"""Agreed to apart from those, each time, for one use (PIPL 14, 29)."""


@dataclass(frozen=True)
class Agreement:
    """One version of one kind; ``titles`` and ``bodies`` by language (zh, en)."""

    kind: str
    version: str
    titles: Mapping[str, str]
    bodies: Mapping[str, Markup]


class Agreements:
    """All versions, read once at the start."""

    def __init__(self, texts: Mapping[tuple[str, str], Agreement]) -> None:
        self._texts = texts

    def find(self, kind: str, version: str) -> Agreement | None:
        """One version of one kind, None when it never existed."""
        return self._texts.get((kind, version))

    def versions(self, kind: str, *, now: int) -> list[str]:
        """The versions of ``kind`` in force at ``now`` or before, newest first."""
        today = datetime.fromtimestamp(now, CHINA_TIME).date().isoformat()
        return sorted((v for k, v in self._texts if k == kind and v <= today), reverse=True)

    def versions_in_force(self, now: int) -> dict[str, str]:
        """Kind -> version."""
        return {text.kind: text.version for text in self.current(now=now)}

    def current(self, *, now: int) -> list[Agreement]:
        """The version in force of each kind, in the order they are shown; LookupError when a kind has none yet."""
        found = []
        for kind in KINDS:
            text = self.in_force(kind, now=now)
            if text is None:
                raise LookupError(f"no {kind} agreement is in force")
            found.append(text)
        return found

    def in_force(self, kind: str, *, now: int) -> Agreement | None:
        """The newest version of one kind; None when there is none (yet)."""
        versions = self.versions(kind, now=now)
        return self._texts[kind, versions[0]] if versions else None


def _read(directory: Path, kind: str, version: str) -> Agreement:
    texts = {
        language: read_prose((directory / kind / f"{version}.{language}.md").read_text("utf-8"))
        for language in LANGUAGES
    }
    titles: dict[str, str] = {language: title for language, (title, _body) in texts.items()}
    bodies: dict[str, Markup] = {language: body for language, (_title, body) in texts.items()}
    return Agreement(kind, version, titles, bodies)


def load_agreements(directory: Path) -> Agreements:
    """Read every text below ``directory``. OSError or ValueError when one is missing, misnamed or without a title."""
    texts = {}
    for kind in KINDS + CONSENTS:
        for version in {path.name.split(".")[0] for path in (directory / kind).glob("*.md")}:
            datetime.strptime(version, "%Y-%m-%d").replace(tzinfo=CHINA_TIME)
            texts[kind, version] = _read(directory, kind, version)
    return Agreements(texts)
