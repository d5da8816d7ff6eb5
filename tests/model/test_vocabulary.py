"""Vocabularies cut on the tokenizer's JSON: a text whose pieces are kept is cut as before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

import munjang
from munjang.errors import ModelError
from munjang.evaluate.tasks import load_task
from munjang.model.vocabulary import BYTES, cut_tokenizer, order_kept, read_vocabulary

SENTENCES = [
    "비가 오는 날에는 집에서 따뜻한 차를 마신다.",
    "창밖에 빗방울이 떨어지는 소리가 들린다.",
    "버스가 늦어서 회의에 10분, 아니 20분 늦었다!",
    "지하철은 제시간에 역에 도착했고 버스는 늦었다.",
    "할머니는 시장에서 싱싱한 사과를 고르셨다.",
    "Coffee 한 잔과 coffee cake 두 조각",
]
WORDS = sorted({word for sentence in SENTENCES for word in sentence.split()})
PAD, UNK = "[PAD]", "[UNK]"
SPECIAL = [PAD, UNK, "[CLS]", "[SEP]", "[MASK]"]
UNKNOWN = "ⵣ"


def train_unigram() -> Tokenizer:
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.NFKC()
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=160, special_tokens=SPECIAL, unk_token=UNK, show_progress=False
    )
    made.train_from_iterator(SENTENCES * 3, trainer)
    return made


def train_wordpiece() -> Tokenizer:
    made = Tokenizer(models.WordPiece(unk_token=UNK))
    made.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=False)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=220, special_tokens=SPECIAL, show_progress=False)
    made.train_from_iterator(SENTENCES * 3, trainer)
    return made


def train_bpe_of_bytes() -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(SENTENCES * 3, trainer)
    return made


def train_bpe_of_characters() -> Tokenizer:
    """As Llama's: characters, and bytes for those that are unknown."""
    made = Tokenizer(models.BPE(unk_token=UNK, byte_fallback=True, fuse_unk=True))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.BpeTrainer(
        vocab_size=460,
        special_tokens=[*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256))],
        show_progress=False,
    )
    made.train_from_iterator(SENTENCES * 3, trainer)
    state = json.loads(made.to_str())
    state["added_tokens"] = state["added_tokens"][: len(SPECIAL)]
    return Tokenizer.from_str(json.dumps(state))


TRAINERS = {
    "unigram": train_unigram,
    "wordpiece": train_wordpiece,
    "bpe of bytes": train_bpe_of_bytes,
    "bpe of characters": train_bpe_of_characters,
}


def finish(tokenizer: Tokenizer) -> Tokenizer:
    """Special tokens around, one token behind the vocabulary, padding, truncation."""
    ids = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.Sequence(
        [processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ids)]
    )
    tokenizer.add_tokens([AddedToken("<문장>", normalized=False)])
    tokenizer.enable_padding(pad_id=0, pad_token=PAD)
    tokenizer.enable_truncation(64)
    return tokenizer


TOKENIZERS = {name: finish(train()) for name, train in TRAINERS.items()}
each_kind = pytest.mark.parametrize("name", TRAINERS)


@st.composite
def texts(draw):
    words = st.one_of(
        st.sampled_from(WORDS), st.text("가나다비버스늦 ,.!abc20" + UNKNOWN, max_size=6)
    )
    return " ".join(draw(st.lists(words, max_size=6)))


@each_kind
@given(text=texts(), seed=st.randoms(use_true_random=False))
def test_a_text_whose_pieces_are_kept_is_cut_as_before(name, text, seed):
    tokenizer = TOKENIZERS[name]
    vocabulary = read_vocabulary(tokenizer)
    before = tokenizer.encode(text).ids
    some = seed.sample(range(len(vocabulary)), k=seed.randrange(len(vocabulary)))
    fixed = vocabulary.fixed_ids()
    kept = set(fixed)
    for piece, place in vocabulary.ids.items():
        if place in {*some, *before} - fixed:
            kept |= vocabulary.passed_through(piece)
    order = order_kept(vocabulary, kept)
    cut = cut_tokenizer(vocabulary, order)
    assert [order[place] for place in cut.encode(text).ids] == before


@each_kind
def test_ids_are_renumbered_in_order(name):
    vocabulary = read_vocabulary(TOKENIZERS[name])
    kept = vocabulary.fixed_ids()
    for piece in sorted(vocabulary.ids)[::3]:
        kept |= vocabulary.passed_through(piece)
    order = order_kept(vocabulary, kept)
    cut = cut_tokenizer(vocabulary, order)
    old = {place: piece for piece, place in vocabulary.ids.items()}
    assert len(order) < len(vocabulary)
    assert order == sorted(order)
    assert cut.get_vocab() == {old[place]: new for new, place in enumerate(order)}
    assert cut.token_to_id("<문장>") == len(order) - 1
    assert cut.encode("").tokens == ["[CLS]", "[SEP]"]
    assert cut.padding["pad_id"] == cut.token_to_id("[PAD]")
    assert cut.truncation["max_length"] == 64
    state, was = json.loads(cut.to_str()), vocabulary.state
    for part in ("normalizer", "pre_tokenizer", "decoder"):
        assert state[part] == was[part]


