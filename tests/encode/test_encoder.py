from __future__ import annotations

import time
import unicodedata
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import munjang
from munjang.data.readers import read_korsts
from munjang.encode.encoder import Encoder, check_sentences, similarity, unit_length
from munjang.encode.saturation import int8_saturates
from munjang.errors import InputError, MunjangWarning

any_text = st.text(max_size=18)
MEGABYTE = {
    "with spaces": "오늘은 비가 온다 " * 42_000,
    "without spaces": "오늘은비가온다" * 48_000,
    "one letter": "ㅋ" * 335_160,
}
START = 20_160
"""Letters of its start. Like the letter above a multiple of 2,520, so of every length of a piece:
else the first piece of the start is another one."""


def by_hand(encoder, text):
    [ids], _ = encoder.tokenizer.encode([text], encoder.max_tokens)
    return encoder.engine.table[ids].sum(axis=0)


class TestOrder:
    @given(st.lists(any_text, max_size=30), st.integers(1, 9))
    def test_every_vector_stands_where_its_sentence_stood(self, make_toy, texts, batch_size):
        toy = make_toy(nfc=False)
        vectors = toy.encode(texts, batch_size=batch_size, normalize=False)
        assert vectors.shape == (len(texts), toy.dim)
        assert vectors.dtype == np.float32
        for text, vector in zip(texts, vectors, strict=True):
            assert np.array_equal(vector, by_hand(toy, text))

    def test_real_sentences_one_by_one(self, shipped, sentences):
        together = shipped.encode(sentences)
        alone = np.concatenate([shipped.encode([text]) for text in sentences])
        assert np.sum(together * alone, axis=1).min() > 0.99
        assert np.array_equal(np.argmax(together @ alone.T, axis=1)[:40], np.arange(40))

    def test_batches_are_within_the_batch_size(self, toy):
        toy.encode(["가" * (n % 18) for n in range(50)], batch_size=7)
        assert max(len(batch.input_ids) for batch in toy.engine.batches) == 7


class TestBatchSize:
    @pytest.mark.parametrize("batch_size", [1, 3, 8, 500])
    def test_toy_vectors_are_the_same(self, toy, batch_size):
        texts = ["가나다라마바사"[: n % 8] for n in range(30)]
        vectors = toy.encode(texts, batch_size=batch_size)
        assert np.array_equal(vectors, toy.encode(texts))

    def test_int8_vectors_stay_within_the_stated_figure(self, shipped, data_dir):
        """With VNNI rounding flips in a few sentences in a hundred, without it in half of them."""
        pairs = read_korsts(data_dir / "kornlu" / "KorSTS" / "sts-test.tsv")[:150]
        texts = [text for pair in pairs for text in (pair.sentence1, pair.sentence2)]
        one = shipped.encode(texts, batch_size=1)
        for batch_size in (32, 300):
            cosines = np.sum(one * shipped.encode(texts, batch_size=batch_size), axis=1)
            assert cosines.min() > (0.997 if int8_saturates() else 0.998)
            assert cosines.mean() > (0.9995 if int8_saturates() else 0.9999)
            assert np.mean(cosines > 0.99999) > (0.4 if int8_saturates() else 0.9)

    def test_the_same_call_gives_the_same_bits(self, shipped, sentences):
        assert np.array_equal(shipped.encode(sentences), shipped.encode(sentences))


