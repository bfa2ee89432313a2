"""Profiles: what the example says, and what none may say."""

from pathlib import Path

import pytest

from idp.issuers.profiles import GMT_0015, BadProfile, Encoding, KeyProtection, Kind, parse_profile

SOURCE = '[[source]]\nkind = "person"\nextension = "1.2.3"\n'


def test_the_example_is_a_profile() -> None:
    profile = parse_profile(Path("config/certificates/example.toml").read_text(encoding="utf-8"))
    assert profile.name == "example"
    assert profile.key_protection is KeyProtection.UNKNOWN
    assert {source.kind for source in profile.sources} == set(Kind)
    assert profile.sources[0].encodings == (Encoding.EXPLICIT, Encoding.IMPLICIT, Encoding.STRING)


def test_the_built_in_one_has_the_places_of_the_standard() -> None:
    assert [(source.kind.value, source.extension) for source in GMT_0015.sources] == [
        ("person", "1.2.156.10260.4.1.1"),
        ("entity", "1.2.156.10260.4.1.4"),
        ("entity", "1.2.156.10260.4.4"),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name", "no TOML"),
        ('name = "x"', "source"),
        (f'name = "X y"\n{SOURCE}', "name"),
        (f'name = "x"\nunknown = 1\n{SOURCE}', "unknown"),
        (f'name = "x"\nkey_protection = "safe"\n{SOURCE}', "key_protection"),
        ('name = "x"\n' + SOURCE * 17, "source"),
        (f'name = "x"\n{SOURCE}subject = "CN"', "either extension or subject"),
        ('name = "x"\n[[source]]\nkind = "person"', "either extension or subject"),
        ('name = "x"\n[[source]]\nkind = "person"\nsubject = "DN"', "subject is one of"),
        (f'name = "x"\n{SOURCE}part = 2', "needs split"),
        (f'name = "x"\n{SOURCE}split = "@"\npart = 0', "part counts"),
        (f'name = "x"\n{SOURCE}pattern = "(a+)+"', "pattern"),
        (f'name = "x"\n{SOURCE}prefix = "{"p" * 33}"', "prefix"),
        ('name = "x"\n[[source]]\nkind = "person"\nextension = "1.2.x"', "extension"),
        ('name = "x"\n[[source]]\nkind = "officer"\nextension = "1.2.3"', "kind"),
    ],
)
def test_what_is_no_profile_says_why(text: str, told: str) -> None:
    with pytest.raises(BadProfile, match=told):
        parse_profile(text)
