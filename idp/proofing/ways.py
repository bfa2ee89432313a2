"""The ways to a higher identity level: what each capability adds, what the installation offers, and who takes which.

Always true: a way is offered when the settings name it and a capability serves it; the page of any other is closed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from flask import Flask, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString

from idp.credentials.attempts import account_key, locks
from idp.credentials.rules import AttemptKind
from idp.db import current_transaction
from idp.proofing.actions import proofs_of
from idp.proofing.rules import CHECKED, FACE_CHECKED, NAME_AND_NUMBER, REGISTERED, Proof, identity_level, renewable
from idp.proofing.second import awaits_second
from idp.web.clock import now
from idp.web.guards import current_session
from idp.web.visit import carried, current_visit, onward

EXTENSION = "tongban_ways"
LADDER = "proofing.ladder"
"""The page that shows them all."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to prove who one is.

    ``name``: the kind of evidence it gives, and its name in `proofing.ways`. ``endpoint``: its first page, which
    calls `passed_by` before anything else. ``level``: what it gives. ``needs``: what people need at hand, to read.
    ``counted``: what its tries are counted as, if they are. ``seconds``: whether it completes a face that passed with
    a new phone, and gives such a person the level of a face.
    """

    name: str
    endpoint: str
    level: int
    needs: LazyString
    counted: AttemptKind | None = None
    seconds: bool = False
    is_open: Callable[[], bool] = lambda: True
    """Whether there is anybody who makes it one just now, where that changes without a new start."""


@dataclass(slots=True)
class Ways:
    """``order``: the names of the ways the installation offers, in the order people read them."""

    order: Sequence[str]
    _known: dict[str, Way] = field(default_factory=dict)

    def add(self, way: Way) -> None:
        self._known[way.name] = way

    def offered(self) -> tuple[Way, ...]:
        known = (self._known[name] for name in self.order if name in self._known)
        return tuple(way for way in known if way.is_open())

    def reach(self) -> int:
        """The highest level somebody can get to here."""
        return max((way.level for way in self.offered()), default=REGISTERED)


def init_ways(app: Flask, order: Sequence[str]) -> None:
    app.extensions[EXTENSION] = Ways(order)


def ways_of(app: Flask) -> Ways:
    found: Ways = app.extensions[EXTENSION]
    return found


def add_way(app: Flask, way: Way) -> None:
    """Called by each capability at its start, whether the installation offers its way or not."""
    ways_of(app).add(way)


def offered() -> tuple[Way, ...]:
    return ways_of(current_app).offered()


def offered_to(party_id: str) -> tuple[Way, ...]:
    """The same, with what they give this person."""
    if not awaits_second(current_transaction(), party_id, now=now()):
        return offered()
    return tuple(replace(way, level=max(way.level, FACE_CHECKED)) if way.seconds else way for way in offered())


def reach() -> int:
    return ways_of(current_app).reach()


def useful(ways: Iterable[Way], proofs: Iterable[Proof], *, least: int = CHECKED) -> list[Way]:
    """Those to ``least`` or above that would prove more than ``proofs`` do, or for longer."""
    known = list(proofs)
    return [way for way in ways if way.level >= least and renewable(known, level=way.level, now=now())]


def way_up(level: int = CHECKED) -> str:
    """The endpoint where somebody gets to ``level``: the page of the only way there, else the one that shows all."""
    leading = [way for way in offered() if way.level >= level]
    return leading[0].endpoint if len(leading) == 1 else LADDER


def way_to_name() -> str:
    """The endpoint where name and number are checked; as `way_up` where that is not offered."""
    named = [way.endpoint for way in offered() if way.name == NAME_AND_NUMBER]
    return named[0] if named else way_up()


def wanted() -> int:
    """The level that the app asks for which the person is on the way to; 0 when none does."""
    visit = current_visit()
    return visit.target_ial if visit is not None and visit.asks_for_level else 0


def used_up(party_id: str) -> frozenset[str]:
    """The names of the ways this person has tried too often today."""
    locked = locks(current_transaction(), key=account_key(party_id), now=now())
    return frozenset(way.name for way in offered() if way.counted in locked)


def others(name: str) -> list[Way]:
    """Where somebody may go who gets no further by the way ``name``, the first to be shown first."""
    party_id: str = current_session().party_id
    spent = used_up(party_id)
    proofs = proofs_of(current_transaction(), party_id)
    found = useful(offered_to(party_id), proofs, least=max(wanted(), CHECKED))
    return [way for way in found if way.name != name and way.name not in spent]


def declined() -> ResponseReturnValue | None:
    """The way back to the app for who would rather not; None: they did not say so."""
    if request.method != "POST" or request.form.get("decline") != "yes":
        return None
    return redirect(url_for("admission.decline", what="strengthen", **carried()), 307)


def passed_by(name: str) -> ResponseReturnValue | None:
    """Where to go instead of the page of the way ``name``; None: it has something to do.

    An app that waits gets its person back as soon as the level is there; without one it may be renewed in time.
    """
    if (answer := declined()) is not None:
        return answer
    party_id: str = current_session().party_id
    way = next((one for one in offered_to(party_id) if one.name == name), None)
    if way is None:
        return redirect(url_for(LADDER, **carried()), 303)
    proofs = proofs_of(current_transaction(), party_id)
    if asked := wanted():
        done = identity_level(proofs, now=now()) >= asked
    else:
        done = not renewable(proofs, level=way.level, now=now())
    return redirect(onward(url_for("account.profile")), 303) if done else None
