"""What a department hears of a clerk who acts for a citizen: both, and the office that stands behind the clerk."""

from tests.assisted.register_walks import UNIT, Counter
from tests.entities.conftest import NAME, THREE
from tests.oidc.representing import Acting, admit, details
from tests.provider import claims_of


def test_the_clerk_is_the_human_with_their_office_and_the_citizen_whom_they_act_for(counter: Counter) -> None:
    case = counter.authorised()
    admit(counter.site)
    acting = Acting(counter.mandates)
    tokens = acting.tokens(THREE, case.mandates[0])
    told = claims_of(tokens["id_token"])
    office = f"{NAME} {UNIT}"
    assert told["sub"] != told["represented"]["sub"]
    assert (told["mandate"]["kind"], told["mandate"]["capacity"], told["mandate"]["office"]) == (
        "assisted",
        "clerk",
        office,
    )
    asked = details(theme="social.pension", services=["hn-pension-01"])
    given = acting.exchange(tokens, authorization_details=asked)
    act = claims_of(given.get_json()["access_token"])["act"]
    assert (act["capacity"], act["office"]) == ("clerk", office)
    assert "act" not in act


def test_nothing_is_told_once_the_case_is_interrupted(counter: Counter) -> None:
    case = counter.authorised()
    admit(counter.site)
    acting = Acting(counter.mandates)
    tokens = acting.tokens(THREE, case.mandates[0])
    counter.do("suspend", counter.clerk, case.id, note="材料不齐")
    assert acting.exchange(tokens, authorization_details=None).status_code == 400
    assert counter.site.userinfo(tokens["access_token"]).status_code == 401
