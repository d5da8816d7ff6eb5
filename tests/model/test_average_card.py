"""Cards of averaged weights: shares, licences, names without the user's folders."""

from __future__ import annotations

import shutil

import pytest
from huggingface_hub import metadata_load

from munjang.model.average_card import (
    AveragedModel,
    choose_tag,
    name_licence,
    write_average_card,
)
from munjang.model.trim_card import SourceCard

pytest.importorskip("sentence_transformers", reason="needs the extra train")


def model(licence, share=0.5, sets=()):
    return AveragedModel(model="어느 모델", share=share, license=licence, trained_on=sets)


def card(licence="not stated", hub_id=None, **front):
    return SourceCard(hub_id=hub_id, license=licence, front=front)


@pytest.fixture
def write(tiny_models, tmp_path):
    """Writes the card of a tiny model; gives its text and its front matter."""

    def write(models, cards, places=("하나", "둘")):
        folder = tmp_path / "평균"
        shutil.copytree(tiny_models["mean"], folder)
        places = [tmp_path / place for place in places[: len(models)]]
        write_average_card(folder, models, cards, places=places, title="평균")
        return (folder / "README.md").read_text("utf-8"), metadata_load(folder / "README.md")

    return write


class TestLicence:
    @pytest.mark.parametrize(
        ("models", "tag"),
        [
            ([model("mit"), model("MIT")], "mit"),
            ([model("mit"), model("not stated")], "other"),
            ([model("cc-by-sa-4.0"), model("not stated")], "cc-by-sa-4.0"),
            ([model("cc-by-sa-4.0"), model("cc-by-nc-4.0")], "other"),
            ([model("cc-by-sa-4.0"), model("other (우리-라이선스)")], "other"),
            ([model("other (우리-라이선스)")], "other"),
            ([model("unknown"), model("none stated")], "other"),
            ([model("mit", share=1), model("cc-by-sa-4.0", share=0)], "mit"),
        ],
    )
    def test_tag(self, models, tag):
        assert choose_tag(models) == tag

    def test_one_of_its_own_keeps_its_name(self):
        assert name_licence(card("우리-라이선스", license="other")) == "other (우리-라이선스)"
        assert name_licence(card("other", license="other")) == "other"
        assert name_licence(card("mit", license="mit")) == "mit"

    @pytest.mark.parametrize(
        ("licences", "said"),
        [
            (["mit", "mit"], "mit, as that of all averaged models"),
            (["mit", "cc-by-sa-4.0"], "Some of them are share-alike"),
            (["mit", "apache-2.0"], "has to decide"),
            (["not stated", "not stated"], "No licence is stated"),
        ],
    )
    def test_sentence(self, write, licences, said):
        text, front = write([model(each) for each in licences], [card(), card()])
        assert said in text
        assert front["license"] == choose_tag([model(each) for each in licences])


class TestText:
    def test_table_front_matter_and_the_first(self, write):
        models = [model("mit", 2 / 3, ("korsts:train",)), model("mit", 1 / 3, ("a|b",))]
        text, front = write(models, [card(), card()])
        assert "| `하나` | 0.6667 | mit | korsts:train |" in text
        assert "| `둘` | 0.3333 | mit | a\\|b |" in text
        assert "those of `하나`" in text
        assert "2 encoders" in text
        assert front["datasets"] == ["korsts:train", "a|b"]
        assert {"munjang", "merge", "sentence-transformers"} <= set(front["tags"])

    def test_two_folders_of_the_same_name(self, write, tmp_path):
        places = ("실험-1/model", "실험-2/model")
        text, _ = write([model("mit"), model("mit")], [card(), card()], places)
        assert "| `실험-1/model` |" in text
        assert "| `실험-2/model` |" in text
        assert str(tmp_path) not in text

    def test_a_hub_id_is_a_name_and_a_base(self, write):
        cards = [card(hub_id=None, base_model=["우리/바탕"]), card(hub_id="우리/바탕")]
        text, front = write([model("mit"), model("mit")], cards)
        assert "| `우리/바탕` |" in text
        assert front["base_model"] == "우리/바탕"

    def test_several_bases_are_none(self, write):
        _, front = write([model("mit"), model("mit")], [card(base_model="a/b"), card(hub_id="c/d")])
        assert "base_model" not in front

    def test_what_has_no_share_was_not_trained_on(self, write):
        models = [model("mit", 1.0, ("korsts:train",)), model("mit", 0.0, ("klue-sts:train",))]
        text, front = write(models, [card(), card()])
        assert front["datasets"] == ["korsts:train"]
        assert "| `둘` | 0 | mit | klue-sts:train |" in text

    def test_one_model(self, write):
        text, _ = write([model("mit", 1.0)], [card()])
        assert "one encoder" in text
