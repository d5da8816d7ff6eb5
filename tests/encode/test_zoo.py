"""The zoo's facts hold together, and folders of every kind are read for what they are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munjang.encode import zoo
from munjang.encode.zoo import MODELS, POOLINGS, find, how_to_pool
from munjang.errors import InputError, ModelError

OLD = "sentence_transformers.models"
NEW = {
    "Transformer": "sentence_transformers.base.modules.transformer.Transformer",
    "Pooling": "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
    "Normalize": "sentence_transformers.base.modules.normalize.Normalize",
}
MODELS_LIST = list(MODELS.values())
METRICS = {
    f"{view}_{kind}"
    for view in ("cosine", "euclidean", "manhattan", "dot")
    for kind in ("pearson", "spearman")
}


def by_name(model):
    return model.name


def fill(folder: Path, *, without: str = "", pickled: bool = False) -> Path:
    """A stand-in for a plain transformers folder: the names are right, the files are empty."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = "pytorch_model.bin" if pickled else "model.safetensors"
    for name in ("config.json", weights, "tokenizer.json"):
        if name != without:
            (folder / name).write_text('{"model_type": "bert", "hidden_size": 8}')
    return folder


def write_modules(folder: Path, *modules: tuple[str, str]) -> Path:
    rows = [
        {"idx": i, "name": str(i), "path": place, "type": kind}
        for i, (kind, place) in enumerate(modules)
    ]
    (folder / "modules.json").write_text(json.dumps(rows))
    for kind, place in modules[1:]:
        (folder / place).mkdir(exist_ok=True)
        (folder / place / "config.json").write_text(
            json.dumps({"word_embedding_dimension": 8, "pooling_mode_cls_token": True})
            if kind.endswith("Pooling")
            else "{}"
        )
    return folder


def old_pipeline(folder: Path, *more: tuple[str, str], backbone: str = "") -> Path:
    fill(folder / backbone)
    return write_modules(
        folder, (f"{OLD}.Transformer", backbone), (f"{OLD}.Pooling", "1_Pooling"), *more
    )


