"""KoBERT's tokenizer: SentencePiece's own ids, from an ordinary tokenizer.json."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from munjang.errors import ModelError
from munjang.model.kobert import make_tokenizer, with_tokenizer
from munjang.model.sentencepiece import read_sentencepiece

spm = pytest.importorskip("sentencepiece", reason="needs the extra dev")
transformers = pytest.importorskip("transformers", reason="needs the extra train")

CLS, SEP = 2, 3
HANGUL = st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3)
SEEN = st.sampled_from("비가오는날에집서따뜻한차를마신다버스늦어회의지하철사과 ㅋㅠ.,!?10KOREAHelo")
SPACES = st.sampled_from([" ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "\u2009", "\u200b"])
FAMILY = "👨\u200d👩\u200d👧"
FORMS = list("ＫＯ１２！①㈜ﾡ漢字ガéßñ▁🦧😀ㄳﾣ\u11a8\u0000\ufeff")
ODD = st.sampled_from([*FORMS, FAMILY, "❤\ufe0f", "🇰🇷", "ㅏㄱ"])
TEXTS = st.lists(st.one_of(SEEN, SEEN, HANGUL, SPACES, ODD), max_size=30).map("".join)


class Pair:
    """The fast tokenizer of a file and SentencePiece's own encoder."""

    def __init__(self, path):
        self.fast = make_tokenizer(read_sentencepiece(path), "bert")
        self.own = spm.SentencePieceProcessor(model_file=str(path))

    def check(self, text):
        ours = self.fast(text)["input_ids"]
        theirs = [CLS, *self.own.encode(text), SEP]
        assert ours == theirs or self.tie(ours, theirs), (text, ours, theirs)

    def tie(self, ours, theirs):
        """Whether both cut the same text at the same score, to the rounding of float32."""
        cuts = [[self.own.id_to_piece(i) for i in ids] for ids in (ours, theirs)]
        scores = [sum(map(self.own.get_score, ids)) for ids in (ours, theirs)]
        return "".join(cuts[0]) == "".join(cuts[1]) and abs(scores[0] - scores[1]) < 1e-4


@pytest.fixture(scope="module")
def pair(kobert_file):
    return Pair(kobert_file)


class TestParity:
    @settings(deadline=None, max_examples=150)
    @given(text=TEXTS)
    @example(text="")
    @example(text="   \t")
    @example(text="▁")
    @example(text=" 앞뒤에  빈칸이   있는 문장 ")
    @example(text="네ㄳㄳ 아ㅄ 가\u11a8 ㅎㅏㄴㄱㅡㄹ")
    @example(text="ㅋㅋㅋㅋㅋㅋㅋ ㅠㅠㅠㅠ!!!!!")
    @example(text="값은 10,000원, 아니 20,원이다.")
    @example(text="``따옴표'' café")
    def test_ids_are_those_of_sentencepiece(self, pair, text):
        pair.check(text)

    @settings(deadline=None, max_examples=100)
    @given(text=TEXTS)
    def test_decomposed_hangul_too(self, pair, text):
        pair.check(unicodedata.normalize("NFD", text))

    @settings(deadline=None, max_examples=100)
    @given(text=st.text(max_size=20))
    def test_any_text_without_marks_and_special_tokens(self, pair, text):
        assume(not any(unicodedata.combining(char) for char in text))
        assume(not any(token in text for token in pair.fast.all_special_tokens))
        pair.check(text)

    @pytest.mark.parametrize(
        "options",
        [
            {"normalization_rule_name": "nfkc"},
            {"normalization_rule_name": "nmt_nfkc_cf"},
            {"normalization_rule_name": "identity"},
            {"add_dummy_prefix": False},
            {"remove_extra_whitespaces": False},
            {"split_by_whitespace": False},
        ],
        ids=str,
    )
    def test_what_the_file_says_is_done(self, train_sentencepiece, tmp_path, options):
        path = tmp_path / "spiece.model"
        path.write_bytes(train_sentencepiece(**options))
        pair = Pair(path)
        for text in [
            "비가 오는  날에는 집에서 차를 마신다.",
            "  Hello   World, KOREA！ ",
            "１０분 늦었다ㅋㅋㅋ",
            "",
            "모르는 낱말 뷁 漢字 😀😀",
        ]:
            pair.check(text)

    def test_where_it_differs_as_the_docstring_says(self, pair):
        assert pair.fast("a\u0307\u0323")["input_ids"] == [CLS, *pair.own.encode("ạ\u0307"), SEP]
        assert pair.fast("비▁\u0301")["input_ids"] == [CLS, *pair.own.encode("비"), SEP]
        spelled = pair.fast("비가 [SEP] 오는")["input_ids"]
        assert spelled.count(SEP) == 2
        assert pair.fast.decode(pair.fast("비가 오는 날")["input_ids"]) == "[CLS] 비가 오는 날[SEP]"


