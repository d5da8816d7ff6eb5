from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from munjang.encode.engines import TransformersTokenizer, open_sentence_transformer
from munjang.encode.loading import DEFAULT_FOLDER
from munjang.encode.tokens import TOKENS_PER_SENTENCE, JsonTokenizer, pad, plan_batches
from munjang.encode.zoo import how_to_pool
from munjang.errors import ModelError

lengths_of = st.lists(st.integers(0, 700), max_size=80)


@pytest.fixture(scope="module")
def tokenizer():
    return JsonTokenizer(DEFAULT_FOLDER / "tokenizer.json", 1)


class TestPlanBatches:
    @given(lengths_of, st.integers(1, 40))
    def test_each_index_once_longest_first_within_both_limits(self, lengths, batch_size):
        plan = plan_batches(lengths, batch_size)
        assert sorted(i for batch in plan for i in batch) == list(range(len(lengths)))
        in_order = [lengths[i] for batch in plan for i in batch]
        assert in_order == sorted(lengths, reverse=True)
        for batch in plan:
            padded = len(batch) * max(lengths[i] for i in batch)
            assert 1 <= len(batch) <= batch_size
            assert len(batch) == 1 or padded <= batch_size * TOKENS_PER_SENTENCE

    def test_a_batch_is_as_full_as_it_may_be(self):
        assert [len(batch) for batch in plan_batches([10] * 10, 4)] == [4, 4, 2]
        assert [len(batch) for batch in plan_batches([128] * 4, 4)] == [2, 2]
        assert [len(batch) for batch in plan_batches([512] * 2, 4)] == [1, 1]

    def test_equal_lengths_keep_their_order(self):
        assert [i for batch in plan_batches([5] * 7, 3) for i in batch] == list(range(7))

    def test_nothing_to_plan(self):
        assert plan_batches([], 4) == []


class TestPad:
    @given(st.lists(st.lists(st.integers(0, 50_000), max_size=12), min_size=1, max_size=9))
    def test_the_mask_gives_the_ids_back(self, ids):
        batch = pad(ids, pad_id=1)
        assert batch.input_ids.shape == batch.attention_mask.shape
        assert batch.input_ids.shape == (len(ids), max(map(len, ids)))
        assert batch.input_ids.dtype == batch.attention_mask.dtype == np.int64
        for row, token_ids, mask in zip(ids, batch.input_ids, batch.attention_mask, strict=True):
            assert token_ids[mask == 1].tolist() == row
            assert mask.tolist() == [1] * len(row) + [0] * (len(mask) - len(row))
            assert set(token_ids[mask == 0]) <= {1}


class TestJsonTokenizer:
    def test_special_tokens_around_every_text(self, tokenizer):
        ids, cut = tokenizer.encode(["비가 온다.", ""], 128)
        assert [row[0] for row in ids] == [0, 0]
        assert [row[-1] for row in ids] == [2, 2]
        assert ids[1] == [0, 2]
        assert cut == []

    def test_no_texts(self, tokenizer):
        assert tokenizer.encode([], 128) == ([], [])

    def test_cut_is_told_from_just_fitting(self, tokenizer):
        text = "긴 하루가 끝나고 집으로 돌아가는 길에 비가 내렸다."
        [whole], _ = tokenizer.encode([text], 128)
        assert len(whole) > 8
        assert tokenizer.encode([text], len(whole)) == ([whole], [])
        [shorter], cut = tokenizer.encode(["짧다", text][1:], len(whole) - 1)
        assert cut == [0]
        assert shorter == [*whole[: len(whole) - 2], 2]

    def test_cut_names_the_right_ones(self, tokenizer):
        texts = ["비가 온다", "아주 " * 200, "", "정말 " * 200, "끝"]
        ids, cut = tokenizer.encode(texts, 16)
        assert cut == [1, 3]
        assert [len(row) for row in ids if len(row) >= 16] == [16, 16]

    def test_limits_of_calls_at_once_do_not_mix(self, tokenizer):
        texts = ["오늘은 하루 내내 비가 내린다 " * 60] * 40

        def lengths(limit):
            return {len(row) for _ in range(5) for row in tokenizer.encode(texts, limit)[0]}

        limits = [16, 64, 16, 64]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lengths, limits)) == [{limit} for limit in limits]

    def test_padding_and_cutting_of_the_file_are_not_ours(self, tmp_path, tokenizer):
        raw = json.loads((DEFAULT_FOLDER / "tokenizer.json").read_text("utf-8"))
        raw["truncation"] = {
            "direction": "Left",
            "max_length": 4,
            "strategy": "LongestFirst",
            "stride": 0,
        }
        raw["padding"] = {
            "strategy": {"Fixed": 32},
            "direction": "Left",
            "pad_to_multiple_of": None,
            "pad_id": 1,
            "pad_type_id": 0,
            "pad_token": "<pad>",
        }
        path = tmp_path / "tokenizer.json"
        path.write_text(json.dumps(raw), "utf-8")
        texts = ["비가 온다.", "하루 내내 " * 30]
        assert JsonTokenizer(path, 1).encode(texts, 24) == tokenizer.encode(texts, 24)

    def test_a_missing_file_is_named(self, tmp_path):
        with pytest.raises(ModelError, match="has no tokenizer") as caught:
            JsonTokenizer(tmp_path / "tokenizer.json", 0)
        assert str(tmp_path / "tokenizer.json") in str(caught.value)

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"version": "1.0"}', "\x00\x01"])
    def test_a_broken_file_is_named(self, tmp_path, text):
        path = tmp_path / "tokenizer.json"
        path.write_text(text, "utf-8")
        with pytest.raises(ModelError, match="is not a tokenizer") as caught:
            JsonTokenizer(path, 0)
        assert len(str(caught.value).splitlines()) <= 3


def test_both_tokenizers_read_the_same_file_alike(tiny_models):
    folder = tiny_models["mean"]
    model = open_sentence_transformer(folder, how_to_pool(folder, None), device="cpu")
    one, other = JsonTokenizer(folder / "tokenizer.json", 1), TransformersTokenizer(model)
    fitting = "비" * 400
    texts = [
        "비가 오는 날",
        "",
        "  앞뒤 빈칸 ",
        "고양이 " * 200,
        "<s> 차를 </s>",
        "ＡＢＣ",
        fitting,
    ]
    for limit in (3, 8, 64, 1000):
        assert one.encode(texts, limit) == other.encode(texts, limit)
    [whole], _ = one.encode([fitting], 1000)
    assert other.encode([fitting], len(whole)) == ([whole], [])
    assert other.encode([fitting], len(whole) - 1)[1] == [0]
    assert other.encode([], 8) == ([], [])
    assert one.pad_id == other.pad_id