class TestFacts:
    def test_names_are_hub_ids_and_unique_ignoring_case(self):
        assert len({name.lower() for name in MODELS}) == len(MODELS)
        for name, model in MODELS.items():
            assert model.name == name
            assert name.count("/") == 1
            assert not any(c.isspace() for c in name)

    @pytest.mark.parametrize("model", MODELS_LIST, ids=by_name)
    def test_fields_are_in_range(self, model):
        assert 1 < model.params_m < 10_000
        assert model.dim in {256, 384, 512, 768, 1024}
        assert model.max_tokens is None or 64 <= model.max_tokens <= 32768
        assert model.pooling in {*POOLINGS, "static", None}
        assert model.normalize in {True, False, None}
        assert model.license in {"mit", "apache-2.0", "none stated"}
        assert model.note
        assert "\n" not in model.note

    @pytest.mark.parametrize("model", MODELS_LIST, ids=by_name)
    def test_what_is_unknown_is_said_in_the_note(self, model):
        if model.pooling is None:
            assert "modules.json" in model.note
        if model.max_tokens is None:
            assert "length limit" in model.note
        if model.normalize is None:
            assert "normalisation could not be confirmed" in model.note

    def test_a_folder_that_says_nothing_has_a_pooling_here(self):
        plain = [model for model in MODELS.values() if not model.modules]
        assert len(plain) == 12
        for model in plain:
            assert model.pooling in POOLINGS
            assert model.normalize is False

    @pytest.mark.parametrize("model", MODELS_LIST, ids=by_name)
    def test_prompts_are_ready_to_be_put_before_a_sentence(self, model):
        for prompt in model.prompts.values():
            assert prompt.endswith(": ") or model.name.startswith("Qwen/")
        assert model.symmetric is None or model.symmetric in model.prompts
        assert model.prompt == model.prompts.get(model.symmetric, "")

    def test_e5_has_its_prefixes_and_uses_query_for_similarity(self):
        names = [name for name in MODELS if "e5-" in name.lower() or name.endswith("KoE5")]
        assert len(names) == 7
        for name in names:
            if not name.endswith("-instruct"):
                assert MODELS[name].prompts == {"query": "query: ", "passage": "passage: "}
                assert MODELS[name].prompt == "query: "

    @pytest.mark.parametrize("model", MODELS_LIST, ids=by_name)
    def test_scores_are_percentages_with_a_source(self, model):
        for score in model.scores:
            assert score.task in {"korsts-test", "klue-sts-dev"}
            assert score.metric in METRICS | {"avg", "mteb_mean"}
            assert 0 < score.value < 100
            assert score.source
        keys = [(score.task, score.metric, score.source) for score in model.scores]
        assert len(set(keys)) == len(keys)

    @pytest.mark.parametrize("model", MODELS_LIST, ids=by_name)
    def test_a_published_average_is_the_mean_of_its_eight(self, model):
        for average in (score for score in model.scores if score.metric == "avg"):
            row = [s.value for s in model.scores if s.task == average.task and s.metric in METRICS]
            assert len(row) == 8
            assert average.value == pytest.approx(sum(row) / 8, abs=0.02)

    def test_the_figures_to_beat_are_there(self):
        def spearman(name, task):
            return next(
                s.value
                for s in MODELS[name].scores
                if (s.task, s.metric) == (task, "cosine_spearman")
            )

        assert spearman("BM-K/KoSimCSE-roberta-multitask", "korsts-test") == 86.12
        assert spearman("snumin44/simcse-ko-bert-supervised", "korsts-test") == 86.00
        assert spearman("jhgan/ko-sroberta-multitask", "korsts-test") == 85.6
        assert spearman("snumin44/simcse-ko-roberta-supervised", "klue-sts-dev") == 85.64
        assert spearman("dragonkue/BGE-m3-ko", "klue-sts-dev") == pytest.approx(88.7, abs=0.06)

    def test_the_models_cannot_be_altered(self):
        with pytest.raises(TypeError):
            MODELS["내/모델"] = MODELS_LIST[0]
        with pytest.raises(AttributeError):
            MODELS_LIST[0].dim = 1

    def test_importing_it_loads_nothing_heavy(self):
        heavy = "('numpy', 'torch', 'huggingface_hub', 'sentence_transformers', 'openvino')"
        code = f"import sys, munjang.encode.zoo; print([m for m in {heavy} if m in sys.modules])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stdout.strip() == "[]", done.stderr


class TestFind:
    @pytest.mark.parametrize(
        "name",
        [
            "BM-K/KoSimCSE-roberta",
            "bm-k/kosimcse-ROBERTA",
            "/models/BM-K/KoSimCSE-roberta",
            "/models/BM-K/KoSimCSE-roberta/",
            "models\\BM-K\\KoSimCSE-roberta",
            "~/.cache/huggingface/hub/models--BM-K--KoSimCSE-roberta/snapshots/37a6d8c",
            "models--BM-K--KoSimCSE-roberta",
            Path("models/BM-K/KoSimCSE-roberta"),
        ],
    )
    def test_known(self, name):
        model = find(name)
        assert model is not None
        assert model.name == "BM-K/KoSimCSE-roberta"

    @pytest.mark.parametrize(
        "name",
        [
            "",
            ".",
            "./model",
            "model",
            "KoSimCSE-roberta",
            "./KoSimCSE-roberta",
            "other/KoSimCSE-roberta",
            "BM-K/KoSimCSE-roberta/checkpoint-100",
            "models--BM-K--KoSimCSE-roberta/snapshots/37a6d8c/1_Pooling",
            "notmodels--BM-K--KoSimCSE-roberta",
            "내/모델",
        ],
    )
    def test_unknown(self, name):
        assert find(name) is None

    @given(st.sampled_from(sorted(MODELS)), st.booleans())
    def test_every_id_is_found_in_any_case_and_in_the_hub_cache(self, name, upper):
        shown = name.upper() if upper else name.lower()
        assert find(shown) is MODELS[name]
        assert find(f"/c/models--{shown.replace('/', '--')}/snapshots/0a1b") is MODELS[name]


