"""What a card says of its records: the licence, the gain or its absence, the limits."""

from __future__ import annotations

import pytest

from munjang.encode import zoo
from munjang.model.card_words import choose_licence, tell_gains, tell_limits, title_of


class TestLicence:
    @pytest.mark.parametrize(
        ("licences", "tag"),
        [
            (["CC-BY-SA-4.0"], "cc-by-sa-4.0"),
            (["MIT", "CC-BY-SA-4.0", "not stated"], "cc-by-sa-4.0"),
            (["MIT"], "mit"),
            (["CC0-1.0", "MIT"], "other"),
            (["not stated"], "other"),
            ([], "other"),
            (["CC-BY-NC-4.0"], "cc-by-nc-4.0"),
            (["CC-BY-SA-4.0", "CC-BY-NC-4.0"], "other"),
            (["CC-BY-NC-SA-4.0"], "cc-by-nc-sa-4.0"),
        ],
    )
    def test_follows_the_data(self, licences, tag):
        found = choose_licence(licences)
        assert found.tag == tag
        for name in licences:
            assert name in found.ko
            assert name in found.en

    def test_the_base_s_is_told(self):
        known = zoo.find("snumin44/simcse-ko-bert-supervised")
        assert "snumin44/simcse-ko-bert-supervised: mit" in choose_licence(["MIT"], known).en
        assert "base: not stated" in choose_licence(["MIT"]).ko


class TestGains:
    def test_better(self, make_result):
        told = tell_gains([make_result("a", 0.5)], [make_result("b", 0.8155, low=0.79)])
        assert told.startswith("- KorSTS test, cosine Spearman x100: 50.00 → 81.55 (+31.55).")
        assert "Better than the base" in told

    @pytest.mark.parametrize("after", [0.5, 0.49])
    def test_nothing_gained(self, make_result, after):
        told = tell_gains([make_result("a", 0.5)], [make_result("b", after, low=0.4)])
        assert "Nothing was gained" in told
        assert "나아지지 않았습니다" in told

    def test_within_noise(self, make_result):
        told = tell_gains([make_result("a", 0.8)], [make_result("b", 0.805, low=0.79)])
        assert "No more than noise" in told

    def test_each_set_is_compared_with_itself(self, make_result):
        before = [make_result("a", 0.5), make_result("a", 0.9, task="우리", split="all")]
        after = [make_result("b", 0.8, task="우리", split="all"), make_result("b", 0.6)]
        lines = tell_gains(before, after).splitlines()
        assert ["Nothing" in line for line in lines] == [True, False]
        assert lines[0].startswith("- 우리 all")

    def test_nothing_measured(self):
        assert "Nothing was measured" in tell_gains([], [])


class TestLimits:
    def tell(self, data=(), measured=(), prompt="", warnings=()):
        return tell_limits(data, measured, max_tokens=128, prompt=prompt, warnings=warnings)

    def test_always(self):
        ko, en = self.tell()
        assert "128토큰" in ko
        assert "128 tokens" in en
        assert "munjang evaluate" in ko + en

    def test_of_the_data(self, make_result):
        assert "machine-translated" in self.tell({"korsts"})[1]
        assert "machine-translated" not in self.tell({"klue-nli"})[1]
        klue = [make_result("a", 0.8, task="klue-sts", split="dev")]
        assert "ParaKQC" in self.tell({"klue-sts"}, klue)[1]
        assert "ParaKQC" not in self.tell({"klue-nli"}, klue)[1]

    def test_prompt_and_warnings(self):
        ko, en = self.tell(prompt="query: ", warnings=["too\nlong"])
        assert "'query: '" in ko
        assert "'query: '" in en
        assert "too long" in en


def test_titles(make_result):
    assert title_of(make_result("a", 0.5, task="klue-sts", split="dev")) == "KLUE-STS dev"