class TestInput:
    @pytest.mark.parametrize(
        "sentences",
        [
            ["비가 온다", "눈이 온다"],
            ("비가 온다", "눈이 온다"),
            np.array(["비가 온다", "눈이 온다"]),
            np.array(["비가 온다", "눈이 온다"], dtype=object),
            [np.str_("비가 온다"), np.str_("눈이 온다")],
            {"비가 온다": 1, "눈이 온다": 2},
        ],
        ids=["list", "tuple", "numpy", "numpy object", "numpy str", "dict keys"],
    )
    def test_any_row_of_strings_will_do(self, shipped, sentences):
        expected = shipped.encode(["비가 온다", "눈이 온다"])
        assert np.array_equal(shipped.encode(sentences), expected)

    def test_a_generator_will_do(self, toy):
        texts = ["가", "나다", ""]
        assert np.array_equal(toy.encode(text for text in texts), toy.encode(texts))

    @pytest.mark.parametrize("empty", [[], (), np.array([], dtype=str), iter([])])
    def test_no_sentences(self, shipped, empty):
        vectors = shipped.encode(empty)
        assert vectors.shape == (0, shipped.dim)
        assert vectors.dtype == np.float32

    def test_no_sentences_truncated(self, toy):
        assert toy.encode([], truncate_dim=3).shape == (0, 3)

    def test_empty_and_blank_sentences_are_encoded_and_reported(self, shipped):
        texts = ["비가 온다", "", "   ", "\n\t", "\u3000", "끝"]
        encoded = shipped.encode_with_report(texts)
        assert encoded.report.empty == (1, 2, 3, 4)
        assert np.isfinite(encoded.vectors).all()
        assert np.allclose(np.linalg.norm(encoded.vectors, axis=1), 1, atol=1e-5)

    @pytest.mark.parametrize(
        ("wrong", "kind"),
        [
            (None, "NoneType"),
            (float("nan"), "float"),
            (np.nan, "float"),
            (b"bytes", "bytes"),
            (3, "int"),
            (np.float32(1), "float32"),
            (["가"], "list"),
        ],
    )
    def test_what_is_not_text_is_named_with_its_place(self, toy, wrong, kind):
        with pytest.raises(InputError) as caught:
            toy.encode(["가", "나", wrong, None])
        assert str(caught.value).startswith("sentences[2] is not text\nfound: " + kind)
        assert caught.value.exit_code == 2
        assert toy.engine.batches == []

    def test_a_long_wrong_thing_is_shown_in_short(self):
        with pytest.raises(InputError) as caught:
            check_sentences([b"x" * 10_000])
        assert len(str(caught.value)) < 200

    @pytest.mark.parametrize(
        "sentences", ["비가 온다", b"bytes", None, 3, np.array("비가 온다"), np.float32(1)]
    )
    def test_one_thing_instead_of_many(self, toy, sentences):
        with pytest.raises(InputError, match="sentences must be a list of strings"):
            toy.encode(sentences)

    def test_names_and_numbers_of_the_caller(self):
        with pytest.raises(InputError, match=r"queries\[12\] is not text"):
            check_sentences(["가", "나", None], name="queries", start=10)
        with pytest.raises(InputError, match="queries must be"):
            check_sentences("가", name="queries")

    @pytest.mark.parametrize("batch_size", [0, -1])
    def test_batch_size_out_of_range(self, toy, batch_size):
        with pytest.raises(InputError, match="batch_size"):
            toy.encode(["가"], batch_size=batch_size)

    @pytest.mark.parametrize("truncate_dim", [0, -1, 9])
    def test_truncate_dim_out_of_range(self, toy, truncate_dim):
        for texts in (["가"], []):
            with pytest.raises(InputError, match="truncate_dim") as caught:
                toy.encode(texts, truncate_dim=truncate_dim)
            assert "1 to 8" in str(caught.value)


