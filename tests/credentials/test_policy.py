import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.credentials.pinyin import spelled, syllables
from idp.credentials.policy import (
    LONGEST,
    PROFILES,
    Acceptable,
    Denied,
    Fault,
    Personal,
    blocklist,
    is_personal,
    judge,
    normalised,
)

PERSON = Personal(
    phone="+8613800138000",
    user_name="Lihua_2000",
    names=("张三",),
    words=("430102199003071234",),
)


def faults(password: str, profile: str = "nist", min_length: int = 8, personal: Personal = PERSON) -> set[str]:
    verdict = judge(password, profile=PROFILES[profile], min_length=min_length, personal=personal)
    return set() if isinstance(verdict, Acceptable) else {fault.value for fault in verdict.reasons}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    "password", ["Blue-Horse-77", "水调歌头 Ming-yue 2026 几时有", "Ab1!" + "kx93-Vq" * 9, "9f" * 20 + "Zq!"]
)
def test_a_good_password_is_good_everywhere(profile: str, password: str) -> None:
    assert faults(password, profile) == set()


@pytest.mark.parametrize(
    ("profile", "password", "expected"),
    [
        ("nist", "vkqzpwmt", set()),
        ("nist", "vkqzpwm", {"password_short"}),
        ("hunan", "vkqzpwmt", {"password_simple"}),
        ("hunan", "vkqzpwm7", set()),
        ("hunan", "vkqzpw-t", set()),
        ("hubei", "83751946", {"password_simple"}),
        *[("hubei", f"vk{symbol}zpwmt", set()) for symbol in "`~!_@#$%*"],
        ("hubei", "vk^zpwmt", {"password_simple"}),
        ("hubei", "vk^zpwm7", set()),
        ("yunnan", "vkqzpwm-", {"password_simple"}),
        ("yunnan", "vkqzpwm7", set()),
        ("yunnan", "vkqzpwm7-over-16-characters", set()),
        ("mlps", "vkqzpwm7", {"password_simple"}),
        ("mlps", "vkqzpwM7", set()),
        ("mlps", "vkqzp-m7", set()),
    ],
)
def test_a_profile_is_data(profile: str, password: str, expected: set[str]) -> None:
    assert faults(password, profile) == expected


def test_the_longer_minimum_counts() -> None:
    assert faults("vkqzp7", "yunnan", min_length=6) == set()
    assert faults("vkqzp7", "yunnan", min_length=8) == {"password_short"}
    assert faults("vkqzpwm7", "yunnan", min_length=15) == {"password_short"}
    assert faults("vkqzp7", "nist", min_length=6) == {"password_short"}


@pytest.mark.parametrize(
    "password",
    ["password", "Password123", "P@ssw0rd2026", "12345678", "woaini1314", "WoAiNi1314", "qwertyuiop", "1qaz2wsx",
     "a123456789", "zhangwei", "Wangfang2026!", "52013140", "ｐａｓｓｗｏｒｄ", "tongban2026", "aaaaaaaaaaaa",
     "abcabcabcabc", "xiangyiban!", "password" * 5, "x" * 64, "aB" * 32],
)  # fmt: skip
def test_a_common_password_is_refused(password: str) -> None:
    assert faults(password, personal=Personal()) == {"password_common"}


@pytest.mark.parametrize(
    "password",
    ["zhangsan19900307", "ZhangSan1990!", "sanzhang-1990", "13800138000", "138-0013-8000", "my138001horse",
     "lihua_2000x", "LIHUA2000-Blue", "x19900307-Qq", "900307-horse", "071234-Horse-x", "zhang8000",
     "１３８００１３８０００"],
)  # fmt: skip
def test_what_is_known_of_the_person_is_refused(password: str) -> None:
    assert "password_personal" in faults(password)
    assert "password_personal" not in faults(password, personal=Personal())


@pytest.mark.parametrize("password", ["Blue-Horse-1990", "zhang-Green-Cloud", "stable-8000-Teapot"])
def test_a_fragment_beside_enough_else_is_accepted(password: str) -> None:
    assert faults(password) == set()


def test_length_is_counted_in_characters_and_nothing_is_cut_off() -> None:
    assert faults("滕王高阁临江渚佩") == set()
    assert faults("𪚥䶮𪚥龘㐂𠮷𡈽a") == set()
    assert faults("vk9-" * 16) == set()
    assert faults(("vk9-Qw7+" * 40)[:LONGEST]) == set()
    assert faults(("vk9-Qw7+" * 40)[: LONGEST + 1]) == {"password_long"}


@pytest.mark.parametrize("password", ["vkqz\0pwmt9", "vkqz\tpwmt9", "vkqz\ud800pwmt9", "vkqz\npwmt9"])
def test_control_characters_and_lone_surrogates_are_refused(password: str) -> None:
    assert faults(password) == {"text_forbidden_characters"}


def test_every_keyboard_gives_the_same_password() -> None:
    """SP 800-63B-4 3.1.1.2: NFKC."""
    assert normalised("Ｂｌｕｅ－７７") == normalised("Blue-77")
    assert normalised("e\u0301") == normalised("é")


def test_the_blocklist_is_lower_case_and_has_common_chinese_passwords() -> None:
    assert {"woaini1314", "5201314", "zhangwei", "123456", "iloveyou"} <= blocklist()
    assert all(line == line.casefold() for line in blocklist())
    assert 3000 < len(blocklist()) < 20_000


