"""Key sets at a client's address: used while fresh, asked for at most once a minute, never taken unchecked."""

from dataclasses import dataclass, field

import orjson
import pytest
from joserfc.jwk import ECKey

from idp.messages.outbound import Answer, Blocked, NoAnswer
from idp.oidc.remote_keys import FRESH, PAUSE, RemoteKeys

URI = "https://keys.example/jwks"
KEYS = orjson.dumps({"keys": [ECKey.generate_key("P-256").as_dict(private=False)]})


@dataclass
class Outbound:
    answer: Answer | NoAnswer
    asked: int = field(default=0)

    def get(self, uri: str) -> Answer | NoAnswer:
        assert uri == URI
        self.asked += 1
        return self.answer


def test_a_set_is_used_while_it_is_fresh() -> None:
    outbound = Outbound(Answer(200, {}, KEYS))
    remote = RemoteKeys(outbound)  # type: ignore[arg-type]
    first = remote.fetch(URI, None, 1000)
    assert first is not None
    assert remote.fetch(URI, None, 1000 + FRESH - 1) is first
    assert outbound.asked == 1
    assert remote.fetch(URI, None, 1000 + FRESH) is not first
    assert outbound.asked == 2


UNUSABLE = [NoAnswer(next(iter(Blocked))), Answer(500, {}, KEYS)]
UNUSABLE += [Answer(200, {}, body) for body in (b"\xff", b"{}", b'{"keys": []}')]


@pytest.mark.parametrize("answer", UNUSABLE)
def test_what_cannot_be_used_is_asked_for_again_after_a_minute_at_the_earliest(answer: Answer | NoAnswer) -> None:
    outbound = Outbound(answer)
    remote = RemoteKeys(outbound)  # type: ignore[arg-type]
    assert [remote.fetch(URI, None, 1000 + after) for after in (0, 1, PAUSE - 1)] == [None] * 3
    assert outbound.asked == 1
    outbound.answer = Answer(200, {}, KEYS)
    assert remote.fetch(URI, None, 1000 + PAUSE) is not None


def test_an_unknown_kid_means_rotation_and_is_looked_for_once_a_minute() -> None:
    """OpenID Connect Core 10.1.1."""
    sets = [{"keys": [ECKey.generate_key("P-256").as_dict(private=False, kid=kid)]} for kid in ("old", "new")]
    old, new = map(orjson.dumps, sets)
    outbound = Outbound(Answer(200, {}, old))
    remote = RemoteKeys(outbound)  # type: ignore[arg-type]
    assert remote.fetch(URI, "old", 1000) is not None
    outbound.answer = Answer(200, {}, new)
    remote.fetch(URI, "new", 1000 + PAUSE - 1)
    assert outbound.asked == 1
    rotated = remote.fetch(URI, "new", 1000 + PAUSE)
    assert rotated is not None
    assert [key.kid for key in rotated.keys] == ["new"]