class TestUnicode:
    def test_decomposed_is_composed_first(self, shipped, toy):
        texts = ["비가 오는 날", "값을 깎았다", "café"]
        decomposed = [unicodedata.normalize("NFD", text) for text in texts]
        assert decomposed != texts
        assert np.array_equal(shipped.encode(decomposed), shipped.encode(texts))
        assert np.array_equal(toy.encode(decomposed), toy.encode(texts))

    def test_nfc_off_leaves_the_text_alone(self, make_toy):
        toy = make_toy(nfc=False)
        decomposed = unicodedata.normalize("NFD", "비가")
        [vector] = toy.encode([decomposed], normalize=False)
        assert np.array_equal(vector, by_hand(toy, decomposed))
        assert not np.array_equal(vector, by_hand(toy, "비가"))

    def test_nfc_off_with_a_real_tokenizer_without_normaliser(self, tiny_models):
        on = munjang.load(tiny_models["mean"])
        off = munjang.load(tiny_models["mean"], nfc=False)
        composed = ["비가 오는 날"]
        decomposed = [unicodedata.normalize("NFD", text) for text in composed]
        assert np.array_equal(on.encode(decomposed), on.encode(composed))
        assert np.array_equal(off.encode(composed), on.encode(composed))
        assert not np.allclose(off.encode(decomposed), off.encode(composed), atol=1e-3)

    def test_compatibility_letters_are_not_touched_by_nfc(self, toy):
        full, half = toy.encode(["ＡＢＣ", "ABC"], normalize=False)
        assert np.array_equal(full, by_hand(toy, "ＡＢＣ"))
        assert not np.array_equal(full, half)

    def test_full_width_and_emoji(self, shipped):
        texts = ["ＫＯＲＥＡ　１２３", "한국 😀👍🏽👨‍👩‍👧", "❤️"]
        encoded = shipped.encode_with_report(texts)
        assert np.isfinite(encoded.vectors).all()
        assert np.allclose(np.linalg.norm(encoded.vectors, axis=1), 1, atol=1e-5)
        assert encoded.report.repaired == encoded.report.empty == ()

    def test_lone_surrogates_are_repaired_reported_and_warned_of(self, shipped):
        texts = ["좋아요", "좋아요\ud83d", "그래요", "\udcff"]
        with pytest.warns(MunjangWarning) as caught:
            encoded = shipped.encode_with_report(texts)
        assert [str(warning.message) for warning in caught] == [
            "2 of 4 sentences held lone surrogates, replaced by U+FFFD, the first at index 1 "
            "of those encoded"
        ]
        assert encoded.report.repaired == (1, 3)
        assert np.array_equal(encoded.vectors[1], shipped.encode(["좋아요\ufffd"])[0])

    @given(st.lists(st.text(st.characters(), max_size=12), max_size=6))
    def test_no_text_breaks_the_real_tokenizer(self, shipped, texts):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MunjangWarning)
            ids, _ = shipped.tokenizer.encode(
                [text.encode("utf-8", "replace").decode() for text in texts], 128
            )
            report = shipped.encode_with_report(texts[:2]).report
        assert all(2 <= len(row) <= 128 for row in ids)
        assert report.repaired == tuple(
            i for i, t in enumerate(texts[:2]) if any("\ud800" <= c <= "\udfff" for c in t)
        )


class TestCutting:
    def test_the_right_ones_are_reported_with_one_warning(self, toy):
        texts = ["가", "나" * 18, "다" * 19, "", "라" * 500, "마"]
        with pytest.warns(MunjangWarning) as caught:
            encoded = toy.encode_with_report(texts)
        assert [str(warning.message) for warning in caught] == [
            "2 of 6 sentences were longer than 20 tokens and were cut there, the first at index 2 "
            "of those encoded"
        ]
        report = encoded.report
        assert report.cut == (2, 4)
        assert report.max_tokens == 20
        assert report.sentences == 6
        assert report.tokens == 3 + 20 + 20 + 2 + 20 + 3
        assert report.empty == (3,)
        assert np.array_equal(encoded.vectors[2], toy.encode(["다" * 18])[0])

    @pytest.mark.parametrize("form", ["encode", "encode_with_report"])
    def test_the_warning_points_at_the_caller(self, toy, form):
        with pytest.warns(MunjangWarning) as caught:
            getattr(toy, form)(["가" * 99])
        assert [warning.filename for warning in caught] == [__file__]

    def test_no_warning_without_a_cut(self, toy):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert toy.encode_with_report(["가" * 18, ""]).report.cut == ()

    def test_the_prompt_counts(self, make_toy):
        toy = make_toy(prompt="질문: ")
        with pytest.warns(MunjangWarning, match="1 of 2 sentences"):
            assert toy.encode_with_report(["가" * 14, "가" * 15]).report.cut == (1,)
        [vector] = toy.encode(["가"], normalize=False)
        assert np.array_equal(vector, by_hand(toy, "질문: 가"))

    def test_a_prompt_does_not_hide_a_blank_sentence(self, make_toy):
        toy = make_toy(prompt="질문: ")
        assert toy.encode_with_report(["", "가"]).report.empty == (0,)

    @pytest.mark.parametrize("line", MEGABYTE.values(), ids=MEGABYTE)
    def test_a_line_of_a_megabyte(self, shipped, line):
        assert len(line.encode()) > 1_000_000
        begin = time.process_time()
        with pytest.warns(MunjangWarning) as caught:
            encoded = shipped.encode_with_report(["짧은 문장", line])
        assert time.process_time() - begin < 30
        assert len(caught) == 1
        assert encoded.report.cut == (1,)
        with pytest.warns(MunjangWarning):
            [start] = shipped.encode([line[:START]])
        assert np.sum(encoded.vectors[1] * start) > 0.99


