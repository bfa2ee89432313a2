"""Starting, finding, strengthening and ending sessions.

Always true: whatever ends a session ends its grants and queues the logout notices in the same transaction.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from typing import Any

from idp.audit import Event, record
from idp.crypto.tokens import digest, new_id, random_token
from idp.db import Dialect, Statement, Transaction
from idp.grants.actions import Ended, end_session_grants
from idp.signin.factors import sms_adds_nothing
from idp.signin.rules import BY_EACH_OTHER, FORCED, Method, Session, SessionEnd, activity_grain, expiry

_COLUMNS = ", ".join(Session._fields)
_START = Statement[Any](
    "INSERT INTO session (id, secret_hash, party_id, created_at, last_seen_at, absolute_end, auth_time, proofs,"
    " methods, sid_salt, agent) VALUES (:id, :secret, :party, :now, :now, :end, :now, 1, :methods, :salt, :agent)"
)
_DERIVE = Statement[Any](
    "INSERT INTO session (id, secret_hash, party_id, created_at, last_seen_at, absolute_end, auth_time, proofs,"
    " methods, sid_salt, agent, idle)"
    " VALUES (:id, :secret, :party, :now, :now, :end, :auth_time, 0, :methods, :salt, :agent, :idle)"
)
# A sign-in that was under way when its account was suspended leaves a session nobody can use.
_FIND = Statement(
    f"SELECT {', '.join(f's.{name}' for name in Session._fields)} FROM session s"
    " JOIN party p ON p.id = s.party_id AND p.status = 'active' WHERE s.secret_hash = :secret AND s.ended_at IS NULL",
    Session,
)
_BY_ID = Statement(f"SELECT {_COLUMNS} FROM session WHERE id = :id", Session)
_OF_PARTY = Statement(
    f"SELECT {_COLUMNS} FROM session WHERE party_id = :party AND ended_at IS NULL ORDER BY last_seen_at DESC", Session
)
_LAST_ACTIVE = Statement(
    "SELECT COALESCE(MAX(s.last_seen_at), p.created_at) FROM party p LEFT JOIN session s ON s.party_id = p.id"
    " WHERE p.id = :party GROUP BY p.id, p.created_at",
    int,
)
_SEEN = Statement[Any](
    "UPDATE session SET last_seen_at = :now WHERE id = :id AND ended_at IS NULL AND last_seen_at < :now"
)
_STRENGTHEN = Statement[Any](
    "UPDATE session SET methods = :methods, auth_time = :now, proofs = proofs + 1, last_seen_at = :now,"
    " secret_hash = :secret WHERE id = :id AND ended_at IS NULL"
)
_ACT = Statement[Any](
    "UPDATE session SET acting = :acting, secret_hash = :secret WHERE id = :id AND ended_at IS NULL"
)
_END_ACTING = Statement(
    "UPDATE session SET acting = NULL WHERE party_id = :party AND acting LIKE :entity || ' %' AND ended_at IS NULL"
    " RETURNING id",
    str,
)
_END_ACTING_BY = Statement(
    "UPDATE session SET acting = NULL WHERE party_id = :party AND acting LIKE '% ' || :mandate AND ended_at IS NULL"
    " RETURNING id",
    str,
)
_ACTING_SO = Statement(
    "SELECT id FROM session WHERE party_id = :party AND acting = :acting AND ended_at IS NULL", str
)
_END = Statement(
    "UPDATE session SET ended_at = :now, end_reason = :reason WHERE id = :id AND ended_at IS NULL RETURNING party_id",
    str,
)


def _holding(column: str) -> dict[Dialect, Statement[Session]]:
    """The session whose ``column`` is ``:key``, for the client in service that is about to enter by it.

    The account is held as well, and first, in the order of the tables here (the server locks a row's tables so): a
    suspension, a closing or a withdrawal of consent takes the account before anything else, so that it waits for the
    grant and then ends it, or is over and seen; and nobody waits in a circle.
    """
    columns = ", ".join(f"s.{name}" for name in Session._fields)
    sql = (
        f"SELECT {columns} FROM party p JOIN session s ON s.party_id = p.id JOIN client c ON c.client_id = :client"
        f" WHERE s.{column} = :key AND s.ended_at IS NULL AND p.status = 'active' AND c.state IN ('live', 'tested')"
    )
    # On SQLite writers stand in line from their first statement on; nothing need be locked.
    return {"sqlite": Statement(sql, Session), "postgresql": Statement(f"{sql} FOR SHARE", Session)}


_LIVE = (
    f"SELECT {', '.join(f's.{name}' for name in Session._fields)} FROM party p JOIN session s ON s.party_id = p.id"
    " WHERE s.id = :key AND s.ended_at IS NULL AND p.status = 'active'"
)
_HOLD_LIVE: dict[Dialect, Statement[Session]] = {
    "sqlite": Statement(_LIVE, Session),
    "postgresql": Statement(f"{_LIVE} FOR SHARE", Session),
}
_HOLD = _holding("id")
_HOLD_FOUND = _holding("secret_hash")
_STALE = Statement[tuple[str, str]](
    "SELECT id, CASE WHEN absolute_end <= :now THEN 'absolute' ELSE 'idle' END FROM session"
    " WHERE ended_at IS NULL AND (absolute_end <= :now OR last_seen_at <= :idle"
    " OR last_seen_at <= :now - idle) LIMIT 100"
)


def start(
    tx: Transaction, *, party_id: str, method: Method, agent: str, absolute: int, now: int
) -> tuple[Session, str]:
    """A new session and its cookie secret. ``agent`` is a short description of the browser, for the person's list."""
    secret = random_token()
    session_id = new_id("ses")
    salt = random_token()
    end = now + absolute
    tx.send(
        _START,
        id=session_id,
        secret=digest(secret),
        party=party_id,
        now=now,
        end=end,
        methods=method.value,
        salt=salt,
        agent=agent[:80],
    )
    record(
        tx,
        Event.SESSION_BEGUN,
        actor=party_id,
        subject=party_id,
        session=session_id,
        detail={"amr": method},
        now=now,
    )
    return Session(session_id, party_id, now, now, end, now, 1, method.value, salt, agent[:80], None), secret


def derive(
    tx: Transaction,
    phone: Session,
    *,
    methods: Iterable[Method],
    agent: str,
    idle: int | None = None,
    absolute: int,
    now: int,
) -> tuple[Session, str]:
    """A session of another screen that the person of ``phone`` has confirmed there, and its cookie secret.

    Nobody has authenticated anew: its ``auth_time`` is the phone's, and it ends no later than the phone's would.
    """
    secret, salt, session_id = random_token(), random_token(), new_id("ses")
    used, end = " ".join(methods), min(phone.absolute_end, now + absolute)
    made = Session(
        session_id, phone.party_id, now, now, end, phone.auth_time, 0, used, salt, agent[:80], None, None, idle
    )
    tx.send(
        _DERIVE,
        id=session_id,
        secret=digest(secret),
        party=phone.party_id,
        now=now,
        end=end,
        auth_time=phone.auth_time,
        methods=used,
        salt=salt,
        agent=made.agent,
        idle=idle,
    )
    record(
        tx,
        Event.SESSION_BEGUN,
        actor=phone.party_id,
        subject=phone.party_id,
        session=session_id,
        detail={"amr": used, "by": phone.id},
        now=now,
    )
    return made, secret


def find(tx: Transaction, secret: str) -> Session | None:
    """The unended session of this cookie secret; the caller asks `rules.expiry`."""
    return tx.one(_FIND, secret=digest(secret))


def by_id(tx: Transaction, session_id: str) -> Session | None:
    return tx.one(_BY_ID, id=session_id)


def find_live(tx: Transaction, session_id: str) -> Session | None:
    """The unended session, if its account is in use; neither changes before this transaction ends."""
    return tx.one(_HOLD_LIVE[tx.dialect], key=session_id)


def of_party(tx: Transaction, party_id: str, *, idle: int, now: int) -> list[Session]:
    """The person's living sessions, most recently used first."""
    return [s for s in tx.all(_OF_PARTY, party=party_id) if expiry(s, idle=idle, now=now) is None]


def last_active(tx: Transaction, party_id: str) -> int:
    """When the party was last seen in any session, else when its account was opened."""
    return tx.one(_LAST_ACTIVE, party=party_id) or 0


def hold(tx: Transaction, session_id: str, client_id: str) -> Session | None:
    """The session if it has not ended and the client is in service; neither changes before this transaction ends.

    Without it a grant written while its session ends, or its client is suspended, would be seen by neither.
    """
    return tx.one(_HOLD[tx.dialect], key=session_id, client=client_id)


def ask_held(tx: Transaction, secret: str, client_id: str) -> Callable[[], list[Session]]:
    """`find` and `hold` in one: the unended session of this cookie secret, held for a client in service.

    It is held before whatever is asked next, in whose round trip it travels.
    """
    return tx.ask(_HOLD_FOUND[tx.dialect], key=digest(secret), client=client_id)


def needs_touch(session: Session, *, idle: int, now: int) -> bool:
    return now - session.last_seen_at >= activity_grain(idle)


def touch(tx: Transaction, session_id: str, *, now: int) -> None:
    """Note activity: a page, or a refresh or userinfo call of one of the session's grants."""
    tx.send(_SEEN, id=session_id, now=now)


def strengthen(tx: Transaction, session: Session, method: Method, *, now: int) -> tuple[Session, str]:
    """The session after one more active authentication, under a new cookie secret.

    A text code that adds nothing to the password is not kept among its methods.
    """
    methods = list(dict.fromkeys([*session.used, method]))
    together = BY_EACH_OTHER.issubset(methods) and not BY_EACH_OTHER.issubset(session.used)
    if together and sms_adds_nothing(tx, session.party_id, now=now):
        methods.remove(Method.SMS)
    secret = random_token()
    tx.send(_STRENGTHEN, id=session.id, methods=" ".join(methods), now=now, secret=digest(secret))
    record(
        tx,
        Event.SESSION_STEPPED_UP,
        actor=session.party_id,
        subject=session.party_id,
        session=session.id,
        detail={"amr": method},
        now=now,
    )
    return session._replace(
        methods=" ".join(methods), auth_time=now, proofs=session.proofs + 1, last_seen_at=now
    ), secret


def act_for(
    tx: Transaction, session: Session, acting: str | None, *, via: str | None, now: int
) -> tuple[Session, str]:
    """The session acting for somebody else from now on, or (None) for its person, under a new cookie secret."""
    secret = random_token()
    tx.send(_ACT, id=session.id, acting=acting, secret=digest(secret))
    record(
        tx,
        Event.ACTING_CHANGED,
        actor=session.party_id,
        subject=acting.partition(" ")[0] if acting else session.party_id,
        session=session.id,
        detail={"via": via},
        now=now,
    )
    return session._replace(acting=acting), secret


def end_acting(tx: Transaction, party_id: str, entity_id: str, *, now: int) -> None:
    """The person's sessions that act for this entity go on for the person alone."""
    for session_id in tx.all(_END_ACTING, party=party_id, entity=entity_id):
        record(tx, Event.ACTING_CHANGED, subject=party_id, session=session_id, detail={"ended": True}, now=now)


def end_acting_by(tx: Transaction, party_id: str, mandate_id: str, *, now: int) -> None:
    """The person's sessions that act by this mandate go on for the person alone."""
    for session_id in tx.all(_END_ACTING_BY, party=party_id, mandate=mandate_id):
        detail = {"ended": True}
        record(
            tx,
            Event.ACTING_CHANGED,
            subject=party_id,
            session=session_id,
            mandate=mandate_id,
            detail=detail,
            now=now,
        )


def end_entered_by(tx: Transaction, party_id: str, acting: str, reason: SessionEnd, *, now: int) -> None:
    """End the person's sessions that act exactly so: by a door that is no longer theirs to pass."""
    for session_id in tx.all(_ACTING_SO, party=party_id, acting=acting):
        end(tx, session_id, reason, now=now)


def end_signed_in_by(
    tx: Transaction, party_id: str, methods: Iterable[Method], reason: SessionEnd, *, now: int
) -> None:
    """End the person's sessions in which one of ``methods`` was used: what they were proved by is worth nothing."""
    gone = frozenset(methods)
    for session in tx.all(_OF_PARTY, party=party_id):
        if not gone.isdisjoint(session.used):
            end(tx, session.id, reason, now=now)


def end(tx: Transaction, session_id: str, reason: SessionEnd, *, now: int) -> list[Ended]:
    """End a session with its grants; the apps being told. Ending an ended one does nothing."""
    party_id = tx.one(_END, id=session_id, reason=reason, now=now)
    if party_id is None:
        return []
    record(tx, Event.SESSION_ENDED, actor=party_id, subject=party_id, session=session_id, reason=reason, now=now)
    return end_session_grants(tx, session_id, keep_offline=reason not in FORCED, now=now)


def end_all(tx: Transaction, party_id: str, reason: SessionEnd, *, except_id: str | None = None, now: int) -> None:
    for session in tx.all(_OF_PARTY, party=party_id):
        if session.id != except_id:
            end(tx, session.id, reason, now=now)


def end_stale(tx: Transaction, *, idle: int, now: int) -> int:
    """End up to 100 sessions past their time; how many there were."""
    stale = tx.all(_STALE, now=now, idle=now - idle)
    for session_id, reason in stale:
        end(tx, session_id, SessionEnd(reason), now=now)
    return len(stale)


def client_sid(session: Session, client_id: str) -> str:
    """The ``sid`` a client knows the session by: stable, and unlinkable between clients."""
    hashed = hashlib.sha256(f"{session.sid_salt}|{client_id}".encode()).digest()
    return urlsafe_b64encode(hashed[:24]).decode()


_ENTERED = Statement(
    "SELECT client_id FROM authorization_grant WHERE session_id = :id GROUP BY client_id ORDER BY MIN(created_at)",
    str,
)


def entered_clients(tx: Transaction, session_id: str) -> list[str]:
    """The clients this session has entered, in order."""
    return tx.all(_ENTERED, id=session_id)