def test_reasons_come_together() -> None:
    verdict = judge("13800", profile=PROFILES["hunan"], min_length=8, personal=PERSON)
    assert verdict == Denied((Fault.SHORT, Fault.SIMPLE, Fault.PERSONAL))


DOCUMENTED = Personal(names=("欧阳清岚",), words=("1990-03-07", "43010219900307231X", "E12345678"))


@pytest.mark.parametrize(
    "password", ["欧阳清岚vkqz", "vkqz19900307pw", "vkq430102zpw", "kqz07231xvpw", "vkE12345678qz", "0307vkqz"]
)
def test_whatever_else_is_known_of_the_person_is_looked_for(password: str) -> None:
    assert faults(password, personal=DOCUMENTED) == {"password_personal"}
    assert "password_personal" not in faults(password, personal=Personal())


@pytest.mark.parametrize("password", ["vkqz-8812-pwmt", "清岚vkqzpwmt", "0307vkqzpwmt"])
def test_what_tells_little_of_the_person_may_stand_beside_enough_else(password: str) -> None:
    assert faults(password, personal=DOCUMENTED) == set()


def spellings(name: tuple[tuple[str, ...], ...]) -> st.SearchStrategy[str]:
    """A name as people type it: the family name of one or two syllables first or last, each whole or its letter."""
    typed = st.tuples(*(st.sampled_from((*readings, readings[0][0])) for readings in name))
    cuts = st.integers(0, min(2, len(name) - 1))
    joined = st.tuples(typed, cuts).map(lambda drawn: [*drawn[0][drawn[1] :], *drawn[0][: drawn[1]]])
    return st.tuples(joined, st.sampled_from(["", "-", "_", " "])).map(lambda drawn: drawn[1].join(drawn[0]))


@pytest.mark.parametrize(
    ("name", "readings"),
    [
        ("张小明", (("zhang",), ("xiao",), ("ming",))),
        ("欧阳清岚", (("ou",), ("yang",), ("qing",), ("lan",))),
        ("单雄信", (("shan", "dan"), ("xiong",), ("xin",))),
        ("曾国藩", (("zeng", "ceng"), ("guo",), ("fan",))),
        ("仇英", (("qiu", "chou"), ("ying",))),
        ("万俟卨", (("mo", "wan"), ("qi",), ("xie",))),
        ("吕布", (("lv", "lu", "lyu"), ("bu",))),
        ("張三豐", (("zhang",), ("san",), ("feng",))),
        ("阿卜杜·买买提", (("a",), ("bu",), ("du",), ("mai",), ("mai",), ("ti",))),
        ("José García", (("jose", "josé"), ("garcia", "garcía"))),
    ],
)
@given(data=st.data())
def test_a_name_is_found_however_it_is_typed(
    name: str, readings: tuple[tuple[str, ...], ...], data: st.DataObject
) -> None:
    typed = data.draw(spellings(readings))
    password = data.draw(st.sampled_from([f"{typed}71", f"7{typed}1", f"{typed.upper()}71"]))
    assert is_personal(password, Personal(names=(name,)), 8), "no seven characters beside a name are enough"
    assert not is_personal(password, Personal(names=("诸葛亮",)), 8)


@pytest.mark.parametrize("password", ["zhangsan19900307", "zs19900307", "Zs1990!0307", "sanzhang8000", "zs-829571"])
def test_a_name_and_a_date_are_no_password(password: str) -> None:
    assert "password_personal" in faults(password)


@pytest.mark.parametrize("password", ["my-zhangxiaoming-horse", "Blue-xiaomingzhang-77", "wangxm-zhangxm-88"])
def test_a_whole_name_does_not_stand_beside_anything_else(password: str) -> None:
    assert "password_personal" in faults(password, personal=Personal(names=("张小明",)))


@pytest.mark.parametrize("password", ["puzs7kwq", "kwzxmqv9tp", "Xiaolu-Horse-77", "zs-Blue-Horse-7"])
def test_letters_that_are_a_name_by_chance_are_accepted(password: str) -> None:
    assert faults(password, personal=Personal(names=("张三", "张小明"))) == set()


@given(
    st.lists(st.text(alphabet=st.characters(), max_size=120), max_size=3),
    st.text(alphabet=st.characters(), max_size=LONGEST),
)
def test_any_name_gives_a_verdict(names: list[str], password: str) -> None:
    """Rare characters, those no table reads, and what is no name at all."""
    personal = Personal(names=(*names, "𠮷野", "𪚥𰻞㐂", "〇", ""))
    assert judge(password, profile=PROFILES["nist"], min_length=8, personal=personal) is not None


def test_the_longest_name_in_the_longest_password_is_looked_for_at_once() -> None:
    """Readings that begin each other, in a text that could be any of them: no work that grows by powers."""
    began = time.process_time()
    for name in ("安" * 50, "啊安昂" * 16, "a " * 50, "阿那" * 25):
        for text in ("an" * 128, "a" * 256, "ana" * 85):
            assert len(list(spelled(syllables(name), text))) < 256 * 3 * 30
    assert time.process_time() - began < 2


def test_personal_data_is_not_shown_by_a_repr() -> None:
    assert repr(DOCUMENTED) == "Personal()"
    assert repr(PERSON) == "Personal()"


@given(st.text(alphabet=st.characters(), max_size=300), st.sampled_from(sorted(PROFILES)))
def test_any_text_gets_a_verdict(password: str, profile: str) -> None:
    verdict = judge(password, profile=PROFILES[profile], min_length=8, personal=PERSON)
    assert isinstance(verdict, Acceptable) or verdict.reasons