class TestLengthAndDimension:
    @pytest.mark.parametrize("truncate_dim", [None, 1, 5, 8])
    @pytest.mark.parametrize("normalize", [True, False])
    def test_cut_first_then_normalised(self, toy, truncate_dim, normalize):
        texts = ["비가 온다", "눈이", "", "바람이 분다"]
        raw = np.array([by_hand(toy, text) for text in texts])[:, :truncate_dim]
        expected = raw / np.linalg.norm(raw, axis=1, keepdims=True) if normalize else raw
        found = toy.encode(texts, truncate_dim=truncate_dim, normalize=normalize)
        assert found.dtype == np.float32
        assert np.allclose(found, expected, atol=1e-6)

    def test_a_model_that_does_not_normalise(self, tiny_models):
        encoder = munjang.load(tiny_models["mean"])
        texts = ["비가 오는 날", "고양이가 낮잠을 잔다", ""]
        raw = encoder.encode(texts, normalize=False)
        assert not np.allclose(np.linalg.norm(raw, axis=1), 1, atol=0.05)
        assert np.allclose(encoder.encode(texts), unit_length(raw), atol=1e-6)
        cut = encoder.encode(texts, truncate_dim=4, normalize=False)
        assert np.array_equal(cut, raw[:, :4])

    def test_a_model_that_normalises(self, shipped):
        texts = ["비가 오는 날", "고양이가 낮잠을 잔다"]
        raw = shipped.encode(texts, normalize=False)
        assert np.allclose(np.linalg.norm(raw, axis=1), 1, atol=1e-5)
        part = shipped.encode(texts, truncate_dim=100)
        assert np.allclose(part, unit_length(raw[:, :100]), atol=1e-6)
        shorter = shipped.encode(texts, truncate_dim=100, normalize=False)
        assert np.all(np.linalg.norm(shorter, axis=1) < 0.99)

    def test_rows_of_zeros_stay(self):
        rows = np.array([[0, 0], [3, 4], [1e-10, 0]], dtype=np.float32)
        scaled = unit_length(rows)
        assert scaled.dtype == np.float32
        assert np.allclose(scaled, [[0, 0], [0.6, 0.8], [1, 0]])


class TestSimilarity:
    def test_against_the_definition(self):
        a, b = np.random.default_rng(1).standard_normal((2, 5, 7)).astype(np.float32)
        expected = [[x @ y / np.linalg.norm(x) / np.linalg.norm(y) for y in b] for x in a]
        assert np.allclose(similarity(a, b), expected, atol=1e-6)

    def test_on_the_encoder(self, shipped):
        vectors = shipped.encode(["비가 온다.", "비가 내린다.", "점심을 먹었다."])
        alike = shipped.similarity(vectors, vectors)
        assert np.allclose(np.diag(alike), 1, atol=1e-5)
        assert alike[0, 1] > alike[0, 2]

    @pytest.mark.parametrize(("a", "b"), [((2, 3), (2, 4)), ((3,), (2, 3)), ((2, 3), (3,))])
    def test_shapes_that_do_not_fit(self, a, b):
        with pytest.raises(InputError, match="same truncate_dim"):
            similarity(np.ones(a, np.float32), np.ones(b, np.float32))


class TestRepr:
    def test_the_configuration_is_told(self, shipped):
        text = repr(shipped)
        assert text.startswith("SentenceEncoder(")
        for part in (shipped.name, "openvino int8", f"dim={shipped.dim}", "max_tokens=128"):
            assert part in text
        assert "prompt" not in text
        assert "nfc" not in text

    def test_what_is_unusual_is_told_too(self, make_toy):
        toy = make_toy(max_tokens=9, prompt="query: ", nfc=False)
        assert repr(toy) == (
            "SentenceEncoder('toy', engine=toy, dim=8, max_tokens=9, prompt='query: ', nfc=False)"
        )

    def test_it_is_an_encoder(self, toy):
        assert isinstance(toy, Encoder)
