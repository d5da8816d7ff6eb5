"""Readers of sentences with a class, against damaged files; the real ones: test_catalog."""

from __future__ import annotations

import gzip

import pytest

from munjang.data import readers
from munjang.data.holdout import group_near_duplicates, is_held_out
from munjang.data.readers_classes import read_3i4k, read_nsmc_sentiment, read_ynat
from munjang.data.rows import Sentence
from munjang.errors import DataError


def write(folder, name, text):
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_3i4k(tmp_path):
    path = write(tmp_path, "a", '0\t내일\r\n6\t "뭐" 먹을래 \r\n4\t누가 알았겠어')
    assert read_3i4k(path) == [
        Sentence("내일", "fragment"),
        Sentence(' "뭐" 먹을래 ', "intonation-dependent"),
        Sentence("누가 알았겠어", "rhetorical question"),
    ]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("7\t내일", "column 'intention' is not a known label"),
        ("내일", "not a line of a number"),
        ("1\t내일\t모레", "not a line of a number"),
        ("1\t ", "column 'utterance' is empty"),
    ],
)
def test_a_damaged_3i4k(tmp_path, line, what):
    with pytest.raises(DataError, match=f"a:2: {what}"):
        read_3i4k(write(tmp_path, "a", f"1\t비가 온다\n{line}\n"))


@pytest.fixture
def topics(tmp_path):
    return write(tmp_path, "topics.csv", "topic,topic_idx\n날씨,0\n경제,1\n")


def test_ynat_names_topics_and_reads_quotes(tmp_path, topics):
    text = 'index,title,topic_idx\n0,"밤새 ""폭우"", 곳곳 침수",0\n1,환율 내려,1\n'
    assert read_ynat(write(tmp_path, "a.csv", text), topics) == [
        Sentence('밤새 "폭우", 곳곳 침수', "날씨"),
        Sentence("환율 내려", "경제"),
    ]
    with pytest.raises(DataError, match=r"b\.csv:2: column 'topic_idx' is not a known label"):
        read_ynat(write(tmp_path, "b.csv", "title,topic_idx\n환율 내려,2\n"), topics)


def test_ynat_parts_keep_follow_ups_together(tmp_path, topics):
    titles = [
        f"{number}호 태풍 북상…{word}"
        for number in range(200)
        for word in ("주의보", "주의보 종합")
    ]
    text = "title,topic_idx\n" + "".join(f"{title},0\n" for title in titles)
    path = write(tmp_path, "a.csv", text)
    train, held = (
        [row.text for row in read_ynat(path, topics, part=part)] for part in ("train", "held-out")
    )
    assert sorted(train + held) == sorted(titles)
    assert train == [title for title in titles if title in set(train)]


def test_no_near_duplicate_straddles_the_real_ynat(data_dir):
    folder = data_dir / "klue-ynat"
    headlines = read_ynat(folder / "train_data.csv", folder / "topic_dict.csv")
    held = read_ynat(folder / "train_data.csv", folder / "topic_dict.csv", part="held-out")
    texts = [headline.text for headline in headlines]
    held_texts = {headline.text for headline in held}
    sides: dict[int, set[bool]] = {}
    for text, group in zip(texts, group_near_duplicates(texts), strict=True):
        sides.setdefault(group, set()).add(text in held_texts)
    assert all(len(side) == 1 for side in sides.values())
    assert len(texts) - len(sides) > 1_500


HEADER = "review_id\tmovie_id\trating\treview\n"


def test_sentiments(tmp_path):
    ratings = "".join(f"{n}\t1\t{n}\t{n}점짜리 영화\n" for n in range(1, 11))
    rows = read_nsmc_sentiment(write(tmp_path, "a.tsv", HEADER + ratings))
    assert [row.text[0] for row in rows] == ["1", "2", "3", "4", "9", "1"]
    assert [row.label for row in rows] == ["negative"] * 4 + ["positive"] * 2


def test_sentiment_parts(tmp_path):
    reviews = [f"{number}번 본 영화" for number in range(1_000)]
    lines = "".join(f"{n}\t1\t10\t{review}\n" for n, review in enumerate(reviews))
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(gzip.compress((HEADER + lines).encode()))
    held = [row.text for row in read_nsmc_sentiment(path, part="held-out")]
    train = [row.text for row in read_nsmc_sentiment(path, part="train")]
    assert held == [review for review in reviews if is_held_out(review, one_in=50, seed=1)]
    assert held
    assert train == [review for review in reviews if review not in held]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "a:1: not the header"),
        ("movie_id\treview_id\trating\treview\n", "a:1: not the header"),
        (HEADER + "1\t1\t11\t재밌다\n", "a:2: not a review"),
        (HEADER + "1\t1\t5\t \n", "a:2: not a review"),
        (HEADER + "1\t1\t9\t재밌다\n2\t1\t9\n", "a:3: not a review"),
    ],
)
def test_damaged_reviews(tmp_path, text, where):
    with pytest.raises(DataError, match=where):
        read_nsmc_sentiment(write(tmp_path, "a", text))


def test_sentiments_of_the_real_reviews(data_dir):
    path = data_dir / "nsmc/reviews.tsv.gz"
    rows = read_nsmc_sentiment(path)
    clear = [row for row in readers.read_nsmc(path) if row.label not in {"5", "6", "7", "8"}]
    assert [row.text for row in rows] == [row.text for row in clear]
    both = zip(rows, clear, strict=True)
    assert all((row.label == "positive") is (int(rated.label) > 8) for row, rated in both)
