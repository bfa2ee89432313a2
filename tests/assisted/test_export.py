"""What a person's own file says of the counters that handled their matters."""

from idp.assisted.export import AssistedExport
from tests.assisted.register_walks import Counter


def test_the_file_of_ones_data_has_ones_cases_with_their_steps_and_papers(counter: Counter) -> None:
    case = counter.authorised()
    with counter.site.provider.database.autocommit() as tx:
        name, told = AssistedExport(counter.assisting)(tx, case.citizen)
        assert AssistedExport(counter.assisting)(tx, counter.clerk.person) == ("assisted", [])
    assert name == "assisted"
    assert [one["number"] for one in told] == [case.number]
    assert [step["step"] for step in told[0]["steps"]] == ["open", "accept", "paper", "witness", "authorise"]
    assert (told[0]["state"], told[0]["evidence"]) == ("authorised", "paper")
    assert all(case.number in paper["number"] and paper["text"] for paper in told[0]["papers"])
    assert len(told[0]["papers"]) == 2