class TestFolder:
    @pytest.fixture
    def folder(self, kobert_file, tmp_path):
        config = {"model_type": "bert", "vocab_size": 300, "pad_token_id": 0}
        config |= {"max_position_embeddings": 64, "tokenizer_class": "KoBertTokenizer"}
        (tmp_path / "config.json").write_text(json.dumps(config))
        (tmp_path / "spiece.model").write_bytes(kobert_file.read_bytes())
        (tmp_path / "model.safetensors").write_bytes(b"weights")
        return tmp_path

    def test_it_is_completed_for_a_while_and_left_as_it_was(self, folder, pair):
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        with with_tokenizer(folder) as whole:
            assert whole != folder
            assert (whole / "model.safetensors").read_bytes() == b"weights"
            assert not (whole / "spiece.model").exists()
            assert json.loads((whole / "config.json").read_text())["pad_token_id"] == 1
            tokenizer = transformers.AutoTokenizer.from_pretrained(whole)
        assert not whole.exists()
        assert before == {path.name: path.read_bytes() for path in folder.iterdir()}
        text = "비가 오는 날에는 뷁!"
        assert tokenizer(text)["input_ids"] == [CLS, *pair.own.encode(text), SEP]
        assert tokenizer.model_max_length == 64
        names = ("unk", "pad", "cls", "sep", "mask")
        assert [getattr(tokenizer, f"{name}_token_id") for name in names] == [0, 1, 2, 3, 4]
        padded = tokenizer(["비", text], padding=True)
        assert padded["input_ids"][0][-1] == 1
        cut = tokenizer(text * 40, truncation=True)["input_ids"]
        assert (len(cut), cut[0], cut[-1]) == (64, CLS, SEP)

    def test_ids_follow_a_vocab_txt_beside_it(self, folder):
        pieces = read_sentencepiece(folder / "spiece.model").pieces
        (folder / "spiece.model").rename(folder / "tokenizer_78b3253a26.model")
        order = [*pieces[:5], *reversed(pieces[5:])]
        (folder / "vocab.txt").write_text("\n".join(order) + "\n", "utf-8")
        with with_tokenizer(folder) as whole:
            tokenizer = transformers.AutoTokenizer.from_pretrained(whole)
        assert tokenizer.convert_ids_to_tokens(range(len(order))) == order
        tokens = ["[CLS]", "▁", "비", "가", "[SEP]"]
        found = tokenizer.convert_ids_to_tokens(tokenizer("비가")["input_ids"])
        assert "".join(found) == "".join(tokens)

    def test_a_vocab_txt_of_another_model_is_refused(self, folder):
        (folder / "vocab.txt").write_text("[UNK]\n[PAD]\n", "utf-8")
        with pytest.raises(ModelError, match="different pieces"), with_tokenizer(folder):
            pass

    @pytest.mark.parametrize("change", [{"model_type": "roberta"}, {"model_type": None}])
    def test_other_architectures_are_left_alone(self, folder, change):
        config = json.loads((folder / "config.json").read_text()) | change
        (folder / "config.json").write_text(json.dumps(config))
        with with_tokenizer(folder) as whole:
            assert whole == folder

    def test_a_tokenizer_json_is_left_alone(self, folder):
        (folder / "tokenizer.json").write_text("{}")
        with with_tokenizer(folder) as whole:
            assert whole == folder

    def test_a_file_without_koberts_pieces_is_refused(self, folder, train_sentencepiece):
        (folder / "spiece.model").write_bytes(train_sentencepiece(special={}))
        with pytest.raises(ModelError, match="lacks the special pieces"), with_tokenizer(folder):
            pass

    def test_more_pieces_than_embeddings_are_refused(self, folder):
        config = json.loads((folder / "config.json").read_text()) | {"vocab_size": 20}
        (folder / "config.json").write_text(json.dumps(config))
        with pytest.raises(ModelError, match="does not fit the model"), with_tokenizer(folder):
            pass
