"""Cases as pages show them: in which matters, in which state, with what has happened and been written.

Always true: names of clerks are masked, and a citizen's stands in full on the page of their case at the office alone.
"""

from collections.abc import Iterable
from types import SimpleNamespace

from flask import url_for
from flask_babel import LazyString

from idp.accounts.names import PersonName
from idp.assisted.desk import office_text, parts
from idp.assisted.rules import Case, CaseStep, Evidence, Identified, Matter
from idp.assisted.words import CASE_STATES, CASE_STEPS, CONSENTS, IDENTIFIED_BY, PAPERS, TAGS
from idp.db import Transaction
from idp.mandates.history import Entry
from idp.web.locale import preferences


def matter_titles(matters: Iterable[Matter]) -> list[str]:
    """Theme and service of each."""
    return [f"{theme_title(one)} · {service_title(one)}" for one in matters]


def theme_title(matter: Matter) -> str:
    theme = parts().themes.current(matter.theme)
    return theme.title[preferences().lang] if theme else matter.theme


def service_title(matter: Matter) -> str:
    theme = parts().themes.current(matter.theme)
    services = theme.services if theme else ()
    return next((one.title[preferences().lang] for one in services if one.code == matter.service), matter.service)


def shown_case(tx: Transaction, case: Case, *, url: str = "") -> SimpleNamespace:
    """For lists and heads of pages: nobody's name in full."""
    return SimpleNamespace(
        id=case.id,
        number=case.number,
        citizen=_masked(parts().assisting.shown(tx, case).name),
        matters=matter_titles(case.matters),
        state=CASE_STATES[case.state],
        tag=TAGS.get(case.state, "off"),
        clerk=clerk_name(tx, case.clerk),
        office=office_text(case),
        at=case.opened_at,
        opened_at=case.opened_at,
        until=case.until,
        url=url,
    )


def shown_to_clerk(tx: Transaction, case: Case) -> SimpleNamespace:
    """The whole of it, for the office."""
    citizen, found = parts().assisting.shown(tx, case), shown_case(tx, case)
    found.citizen, found.document = citizen.name, citizen.document
    found.identified = IDENTIFIED_BY[case.identified]
    return found


def entries_of(tx: Transaction, case: Case) -> tuple[list[SimpleNamespace], bool]:
    """What happened, oldest first, and whether nothing of it is missing."""
    entries, whole = parts().assisting.steps(tx, case)
    return [_entry(tx, one) for one in entries], whole


def _entry(tx: Transaction, entry: Entry) -> SimpleNamespace:
    step = CaseStep(entry.step)
    return SimpleNamespace(
        at=entry.at,
        step=CASE_STEPS[step],
        who=clerk_name(tx, entry.actor_id) if entry.actor_id else None,
        evidence=_evidence((entry.reason or "").partition(" ")[0]),
    )


def _evidence(word: str) -> LazyString | None:
    """In words; None for what is no kind of evidence."""
    if word in tuple(Identified) and word not in tuple(Evidence):
        return IDENTIFIED_BY[Identified(word)]
    return CONSENTS[Evidence(word)] if word in tuple(Evidence) else None


def papers_of(tx: Transaction, case: Case, endpoint: str) -> list[SimpleNamespace]:
    """Oldest first; ``endpoint`` prints one."""
    return [
        SimpleNamespace(
            title=PAPERS[one.kind],
            number=one.number,
            at=one.made_at,
            url=url_for(endpoint, case_id=case.id, paper_id=one.id),
        )
        for one in parts().assisting.papers(tx, case)
    ]


def clerk_name(tx: Transaction, person: str) -> str:
    identity = parts().directory.person(tx, person).identity
    return identity.name.masked if identity else ""


def _masked(name: str) -> str:
    parsed = PersonName.parse(name)
    return parsed.masked if parsed else ""
