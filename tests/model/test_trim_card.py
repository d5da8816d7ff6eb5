"""Cards of models that were cut: what the source says is kept, what it measured is not."""

from __future__ import annotations

import pytest
from huggingface_hub import metadata_load

from munjang.errors import ModelError
from munjang.model.trim_card import SourceCard, read_source_card, write_trim_card
from munjang.model.trim_gate import Side, TrimResult

pytest.importorskip("sentence_transformers", reason="needs the extra train")

FRONT = """\
---
language:
- ko
- en
license: cc-by-sa-4.0
datasets:
- klue/klue
- 우리/데이터
tags: [sentence-similarity, 우리것]
base_model: klue/bert-base
training_note: KLUE-STS-dev 가 들어 있음
model-index:
- name: 원본
  results: []
---
# 원본

KLUE-STS로 학습했습니다.
"""


def side(pieces, spearman, tokens):
    return Side(
        pieces=pieces,
        parameters=pieces * 32,
        megabytes=pieces * 64 / 1e6,
        tokens=tokens,
        unknown=0.0125,
        spearman=spearman,
    )


@pytest.fixture
def result():
    return TrimResult(
        source="비밀/폴더/원본-모델",
        kind="Unigram",
        before=side(32000, 80.5, 10.25),
        after=side(8000, 80.25, 10.5),
        counted=900,
        used=5000,
        held_out=100,
        same=0.875,
        mean_cosine=0.99875,
        least_cosine=0.9,
        pairs=12,
        drop=0.25,
        license="cc-by-sa-4.0",
    )


@pytest.fixture
def folder(tiny_models, tmp_path):
    import shutil

    shutil.copytree(tiny_models["mean"], tmp_path / "작은")
    return tmp_path / "작은"


@pytest.fixture
def source(tmp_path):
    (tmp_path / "README.md").write_text(FRONT, "utf-8")
    return read_source_card(tmp_path, None)


class TestReading:
    def test_front_matter(self, source):
        assert source.license == "cc-by-sa-4.0"
        assert source.front["datasets"] == ["klue/klue", "우리/데이터"]
        assert source.text == FRONT

    def test_a_licence_with_a_name_of_its_own(self, tmp_path):
        front = "---\nlicense: other\nlicense_name: 우리-라이선스\n---\n"
        (tmp_path / "README.md").write_text(front, "utf-8")
        assert read_source_card(tmp_path, None).license == "우리-라이선스"

    def test_none(self, tmp_path):
        assert read_source_card(tmp_path, None) == SourceCard(hub_id=None, license="not stated")

    def test_a_card_that_the_hub_does_not_give(self, tmp_path, monkeypatch):
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        found = read_source_card(tmp_path, "jhgan/ko-sroberta-multitask")
        assert found.front == {}
        assert (
            found.license
            == read_source_card(tmp_path / "jhgan/ko-sroberta-multitask", None).license
        )

    @pytest.mark.parametrize("front", ["---\nlicense: [mit\n---\n", "---\n- mit\n---\n"])
    def test_a_malformed_one(self, tmp_path, front):
        (tmp_path / "README.md").write_text(front, "utf-8")
        with pytest.raises(ModelError, match="malformed"):
            read_source_card(tmp_path, None)


class TestWriting:
    def test_the_source_s_front_matter_is_kept_but_its_scores(self, folder, result, source):
        write_trim_card(folder, result, source, title="작은 모델")
        front = metadata_load(folder / "README.md")
        assert front == {
            "language": ["ko", "en"],
            "license": "cc-by-sa-4.0",
            "datasets": ["klue/klue", "우리/데이터"],
            "tags": ["sentence-similarity", "우리것", "sentence-transformers", "munjang"],
            "base_model": "klue/bert-base",
            "training_note": "KLUE-STS-dev 가 들어 있음",
            "library_name": "sentence-transformers",
        }
        assert (folder / "README.source.md").read_text("utf-8") == FRONT

    def test_the_table_and_no_folder_of_the_user(self, folder, result, source):
        write_trim_card(folder, result, source, title="작은 모델")
        text = (folder / "README.md").read_text("utf-8")
        assert "| 어휘 / pieces | 32,000 | 8,000 |" in text
        assert "| 문장당 토큰 / tokens a sentence | 10.25 | 10.50 |" in text
        assert "| 모르는 토큰 / unknown tokens | 1.250% | 1.250% |" in text
        assert "| 코사인 Spearman / cosine Spearman (12) | 80.50 | 80.25 |" in text
        assert "87.5%" in text
        assert "`원본-모델`" in text
        assert "비밀" not in text
        assert "cc-by-sa-4.0, as the source's" in text

    def test_a_hub_model_is_the_base(self, folder, result, source):
        from dataclasses import replace

        write_trim_card(folder, result, replace(source, hub_id="우리/원본"), title="작은")
        assert metadata_load(folder / "README.md")["base_model"] == "우리/원본"

    def test_without_a_card(self, folder, result):
        bare = SourceCard(hub_id=None, license="not stated")
        write_trim_card(folder, result, bare, title="작은")
        assert metadata_load(folder / "README.md")["license"] == "other"
        assert "No licence is stated" in (folder / "README.md").read_text("utf-8")
        assert not (folder / "README.source.md").exists()
