"""What is known of a model: exports, sentence-transformers folders, cards, runs, the zoo."""

from __future__ import annotations

import json
import struct

import pytest

from munjang.encode import zoo
from munjang.encode.facts import STATED, ModelFacts, model_facts
from munjang.encode.loading import DEFAULT_FOLDER
from munjang.errors import ModelError


def write_weights(path, tensors):
    """A safetensors file with a header and zeros: name to kind and shape."""
    sizes = {"F32": 4, "F16": 2, "I64": 8}
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, (kind, shape) in tensors.items():
        size = sizes[kind]
        for width in shape:
            size *= width
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(at))


@pytest.fixture
def folder(tmp_path):
    """A folder as sentence-transformers writes it, of a hundred thousand parameters."""
    model = tmp_path / "model"
    write_weights(
        model / "model.safetensors",
        {"words": ("F16", [1000, 100]), "positions": ("I64", [1, 512])},
    )
    (model / "config.json").write_text(json.dumps({"hidden_size": 100}))
    (model / "tokenizer.json").write_text("{}")
    return model


def write_card(folder, front, text=""):
    (folder / "README.md").write_text(f"---\n{front}\n---\n{text}\n", encoding="utf-8")


def test_the_shipped_model_says_all_that_it_can():
    facts = model_facts()
    files = [path for path in DEFAULT_FOLDER.iterdir() if path.suffix in (".bin", ".xml")]
    tokenizer = DEFAULT_FOLDER / "tokenizer.json"
    size = sum(path.stat().st_size for path in [*files, tokenizer])
    assert facts.trained_on[:3] == ("korsts:train", "klue-sts:train", "klue-nli:train")
    assert facts.to_record() == {
        "dim": 384,
        "size_mb": round(size / 1e6, 1),
        "licence": "CC-BY-SA-4.0",
    }


def test_a_folder_without_a_card_declares_nothing(folder):
    assert model_facts(folder) == ModelFacts(dim=100, size_mb=0.2, params_m=0.1)
    assert model_facts(folder).trained_on is None


def test_a_real_sentence_transformers_folder(tiny_models):
    from sentence_transformers import SentenceTransformer

    facts = model_facts(tiny_models["mean"])
    loaded = SentenceTransformer(str(tiny_models["mean"]), device="cpu")
    params = sum(each.numel() for each in loaded.parameters())
    assert facts.dim == 32
    assert facts.params_m == round(params / 1e6, 1)
    assert facts.size_mb > 0


def test_the_width_is_that_of_the_last_module_that_says_one(folder):
    rows = [
        {"type": f"sentence_transformers.models.{k}", "path": p}
        for k, p in (
            ("Transformer", ""),
            ("Pooling", "1_Pooling"),
            ("Dense", "2_Dense"),
            ("Normalize", "3_N"),
        )
    ]
    (folder / "modules.json").write_text(json.dumps(rows))
    for name, config in {
        "1_Pooling": {"word_embedding_dimension": 100},
        "2_Dense": {"in_features": 100, "out_features": 64},
    }.items():
        (folder / name).mkdir()
        (folder / name / "config.json").write_text(json.dumps(config))
    write_weights(folder / "2_Dense/model.safetensors", {"linear": ("F32", [1000, 100])})
    facts = model_facts(folder)
    assert (facts.dim, facts.params_m) == (64, 0.2)


@pytest.mark.parametrize(
    ("front", "sets", "licence"),
    [
        (
            "datasets: [kakaobrain/kor_nli, klue]\nlicense: mit",
            ("kakaobrain/kor_nli", "klue"),
            "mit",
        ),
        ("datasets: snli", ("snli",), None),
        ("license: other\nlicense_name: gemma", None, "gemma"),
        ("datasets: []\nlicense: unknown", None, None),
        ("datasets: [{name: x}, 3, ' ']", None, None),
        ("- a list", None, None),
        ("license: [broken", None, None),
        (
            "datasets: [우리 말뭉치]\nbase_model: jhgan/ko-sroberta-multitask",
            ("우리 말뭉치", "korsts", "kornli"),
            None,
        ),
        ("tags: [else]", None, None),
    ],
)
def test_front_matter_is_read_and_never_trusted(folder, front, sets, licence):
    write_card(folder, front, "| 커밋 | korsts:test (0123456789ab) |")
    facts = model_facts(folder)
    assert (facts.trained_on, facts.licence) == (sets, licence)


def test_a_card_of_a_run_names_the_parts(folder):
    row = (
        "| sts | cosent | 5,746 | – | korsts:train (0123456789ab), 글 모음.csv (abcdef012345) | x |"
    )
    write_card(folder, "tags: [munjang]\ndatasets: [kakaobrain/kor_nlu]", row)
    assert model_facts(folder).trained_on == ("korsts:train", "글 모음.csv")


def test_the_record_of_a_run_comes_before_its_card(folder):
    write_card(folder, "datasets: [klue/klue]")
    run = folder.parent
    record = {
        "recipe": "r",
        "data": {"sts": {"files": {"klue-sts:train": "ab", "/srv/a/말.csv": "c"}}},
    }
    (run / "manifest.json").write_text(json.dumps(record), encoding="utf-8")
    (run / "before").mkdir()
    before = {"recipe": "n", "data": {"nli": {"files": {"klue-nli:train": "ef"}}}}
    (run / "before/manifest.json").write_text(json.dumps(before))
    assert model_facts(folder).trained_on == ("klue-nli:train", "klue-sts:train", "말.csv")
    (run / "manifest.json").write_text('{"name": "another kind of manifest"}')
    assert model_facts(folder).trained_on == ("klue/klue",)


def test_the_zoo_fills_in_what_a_folder_does_not_say(folder):
    place = folder.parent / "snumin44" / "simcse-ko-bert-supervised"
    place.parent.mkdir()
    folder.rename(place)
    (place / "model.safetensors").unlink()
    (place / "pytorch_model.bin").write_bytes(bytes(300_000))
    facts = model_facts(place)
    assert facts.trained_on == ("kornli:snli", "kornli:multinli")
    assert (facts.licence, facts.params_m, facts.size_mb) == ("mit", 110.6, 0.3)


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 8, b"\xff" * 20, b"\x02\x00\x00\x00\x00\x00\x00\x00[]"]
)
def test_broken_weights_have_no_parameters(folder, content):
    (folder / "model.safetensors").write_bytes(content)
    assert model_facts(folder).params_m is None


def test_an_address_tells_nothing_and_no_model_is_an_error(tmp_path):
    assert model_facts("http://127.0.0.1:1/v1") == ModelFacts()
    with pytest.raises(ModelError):
        model_facts(tmp_path / "없음")


def test_stated_sets_are_of_models_in_the_zoo():
    assert set(STATED) <= set(zoo.MODELS)
    assert all(STATED.values())
