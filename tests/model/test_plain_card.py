"""A card from what a folder says of itself."""

from __future__ import annotations

import json
import shutil

import pytest
from huggingface_hub import ModelCard

from munjang.errors import ModelError
from munjang.model.plain_card import plain_card, read_facts


@pytest.fixture
def folder(tiny_models, tmp_path):
    shutil.copytree(tiny_models["mean-normalize"], tmp_path / "model")
    return tmp_path / "model"


class TestFacts:
    def test_of_a_sentence_transformers_folder(self, folder):
        facts = read_facts(folder)
        assert facts.modules == "Transformer > Pooling (mean) > Normalize"
        assert (facts.dim, facts.max_tokens, facts.prompt, facts.exported) == (32, 64, "", False)

    def test_of_an_exported_model(self, tiny_exports):
        facts = read_facts(tiny_exports["cls", "openvino"])
        assert (facts.modules, facts.dim, facts.exported) == ("openvino fp32", 32, True)
        assert "sentence_transformers" not in facts.usage("어떤/모델")

    def test_of_old_files(self, folder):
        (folder / "1_Pooling" / "config.json").write_text(
            json.dumps({"word_embedding_dimension": 32, "pooling_mode_cls_token": True}), "utf-8"
        )
        assert read_facts(folder).dim == 32
        assert "Pooling (cls)" in read_facts(folder).modules

    def test_two_poolings_side_by_side(self, folder):
        path = folder / "1_Pooling" / "config.json"
        config = json.loads(path.read_text("utf-8")) | {"pooling_mode": ["cls", "mean"]}
        path.write_text(json.dumps(config), "utf-8")
        assert read_facts(folder).dim == 64

    def test_a_plain_folder_is_refused(self, tiny_models):
        with pytest.raises(ModelError, match="munjang port"):
            read_facts(tiny_models["plain"])

    def test_a_folder_that_does_not_say(self, folder):
        (folder / "tokenizer_config.json").write_text("{}", "utf-8")
        with pytest.raises(ModelError, match="token limit"):
            read_facts(folder)


class TestCard:
    def card(self, folder, **options):
        return plain_card(folder, title="모델", about_ko="소개", about_en="about", **options)

    def test_front_matter_is_what_the_hub_reads(self, folder):
        card = ModelCard(self.card(folder, license="MIT", base_model="klue/bert-base"))
        data = card.data.to_dict()
        assert data["language"] == ["ko"]
        assert data["license"] == "mit"
        assert "license_name" not in data
        assert data["library_name"] == "sentence-transformers"
        assert data["pipeline_tag"] == "sentence-similarity"
        assert data["base_model"] == "klue/bert-base"

    @pytest.mark.parametrize("stated", ["not stated", "none stated"])
    def test_no_licence_is_said(self, folder, stated):
        text = self.card(folder, license=stated)
        assert ModelCard(text).data.to_dict()["license"] == "other"
        assert "No licence is stated" in text
        assert "밝혀진 라이선스가 없습니다" in text

    def test_both_languages_and_code(self, folder):
        text = self.card(folder, shown_as="hong/ko-model")
        for part in ("소개", "about", 'SentenceTransformer("hong/ko-model")', "못하는 것", "64"):
            assert part in text

    def test_the_library_of_an_exported_model_is_munjang(self, tiny_exports):
        text = self.card(tiny_exports["cls", "openvino"])
        assert ModelCard(text).data.to_dict()["library_name"] == "munjang"
