"""How a mandate stands, for the client that was told of it."""

from idp.mandates.rules import Step
from tests.authority.conftest import Asking, problem
from tests.entities.conftest import ONE
from tests.provider import basic


def test_a_client_that_was_told_of_it_reads_its_state(asking: Asking) -> None:
    site, path = asking.site, f"/mandates/{asking.mandate}/status"

    def read() -> dict[str, object]:
        found: dict[str, object] = site.http.get(path, headers={"Authorization": basic("tax")}).get_json()
        return found

    first = read()
    assert set(first) == {"id", "state", "valid_from", "valid_to", "changed_at"}
    assert (first["id"], first["state"]) == (asking.mandate, "active")
    assert str(first["valid_from"]) < str(first["valid_to"])
    asking.mandates.step(asking.mandate, Step.REVOKE, ONE, asking.mandates.entity)
    later = read()
    assert later["state"] == "revoked"
    assert later["changed_at"] == site.now()


def test_what_has_run_out_is_over_before_anybody_notices(asking: Asking) -> None:
    asking.site.later += 31 * 86400
    path = f"/mandates/{asking.mandate}/status"
    found = asking.site.http.get(path, headers={"Authorization": basic("tax")}).get_json()
    assert found["state"] == "expired"


def test_anybody_else_is_told_that_there_is_none(asking: Asking) -> None:
    for mandate, client in ((asking.mandate, "social"), ("mnd_none", "tax"), ("mnd_none", "social")):
        answer = asking.site.http.get(f"/mandates/{mandate}/status", headers={"Authorization": basic(client)})
        assert problem(answer) == (404, "not-found")
    path = f"/mandates/{asking.mandate}/status"
    assert problem(asking.site.http.get(path)) == (401, "client-authentication")
    odd = asking.site.http.get("/mandates/%20x/status", headers={"Authorization": basic("tax")})
    assert problem(odd) == (404, "not-found")
    assert asking.site.http.post(path).status_code == 405
