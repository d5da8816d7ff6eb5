"""The card of a run: every number from a record, both languages, what the hub reads."""

from __future__ import annotations

import json
import shutil

import pytest
from huggingface_hub import ModelCard

from munjang.errors import DataError, ModelError
from munjang.model.training_card import training_card, write_training_card


@pytest.fixture
def card(run_folder):
    return write_training_card(run_folder).read_text("utf-8")


def change(path, **values):
    record = json.loads(path.read_text("utf-8")) | values
    path.write_text(json.dumps(record), "utf-8")


def test_front_matter(card):
    parsed = ModelCard(card).data
    data = parsed.to_dict()
    assert data["language"] == ["ko"]
    assert data["license"] == "cc-by-sa-4.0"
    assert data["library_name"] == "sentence-transformers"
    assert data["pipeline_tag"] == "sentence-similarity"
    assert data["base_model"] == "klue/bert-base"
    assert data["datasets"] == ["klue/klue"]
    assert {"sentence-transformers", "munjang", "korean", "contrastive"} <= set(data["tags"])
    found = {(r.dataset_name, r.metric_type): r.metric_value for r in parsed.eval_results}
    assert found == {
        ("KorSTS test", "pearson_cosine"): 0.5,
        ("KorSTS test", "spearman_cosine"): 0.8155,
    }
    assert parsed.model_name == "우리-simcse"


def test_numbers_come_from_the_records(card):
    for part in (
        "50.00 → 81.55 (+31.55)",
        "| klue/bert-base |",
        "| 우리-simcse    |",
        "| nli | contrastive | 277,811 | 2 empty, 1,300 held out |",
        "klue-nli:train (abababababab)",
        "| 우리-simcse | 1,086 | 12.3 | CPU, 2 threads | 1 | 1,234 | 4% | 42 |",
        "munjang 0.1.0, torch 2.13.0.",
        "checkpoint of step 900, 81.23 on dev.",
        "Transformer > Pooling (mean) > Normalize",
        "klue-sts:dev is not measured: klue.json and/or n/a is missing",
    ):
        assert part in card, part


def test_both_languages_code_and_licence(card):
    for part in (
        'SentenceTransformer("./model")',
        'munjang.load("./model")',
        "학습 데이터 / Training data",
        "share-alike, so these weights are under CC BY-SA 4.0",
        "바탕 모델보다 낫습니다",
        "What it is bad at",
        "[data.nli]",
    ):
        assert part in card, part


def test_no_place_of_the_machine(card):
    assert "hong" not in card
    assert "우리 문장.csv (cdcdcdcdcdcd)" in card


def test_a_name_on_the_hub(run_folder):
    text = training_card(run_folder, shown_as="hong/ko-model")
    assert 'munjang.load("hong/ko-model")' in text
    assert "./model" not in text


def test_nothing_gained_is_said(run_folder):
    scores = json.loads((run_folder / "scores.json").read_text("utf-8"))
    scores["before"] = scores["after"]
    (run_folder / "scores.json").write_text(json.dumps(scores), "utf-8")
    text = training_card(run_folder)
    assert "Nothing was gained over the base" in text
    assert "나아지지 않았습니다" in text


def test_a_run_built_on_another(run_folder, tmp_path):
    whole = tmp_path / "two"
    shutil.copytree(run_folder, whole)
    shutil.copytree(run_folder, whole / "before")
    data = {
        "sts": {
            "rows": 5749,
            "objective": "cosine",
            "files": {"korsts:train": "ef" * 32},
            "dropped": {},
            "licences": ["CC-BY-SA-4.0"],
        }
    }
    change(whole / "before" / "manifest.json", recipe="첫째", base="BM-K/KoSimCSE-bert", data=data)
    change(whole / "manifest.json", base=str(whole / "before" / "model"))
    scores = json.loads((whole / "scores.json").read_text("utf-8"))
    scores["before"][0]["model"] = str(whole / "before" / "model")
    (whole / "scores.json").write_text(json.dumps(scores), "utf-8")
    text = training_card(whole)
    parsed = ModelCard(text).data.to_dict()
    assert parsed["base_model"] == "BM-K/KoSimCSE-bert"
    assert parsed["datasets"] == ["kakaobrain/kor_nlu", "klue/klue"]
    assert "| 첫째 | 1,086 |" in text
    assert "| sts | cosine | 5,749 | – | korsts:train (efefefefefef) |" in text
    assert "BM-K/KoSimCSE-bert: none stated" in text
    assert str(tmp_path) not in text


def test_edited_text_before_and_after(run_folder, make_robust, tmp_path):
    assert "고친 글" not in training_card(run_folder)
    robust = {
        "before": json.loads(make_robust("/data/hong/models/우리바탕", 0.4).to_json()),
        "after": json.loads(make_robust("우리-simcse", 0.2).to_json()),
    }
    change(run_folder / "scores.json", robust=robust)
    text = training_card(run_folder)
    assert text.count("75.0% → 87.5% (+12.5)") == 2
    assert "우리바탕 → 우리-simcse, KorSTS test" in text
    assert "hong" not in text
    assert text.index("## 측정 / Measured") < text.index("### 고친 글에서")
    assert text.index("### 고친 글에서") < text.index("\n\n## 학습 데이터 / Training data")

    whole = tmp_path / "two"
    shutil.copytree(run_folder, whole)
    shutil.copytree(run_folder, whole / "before")
    change(whole / "before" / "manifest.json", recipe="첫째")
    robust["before"]["model"] = str(whole / "before" / "model")
    change(whole / "scores.json", robust=robust)
    text = training_card(whole)
    assert text.count("### 고친 글에서") == 2
    assert "첫째 → 우리-simcse, KorSTS test" in text


def test_a_base_that_is_only_a_folder(run_folder):
    change(run_folder / "manifest.json", base="/data/hong/models/우리바탕")
    text = training_card(run_folder)
    assert "base_model" not in text.split("---")[1]
    assert "`우리바탕`" in text
    assert "hong" not in text


def test_nothing_measured_and_no_dev_set(run_folder):
    (run_folder / "scores.json").write_text('{"before": [], "after": []}', "utf-8")
    change(run_folder / "manifest.json", best={"step": 1, "dev": None}, throughput=None)
    text = training_card(run_folder)
    assert "Nothing was measured" in text
    assert "model-index" not in text
    assert "on dev" not in text


def test_a_malformed_record_leaves_the_card_that_was_there(run_folder):
    path = write_training_card(run_folder)
    before = path.read_bytes()
    (run_folder / "scores.json").write_text("{}", "utf-8")
    with pytest.raises(DataError, match="finished run"):
        write_training_card(run_folder)
    assert path.read_bytes() == before


def test_a_model_that_is_not_whole(run_folder):
    (run_folder / "model" / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="not whole"):
        write_training_card(run_folder)