class TestPlainFolder:
    @pytest.mark.parametrize("name", [name for name, model in MODELS.items() if not model.modules])
    def test_the_zoo_pools_what_it_knows(self, tmp_path, name):
        plan = how_to_pool(fill(tmp_path / "model"), name)
        assert plan.pooling == "cls"
        assert plan.normalize is False
        assert plan.source == "the zoo"
        assert plan.prompt == ""
        assert name in plan.why

    def test_known_by_its_place(self, tmp_path):
        folder = fill(tmp_path / "models--BM-K--KoSimCSE-bert" / "snapshots" / "82a5345")
        assert how_to_pool(folder, None).pooling == "cls"

    def test_a_known_pipeline_that_lost_its_modules_keeps_pooling_normalising_and_prompt(
        self, tmp_path
    ):
        plan = how_to_pool(fill(tmp_path), "intfloat/multilingual-e5-small")
        assert (plan.pooling, plan.normalize, plan.prompt) == ("mean", True, "query: ")
        assert plan.source == "the zoo"

    @pytest.mark.parametrize(
        "name",
        [
            "sentence-transformers/distiluse-base-multilingual-cased-v2",
            "minishlab/potion-multilingual-128M",
        ],
    )
    def test_what_only_modules_json_can_say_is_not_made_up(self, tmp_path, name):
        with pytest.raises(ModelError, match=r"modules\.json is missing"):
            how_to_pool(fill(tmp_path), name)

    def test_an_unknown_folder_is_not_guessed(self, tmp_path):
        with pytest.raises(ModelError) as caught:
            how_to_pool(fill(tmp_path / "model"), None)
        assert "no modules.json" in str(caught.value)
        assert 'pooling="mean"' in str(caught.value)
        assert "did you mean" not in str(caught.value)
        assert caught.value.exit_code == 2

    def test_a_typo_gets_the_nearest_name(self, tmp_path):
        with pytest.raises(ModelError, match="did you mean 'BM-K/KoSimCSE-roberta-multitask'"):
            how_to_pool(fill(tmp_path), "BM-K/KoSimCSE-robreta-multitask")

    def test_the_user_decides_for_an_unknown_folder(self, tmp_path):
        plan = how_to_pool(fill(tmp_path), None, pooling="mean")
        assert (plan.pooling, plan.normalize, plan.source) == ("mean", False, "you")

    def test_the_user_wins_over_the_zoo_and_the_plan_tells(self, tmp_path):
        plan = how_to_pool(fill(tmp_path), "BM-K/KoSimCSE-bert", pooling="mean")
        assert (plan.pooling, plan.source) == ("mean", "you")
        assert "published as cls" in plan.why

    def test_an_unknown_pooling_gets_the_nearest(self, tmp_path):
        with pytest.raises(InputError, match="did you mean 'mean'"):
            how_to_pool(fill(tmp_path), None, pooling="meen")

    @pytest.mark.parametrize("lost", ["config.json", "model.safetensors", "tokenizer.json"])
    def test_a_missing_file_is_named(self, tmp_path, lost):
        folder = fill(tmp_path, without=lost)
        with pytest.raises(ModelError) as caught:
            how_to_pool(folder, "BM-K/KoSimCSE-bert")
        assert str(folder / lost) in str(caught.value)

    def test_other_tokenizer_files_will_do(self, tmp_path):
        folder = fill(tmp_path, without="tokenizer.json")
        (folder / "vocab.txt").write_text("[UNK]\n문장\n", "utf-8")
        assert how_to_pool(folder, "BM-K/KoSimCSE-bert").pooling == "cls"

    def test_sharded_safetensors_will_do(self, tmp_path):
        folder = fill(tmp_path, without="model.safetensors")
        (folder / "model.safetensors.index.json").write_text("{}")
        assert how_to_pool(folder, "BM-K/KoSimCSE-bert").pooling == "cls"

    def test_a_pickle_is_refused_unless_allowed(self, tmp_path):
        folder = fill(tmp_path, pickled=True)
        with pytest.raises(ModelError, match="pickle") as caught:
            how_to_pool(folder, "BM-K/KoSimCSE-bert")
        assert "pytorch_model.bin" in str(caught.value)
        plan = how_to_pool(folder, "BM-K/KoSimCSE-bert", allow_pickle=True)
        assert plan.pooling == "cls"

    def test_no_folder(self, tmp_path):
        with pytest.raises(ModelError, match="is not a folder"):
            how_to_pool(tmp_path / "없음", "BM-K/KoSimCSE-bert")


