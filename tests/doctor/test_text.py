"""Texts with each defect, written here and read as a user's file."""

from __future__ import annotations

import json
import unicodedata

import pytest

import munjang
from munjang.doctor.text import check_source, examine_text
from munjang.doctor.vocabulary import read_vocabulary
from munjang.encode.loading import DEFAULT_FOLDER
from munjang.errors import DataError, InputError

PLAIN = [f"{n}번째 손님이 국수를 드시고 가셨다." for n in range(50)]


@pytest.fixture(scope="module")
def shipped():
    return munjang.load()


@pytest.fixture
def examine(tmp_path, shipped):
    """Writes texts to a file and examines it with the shipped model."""

    def examine(texts, *, encoder=shipped, **options):
        path = tmp_path / "문장.txt"
        content = texts if isinstance(texts, bytes) else ("\n".join(texts) + "\n").encode()
        path.write_bytes(content)
        vocabulary = read_vocabulary(DEFAULT_FOLDER) if encoder else None
        found = examine_text(path, encoder=encoder, vocabulary=vocabulary, **options)
        return {finding.what: finding for finding in found}

    return examine


def test_a_whole_text_is_ok(examine):
    found = examine([*PLAIN, "", "  "])
    assert {finding.level for finding in found.values()} == {"ok"}
    assert (found["file"].values["texts"], found["file"].values["blank"]) == (50, 2)
    assert found["cut"].values == {"texts": 0, "share": 0, "limit": 512}
    assert found["tokens an 어절"].values["words"] == 250
    assert 1 < found["tokens an 어절"].values["tokens_per_word"] < 3.5
    assert found["tokens"].values["keeps_all"] >= found["tokens"].values["keeps_99"]
    assert all(finding.fix == "" for finding in found.values())


@pytest.mark.parametrize(
    ("bad", "what", "level"),
    [
        (["긴 문장이다. " * 400], "cut", "warning"),
        (["긴 문장이다. " * 400], "long texts", "note"),
        (PLAIN[:2], "duplicates", "note"),
        (PLAIN[:20], "duplicates", "warning"),
        (["0번째 손님이, 국수를 드시고 가셨다!"], "duplicates", "note"),
        (["훫 쓩 훫"], "unknown tokens", "note"),
        (["훫 쓩 훫"] * 8, "unknown tokens", "warning"),
        ([unicodedata.normalize("NFD", "맥에서 왔다")], "NFD", "warning"),
        (["맥에서 " + unicodedata.normalize("NFD", "왔다")], "NFC and NFD mixed", "warning"),
        (["깨진 \ufffd글자"], "lost characters", "problem"),
        (["안녕하세요".encode("cp949").decode("latin-1")], "wrong encoding", "problem"),
        (["종이\x07 울린다"], "control characters", "warning"),
        (["제로\u200b폭"], "invisible characters", "warning"),
        (["ﾡﾢ 반각"], "half-width jamo", "warning"),
        (["하나 &amp; 둘"], "HTML remains", "warning"),
        (["ㅋㅋㅋ"], "jamo such as ㅋㅋ", "ok"),
        (["Only English here."], "without Hangul", "ok"),
        ([f"Only English, line {n}." for n in range(60)], "without Hangul", "warning"),
    ],
)
def test_a_defect_is_found(examine, bad, what, level):
    found = examine(PLAIN + bad)[what]
    assert found.level == level
    assert found.detail != "none"
    assert bool(found.fix) == (level != "ok")


def test_a_rare_loss_is_a_warning_and_no_problem(examine):
    found = examine([*PLAIN * 3, "깨진 \ufffd글자"])["lost characters"]
    assert found.level == "warning"
    assert found.values == {"texts": 1, "share": 1 / 151, "first": 151}


def test_what_was_misread_is_shown(examine):
    found = examine([*PLAIN, "안녕하세요".encode("cp949").decode("latin-1")])
    assert "was 안녕하세요" in found["wrong encoding"].detail