def test_special_tokens_at_the_end_move_in_every_place():
    pieces = [("비", -1.0), ("눈", -2.0), ("물", -9.0), ("<s>", 0.0), ("<unk>", 0.0)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=4))
    tokenizer.add_special_tokens(["<s>", "<unk>"])
    tokenizer.post_processor = processors.BertProcessing(("<s>", 3), ("<s>", 3))
    vocabulary = read_vocabulary(tokenizer)
    cut = cut_tokenizer(vocabulary, [1, 2, 3, 4])
    assert cut.encode("눈비").ids == [2, 0, 3, 2]
    state = json.loads(cut.to_str())
    assert state["model"]["unk_id"] == 3
    assert state["model"]["vocab"] == [["눈", -2.0], ["물", -9.0], ["<s>", 0.0], ["<unk>", 0.0]]


def test_the_least_score_stays_for_the_sake_of_the_unknown():
    pieces = [("<unk>", 0.0), ("가", -1.0), ("ⵣ나", -12.0), ("나", -3.0), ("희귀", -20.0)]
    vocabulary = read_vocabulary(Tokenizer(models.Unigram(pieces, unk_id=0)))
    assert vocabulary.fixed_ids() == {0, 4}


def test_bytes_and_unknown_stay():
    for name in ("bpe of bytes", "bpe of characters"):
        vocabulary = read_vocabulary(TOKENIZERS[name])
        fixed = {
            piece for piece, place in vocabulary.ids.items() if place in vocabulary.fixed_ids()
        }
        assert fixed >= {*SPECIAL, "<문장>"}
        assert len(fixed) == 256 + len(SPECIAL) + 1
        cut = cut_tokenizer(vocabulary, order_kept(vocabulary, vocabulary.fixed_ids()))
        assert "[UNK]" not in cut.encode(f"비가 {UNKNOWN}").tokens


def test_a_bpe_piece_comes_with_what_its_merges_pass_through():
    vocabulary = read_vocabulary(
        Tokenizer(
            models.BPE(
                {"a": 0, "b": 1, "c": 2, "bc": 3, "abc": 4, "ab": 5},
                [("b", "c"), ("a", "b"), ("a", "bc")],
            )
        )
    )
    assert vocabulary.passed_through("abc") == {0, 1, 2, 3, 4}
    assert vocabulary.passed_through("ab") == {0, 1, 5}
    cut = cut_tokenizer(vocabulary, [0, 1, 2, 5])
    assert json.loads(cut.to_str())["model"]["merges"] == [["a", "b"]]


def test_the_bytes_are_those_of_the_library():
    assert set(BYTES) == set(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = read_vocabulary(TOKENIZERS["bpe of bytes"])
    for text in ("한", " 버스", "coffee"):
        piece = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str(text)[0][0]
        assert vocabulary.spell(piece) == text
    assert vocabulary.spell("[MASK]") == "[MASK]"
    assert vocabulary.spell("문장") == "문장"  # an added token, which is not spelled in bytes


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (models.WordLevel({"[UNK]": 0, "비": 1}, unk_token=UNK), "WordLevel"),
        (models.BPE({"a</w>": 0}, [], end_of_word_suffix="</w>"), "end_of_word_suffix"),
        (models.BPE({"a": 0}, [], continuing_subword_prefix="##"), "continuing_subword_prefix"),
    ],
)
def test_other_kinds_are_refused(model, found):
    with pytest.raises(ModelError, match="cannot be cut") as refusal:
        read_vocabulary(Tokenizer(model))
    assert found in (refusal.value.found or "")
    assert "Unigram" in (refusal.value.fix or "")


def test_sentences_of_korsts_are_cut_as_before_where_their_pieces_are_kept(data_dir):
    path = Path(munjang.__file__).parent / "encode" / "default" / "tokenizer.json"
    vocabulary = read_vocabulary(Tokenizer.from_file(str(path)))
    tokenizer = vocabulary.tokenizer()
    sentences = [pair.sentence1 for pair in load_task("korsts", split="dev", data_dir=data_dir)]
    rows = [row.ids for row in tokenizer.encode_batch_fast(sentences)]
    kept = vocabulary.fixed_ids().union(*rows[::2])
    order = order_kept(vocabulary, kept)
    assert len(order) < len(vocabulary) / 3
    cut = cut_tokenizer(vocabulary, order)
    covered = [n for n, row in enumerate(rows) if kept.issuperset(row)]
    assert len(rows) / 2 < len(covered) < len(rows)
    for n in covered:
        assert [order[place] for place in cut.encode(sentences[n]).ids] == rows[n]