class TestPipelineFolder:
    def test_the_folder_speaks_for_itself(self, tmp_path):
        plan = how_to_pool(old_pipeline(tmp_path), None)
        assert plan.pooling is None
        assert plan.source == "the folder"
        assert plan.normalize is False
        assert plan.why == "modules.json: Transformer > Pooling (cls)"

    def test_even_against_the_zoo(self, tmp_path):
        plan = how_to_pool(old_pipeline(tmp_path), "jhgan/ko-sroberta-multitask")
        assert plan.source == "the folder"
        assert "Pooling (cls)" in plan.why

    def test_the_zoo_adds_the_prompt_that_the_folder_does_not_declare(self, tmp_path):
        folder = old_pipeline(tmp_path, (f"{OLD}.Normalize", "2_Normalize"))
        plan = how_to_pool(folder, "intfloat/multilingual-e5-base")
        assert plan.normalize is True
        assert plan.prompt == "query: "

    def test_a_declared_default_prompt_wins(self, tmp_path):
        folder = old_pipeline(tmp_path)
        config = {"prompts": {"sts": "문장: ", "query": "질문: "}, "default_prompt_name": "sts"}
        (folder / "config_sentence_transformers.json").write_text(json.dumps(config), "utf-8")
        assert how_to_pool(folder, "nlpai-lab/KoE5").prompt == "문장: "
        config["default_prompt_name"] = None
        (folder / "config_sentence_transformers.json").write_text(json.dumps(config), "utf-8")
        assert how_to_pool(folder, None).prompt == ""
        config["default_prompt_name"] = "없음"
        (folder / "config_sentence_transformers.json").write_text(json.dumps(config), "utf-8")
        with pytest.raises(ModelError, match="malformed"):
            how_to_pool(folder, None)

    @pytest.mark.parametrize(
        ("config", "said"),
        [
            ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
            ({"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, "mean"),
            ({"pooling_mode_lasttoken": True}, "lasttoken"),
            ({"pooling_mode_max_tokens": True, "pooling_mode_mean_tokens": True}, "max+mean"),
            ({"embedding_dimension": 8}, "mean"),
            ({"embedding_dimension": 8, "pooling_mode": "lasttoken"}, "lasttoken"),
            ({"embedding_dimension": 8, "pooling_mode": ["cls", "mean"]}, "cls+mean"),
        ],
    )
    def test_both_styles_of_pooling_file(self, tmp_path, config, said):
        folder = fill(tmp_path)
        write_modules(folder, (NEW["Transformer"], ""), (NEW["Pooling"], "1_Pooling"))
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(config))
        assert how_to_pool(folder, None).why == f"modules.json: Transformer > Pooling ({said})"
        if said in POOLINGS:
            assert how_to_pool(folder, None, pooling=said).source == "the folder"
        with pytest.raises(ModelError, match="contradicts") as caught:
            how_to_pool(folder, None, pooling="cls" if said == "mean" else "mean")
        assert f"Pooling ({said})" in str(caught.value)

    @pytest.mark.parametrize("mode", ["cls", "mean", "lasttoken", "max", ("cls", "mean")])
    def test_what_sentence_transformers_saves_is_read_back(self, tmp_path, mode):
        modules = pytest.importorskip("sentence_transformers.sentence_transformer.modules")
        base = pytest.importorskip("sentence_transformers.base.modules")
        folder = fill(tmp_path)
        kinds = (modules.Transformer, modules.Pooling, base.Normalize)
        types = [f"{kind.__module__}.{kind.__name__}" for kind in kinds]
        places = ("", "1_Pooling", "2_Normalize")
        write_modules(folder, *zip(types, places, strict=True))
        modules.Pooling(8, mode).save(str(folder / "1_Pooling"))
        plan = how_to_pool(folder, None)
        said = mode if isinstance(mode, str) else "+".join(mode)
        assert plan.why == f"modules.json: Transformer > Pooling ({said}) > Normalize"
        assert plan.normalize is True

    def test_the_backbone_may_lie_in_a_subfolder(self, tmp_path):
        folder = old_pipeline(tmp_path, backbone="0_Transformer")
        assert how_to_pool(folder, None).source == "the folder"
        (folder / "0_Transformer" / "tokenizer.json").unlink()
        with pytest.raises(ModelError, match=r"0_Transformer.tokenizer\.json is missing"):
            how_to_pool(folder, None)

    def test_the_weights_of_a_dense_layer_are_looked_after(self, tmp_path):
        folder = old_pipeline(tmp_path, (f"{OLD}.Dense", "2_Dense"))
        with pytest.raises(ModelError, match=r"2_Dense.model\.safetensors is missing"):
            how_to_pool(folder, None)
        (folder / "2_Dense" / "pytorch_model.bin").touch()
        with pytest.raises(ModelError, match="pickle"):
            how_to_pool(folder, None)
        plan = how_to_pool(folder, None, allow_pickle=True)
        assert plan.why == "modules.json: Transformer > Pooling (cls) > Dense"

    def test_a_static_model_needs_no_config(self, tmp_path):
        folder = fill(tmp_path, without="config.json")
        write_modules(folder, (f"{OLD}.StaticEmbedding", "."), (f"{OLD}.Normalize", "1_Normalize"))
        plan = how_to_pool(folder, None)
        assert plan.why == "modules.json: StaticEmbedding > Normalize"
        assert plan.normalize is True
        (folder / "tokenizer.json").unlink()
        with pytest.raises(ModelError, match=r"tokenizer\.json is missing"):
            how_to_pool(folder, None)

    def test_a_pipeline_with_a_missing_file_is_refused(self, tmp_path):
        folder = old_pipeline(tmp_path)
        (folder / "1_Pooling" / "config.json").unlink()
        with pytest.raises(ModelError, match=r"1_Pooling.config\.json is missing"):
            how_to_pool(folder, None)

    def test_code_that_comes_with_a_model_is_not_run(self, tmp_path):
        folder = fill(tmp_path)
        write_modules(folder, ("ko_sentence_transformers.models.KoBertTransformer", ""))
        with pytest.raises(ModelError, match="no remote code"):
            how_to_pool(folder, "jhgan/ko-sbert-nli")

    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", "3", '[{"type": 1}]', "[null]"])
    def test_a_malformed_modules_json_is_named(self, tmp_path, text):
        folder = fill(tmp_path)
        (folder / "modules.json").write_text(text)
        with pytest.raises(ModelError, match=r"modules\.json is malformed"):
            how_to_pool(folder, None)

    @pytest.mark.parametrize("text", ["{", "[]", "null"])
    def test_a_malformed_pooling_file_is_named(self, tmp_path, text):
        folder = old_pipeline(tmp_path)
        (folder / "1_Pooling" / "config.json").write_text(text)
        with pytest.raises(ModelError, match=r"1_Pooling.config\.json is malformed"):
            how_to_pool(folder, None)


@pytest.mark.parametrize("lost", ["config.json", "model.safetensors", "tokenizer.json"])
def test_errors_are_three_lines_at_most(tmp_path, lost):
    with pytest.raises(ModelError) as caught:
        how_to_pool(fill(tmp_path, without=lost), None)
    assert len(str(caught.value).splitlines()) <= 3


def test_every_model_has_a_line_of_data():
    rows = json.loads(Path(zoo.__file__).with_name("zoo.json").read_text("utf-8"))
    assert [row["name"] for row in rows] == list(MODELS)
