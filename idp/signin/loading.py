"""The session of the current request, and giving one to a browser.

Always true: a session past its time is ended, with its grants and notices, before the request that found it goes on.
"""

from dataclasses import dataclass

from flask import Flask, current_app

from idp.db import current_transaction, db
from idp.signin import sessions
from idp.signin.rules import Method, Session, SessionEnd, expiry, scanned
from idp.web.clock import now
from idp.web.cookies import clear_session_secret, session_secret, set_session_secret
from idp.web.csrf import rotate_csrf
from idp.web.guards import current_session, forget_session
from idp.web.limits import user_agent
from idp.web.visit import note_proof

EXTENSION = "tongban_session_times"
_BROWSERS = (
    ("MicroMessenger", "微信"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds."""

    idle: int
    absolute: int


def init_sessions(app: Flask, times: Times) -> None:
    app.extensions[EXTENSION] = times


def session_times() -> Times:
    found: Times = current_app.extensions[EXTENSION]
    return found


def load_session() -> Session | None:
    secret = session_secret()
    session = sessions.find(current_transaction(), secret) if secret else None
    if session is None:
        return None
    over = expiry(session, idle=session_times().idle, now=now())
    if over is not None:
        sessions.end(current_transaction(), session.id, over, now=now())
        db.session.commit()
        clear_session_secret()
        return None
    if sessions.needs_touch(session, idle=session_times().idle, now=now()):
        sessions.touch(current_transaction(), session.id, now=now())
        db.session.commit()
    return session


def authenticated(party_id: str, method: Method) -> Session:
    """The person has just proved themselves: strengthen their session here, or start one. The view commits.

    A session of somebody else in this browser ends. The cookie secret and the CSRF token are new afterwards.
    """
    session = current_session()  # first: noting its activity commits, and ends the transaction there was
    tx = current_transaction()
    if session is not None and session.party_id != party_id:
        sessions.end(tx, session.id, SessionEnd.REPLACED, now=now())
        session = None
    if session is None:
        started, secret = sessions.start(
            tx, party_id=party_id, method=method, agent=agent(), absolute=session_times().absolute, now=now()
        )
    else:
        started, secret = sessions.strengthen(tx, session, method, now=now())
    set_session_secret(secret)
    rotate_csrf()
    forget_session()
    tx.after_commit(lambda: note_proof(started.id, started.proofs))
    return started


def enter_by_phone(phone: Session) -> bool:
    """Sign this browser in by what the person of ``phone`` has confirmed there; False when that session is over.

    ``phone``: held (`sessions.find_live`). Nobody has proved anything here: a session of the same person stays as it
    is. The view commits.
    """
    current, tx = current_session(), current_transaction()
    if expiry(phone, idle=session_times().idle, now=now()) is not None:
        return False
    if current is not None and current.party_id == phone.party_id:
        return True
    if current is not None:
        sessions.end(tx, current.id, SessionEnd.REPLACED, now=now())
    _, secret = sessions.derive(
        tx, phone, methods=scanned(phone.used), agent=agent(), absolute=session_times().absolute, now=now()
    )
    set_session_secret(secret)
    rotate_csrf()
    forget_session()
    return True


def act_for(session: Session, acting: str | None, *, via: str | None) -> Session:
    """The session acts for somebody else from now on, or (None) for its person again. The view commits.

    Acting for an entity may be more than one could do before: cookie secret and CSRF token are new afterwards.
    """
    changed, secret = sessions.act_for(current_transaction(), session, acting, via=via, now=now())
    set_session_secret(secret)
    rotate_csrf()
    forget_session()
    return changed


def agent() -> str:
    """Browser and system in a word each; the full header is not kept."""
    header = user_agent()
    found = [next((name for mark, name in known if mark in header), None) for known in (_BROWSERS, _SYSTEMS)]
    return " · ".join(name for name in found if name) or "?"