def test_the_pieces_that_are_not_known_are_shown_even_if_they_cannot_be_seen(examine):
    found = examine([*PLAIN, "훫 \u200b 온다"])["unknown tokens"]
    assert "훫" in found.detail
    assert "U+200B" in found.detail


def test_a_text_all_in_nfd_is_no_matter_for_the_encoder(examine, shipped):
    texts = [unicodedata.normalize("NFD", text) for text in PLAIN]
    found = examine(texts)["NFD"]
    assert (found.level, found.values["share"]) == ("note", 1)
    raw = munjang.load(nfc=False)
    assert examine(texts, encoder=raw)["NFD"].level == "warning"


def test_without_a_model_nothing_is_tokenised(examine):
    found = examine(PLAIN, encoder=None)
    assert not {"cut", "tokens", "unknown tokens"} & set(found)


@pytest.mark.parametrize("encoding", ["cp949", "utf-16"])
def test_another_encoding_is_named(examine, encoding):
    content = "\n".join(PLAIN).encode(encoding)
    found = examine(content)
    assert list(found) == ["file"]
    assert (found["file"].level, found["file"].fix) == ("problem", f"--encoding {encoding}")
    assert examine(content, encoding=encoding)["file"].values["texts"] == 50


def test_a_file_that_is_not_there_or_empty_is_a_problem(tmp_path, examine):
    assert examine_text(tmp_path / "없음.txt")[0].level == "problem"
    assert examine(["", " "])["file"].detail == "no text, 2 blank lines"
    assert examine([""])["file"].detail == "no text, 1 blank line"
    assert examine(b"")["file"].detail == "no text: it is empty"


def test_one_is_singular(examine):
    assert examine(["눈이 온다."])["file"].detail.startswith("1 text, ")
    assert examine(["눈이 온다.", "비가 온다."])["file"].detail.startswith("2 texts, ")


def test_what_cannot_be_begun_is_refused_and_what_can_is_not(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        check_source(tmp_path / "없음.txt")
    with pytest.raises(DataError, match="is a folder"):
        check_source(tmp_path)
    path = tmp_path / "옛날.csv"
    path.write_bytes("id,글\n1,문장\n".encode("cp949"))
    with pytest.raises(InputError, match="which column") as caught:
        check_source(path, encoding="cp949")
    assert caught.value.fix == "--column '글'"
    with pytest.raises(InputError, match="unknown encoding"):
        check_source(path, column="글", encoding="cp94")
    check_source(path, column="글")  # that it is not UTF-8 is a finding
    check_source("-")


def test_a_column_of_a_table(tmp_path):
    path = tmp_path / "리뷰.jsonl"
    rows = [{"id": n, "review": text} for n, text in enumerate(PLAIN)]
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    assert examine_text(path, column="review")[0].values["texts"] == 50
    with pytest.raises(InputError, match="which column"):
        examine_text(path)
    broken = examine_text(path, column="id")[0]
    assert (broken.level, "not a text" in broken.detail) == ("problem", True)


def test_an_unknown_encoding_is_the_users_mistake(examine):
    with pytest.raises(InputError, match="unknown encoding"):
        examine(PLAIN, encoding="cp94")


def test_a_real_corpus_is_clean_enough(data_dir, tmp_path, shipped):
    """KorSTS-train: published Korean with a few real defects, none of them a problem."""
    from munjang.data.catalog import load_rows

    pairs = load_rows("korsts", "train", data_dir=data_dir)
    path = tmp_path / "korsts.txt"
    path.write_text("\n".join(pair.sentence1 for pair in pairs), "utf-8")
    found = examine_text(path, encoder=shipped, vocabulary=read_vocabulary(DEFAULT_FOLDER))
    levels = {finding.what: finding.level for finding in found}
    assert "problem" not in levels.values()
    repeated = next(finding for finding in found if finding.what == "duplicates").values
    assert repeated["texts"] == len(pairs) - len({" ".join(p.sentence1.split()) for p in pairs}) > 0
    assert levels["unknown tokens"] in ("ok", "note")
    assert 1.5 < next(f for f in found if f.what == "tokens an 어절").values["tokens_per_word"] < 3
