"""Recipes as files: read, extended, set, run one after another, written back; the shipped ones."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from munjang.data.catalog import find_split
from munjang.errors import InputError
from munjang.train.recipe import (
    DataPart,
    EvaluatePart,
    ModelPart,
    Objective,
    Recipe,
    TeacherPart,
    TrainPart,
)
from munjang.train.recipecheck import check_recipe
from munjang.train.recipefile import (
    copy_recipe,
    load_recipe,
    recipe_names,
    recipe_text,
    to_toml,
)

MINE = """
[model]
base = "모델"

[data.sts]
objective = "cosine"
use = "korsts:train"
"""
SHIPPED = [
    "augment",
    "bart",
    "cosent",
    "distill",
    "domain",
    "domain-tsdae",
    "kobert-nli",
    "kobert-nli-sts",
    "kobert-sts",
    "matryoshka",
    "multitask",
    "sbert-nli",
    "sbert-nli-sts",
    "sbert-sts",
    "simcse-sup",
    "simcse-unsup",
    "simcse-unsup-small",
    "t5",
]
FITS = {
    "softmax": {"kornli", "klue-nli"},
    "contrastive": {"kornli", "klue-nli"},
    "cosine": {"korsts", "klue-sts"},
    "cosent": {"korsts", "klue-sts"},
}
"""The data sets that an objective learns from; what wants sentences learns from all."""


@pytest.fixture
def write(tmp_path):
    """Writes a recipe's file and returns its path."""

    def put(text, name="mine.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return put


def refusal(name, *changes):
    with pytest.raises(InputError) as caught:
        load_recipe(name, settings=changes)
    assert str(caught.value).count("\n") <= 2
    return str(caught.value)


# The shipped recipes.


def test_the_shipped_recipes_are_these():
    assert recipe_names() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_recipe_is_short_and_begins_with_its_command(name):
    lines = recipe_text(name).splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 100
    assert re.fullmatch(rf"# munjang train {name}( --[a-z]+ [\w.]+)*", lines[0])
    assert lines[1].startswith("# Time: ")
    assert lines[2].startswith("# Score")
    comments = [line for line in lines if line.startswith("#")]
    assert lines[: len(comments)] == comments
    assert sum(line.startswith("# Differs: ") for line in comments) == 1
    assert not any("#" in line for line in lines[len(comments) :])


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_recipe_loads_and_is_written_back(name, write):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.what
    assert recipe.source
    assert load_recipe(write(to_toml(recipe), "another.toml")) == recipe


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_recipe_trains_on_what_may_be_trained_on(name):
    recipe = load_recipe(name)
    for stage in (recipe, *([recipe.before] if recipe.before else [])):
        assert not stage.insist
        for part in stage.data.values():
            sources = [ref.split(":") for ref in part.use]
            assert not any(find_split(*source).never_train for source in sources)
            if part.labels == "gold":
                fits = FITS.get(part.objective, {source[0] for source in sources})
                assert {source[0] for source in sources} <= fits
        for ref in (stage.evaluate.dev, *stage.evaluate.report):
            assert find_split(*ref.split(":")).never_train


def test_published_settings():
    nli, sts = load_recipe("sbert-nli"), load_recipe("sbert-sts")
    assert (nli.data["nli"].objective, nli.model.pooling) == ("softmax", "mean")
    assert (nli.train.batch_size, nli.train.epochs, nli.evaluate.every) == (32, 1, 1000)
    assert (sts.train.batch_size, sts.train.epochs, sts.train.warmup) == (32, 4, 0.1)
    kobert = load_recipe("kobert-sts")
    assert (kobert.train.batch_size, kobert.train.epochs, kobert.evaluate.every) == (16, 8, 100)
    assert kobert.data == sts.data
    both = load_recipe("kobert-nli-sts")
    assert both.before == load_recipe("kobert-nli")
    assert (both.train.batch_size, both.train.epochs, both.train.seed) == (16, 4, 33)
    simcse = load_recipe("simcse-sup")
    assert (simcse.train.batch_size, simcse.train.learning_rate) == (256, 5e-5)
    assert (simcse.model.pooling, simcse.data["nli"].temperature) == ("cls", 0.05)
    t5 = load_recipe("t5")
    assert (t5.train.learning_rate, t5.train.weight_decay, t5.train.warmup) == (1e-4, 0.1, 0.01)
    assert (t5.model.base, t5.model.max_tokens) == ("KETI-AIR/ke-t5-base", 110)
    assert load_recipe("sbert-nli-sts").before == nli
    assert load_recipe("domain").data["text"].use == ()


def test_options_that_the_comments_name():
    angle = load_recipe("cosent", settings=["data.sts.objective=angle"])
    assert angle.data["sts"].objective == "angle"
    assert load_recipe("simcse-sup", settings=["model.head=mlp"]).model.head == "mlp"
    assert load_recipe("matryoshka", settings=["train.dims=[]"]).train.dims == ()
    assert load_recipe("sbert-nli-sts", settings=["train.dims=[384,128]"]).train.dims == (384, 128)
    small = ["model.base=klue/roberta-small", "model.layers=false", "model.pooling=mean"]
    assert load_recipe("distill", settings=small).model.layers is None
    report = ["evaluate.dev=mine.tsv", 'evaluate.report=["mine.tsv", "korsts:test"]']
    assert load_recipe("domain", settings=report).evaluate.report == ("mine.tsv", "korsts:test")


def test_an_unknown_recipe_gets_the_nearest():
    assert "did you mean 'simcse-sup'" in refusal("simcse-supp")
    for ask in (recipe_text, lambda name: copy_recipe(name, "out.toml")):
        with pytest.raises(InputError, match="unknown recipe 'simsce-sup'"):
            ask("simsce-sup")
    with pytest.raises(InputError, match="unknown recipe"):
        recipe_text("../recipes/bart")


def test_copies_are_the_same_and_overwrite_nothing(tmp_path):
    path = copy_recipe("kobert-nli-sts", tmp_path / "내것.toml")
    assert path.read_text("utf-8") == recipe_text("kobert-nli-sts")
    copied = load_recipe(path)
    assert copied.name == "내것"
    assert replace(copied, name="kobert-nli-sts") == load_recipe("kobert-nli-sts")
    assert copy_recipe("bart", tmp_path) == tmp_path / "bart.toml"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="is there already"):
        copy_recipe("bart", path)
    assert path.read_text("utf-8") == "mine"
    with pytest.raises(InputError, match=r"ends in \.toml"):
        copy_recipe("bart", tmp_path / "bart.txt")


# Files.


def test_a_file_is_called_by_its_stem_or_as_it_says(write):
    assert load_recipe(write(MINE, "우리것.toml")).name == "우리것"
    assert load_recipe(str(write(f'name = "이름"\n{MINE}'))).name == "이름"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[model\n", "is not TOML\nfound: .*line 1"),
        ("base = '모델'".encode("cp949"), "is not TOML\nfound: .*decode"),
        (b"[model]\nbase = 1\nbase = 2\n", "is not TOML"),
    ],
)
def test_a_file_that_is_no_toml(tmp_path, content, message):
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    assert re.search(message, refusal(path))


def test_a_file_with_a_mark_and_windows_line_ends(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xef\xbb\xbf" + MINE.replace("\n", "\r\n").encode())
    assert load_recipe(path).model.base == "모델"


def test_a_file_that_is_not_there_or_lacks_something(write, tmp_path):
    assert "cannot read the recipe" in refusal(tmp_path / "none.toml")
    assert "cannot read the recipe" in refusal(tmp_path)
    assert "says no model.base" in refusal(write('[data.a]\nobjective = "cosine"'))
    assert "says no data.a.objective" in refusal(write('[model]\nbase = "b"\n[data.a]\nuse = "c"'))
    assert "says no teacher.model" in refusal(write(f"{MINE}[teacher]\npairs = 3"))
    assert "has no data set" in refusal(write('[model]\nbase = "b"'))


def test_an_error_names_the_file_and_the_key(write):
    path = write(f"{MINE}[train]\nbatch_sise = 3")
    assert str(path) in refusal(path)
    assert "[train]" in refusal(path)
    assert "did you mean 'batch_size'" in refusal(path)


# What extends another.


def test_a_file_extends_a_shipped_recipe_key_by_key(write):
    recipe = load_recipe(
        write(
            """
            extends = "simcse-sup"
            [data.nli]
            rows = 1000
            [data.sts]
            objective = "cosent"
            use = ["korsts:train"]
            [train]
            seed = 7
            """
        )
    )
    parent = load_recipe("simcse-sup")
    assert recipe.name == "mine"
    assert (recipe.what, recipe.model) == (parent.what, parent.model)
    assert recipe.data["nli"] == replace(parent.data["nli"], rows=1000)
    assert list(recipe.data) == ["nli", "sts"]
    assert recipe.train == replace(parent.train, seed=7)


def test_a_file_extends_one_beside_it(write, tmp_path, monkeypatch):
    write(
        f'name = "어머니"\n{MINE}[data.sts.columns]\nscore = "점수"\nsentence1 = "하나"', "p.toml"
    )
    path = write('extends = "p.toml"\n[data.sts.columns]\nscore = "값"')
    monkeypatch.chdir(tmp_path.parent)
    recipe = load_recipe(path)
    assert recipe.name == "mine"
    assert recipe.data["sts"].columns == {"score": "값", "sentence1": "하나"}


def test_only_one_level_is_extended(write):
    write('extends = "bart"', "middle.toml")
    said = refusal(write('extends = "middle.toml"'))
    assert "which extends another" in said
    assert "bart" in said
    assert "unknown recipe 'brat'" in refusal(write('extends = "brat"'))
    assert "cannot read the recipe" in refusal(write('extends = "none.toml"'))


def test_an_error_of_what_is_extended_names_it(write):
    parent = write(f"{MINE}[train]\nepoch = 3", "parent.toml")
    assert str(parent) in refusal(write('extends = "parent.toml"'))


def test_false_takes_away_what_is_inherited(write):
    write(f'before = "sbert-nli"\n{MINE}rows = 9', "parent.toml")
    recipe = load_recipe(write('extends = "parent.toml"\nbefore = false\n[data.sts]\nrows = false'))
    assert recipe.before is None
    assert recipe.data["sts"].rows is None
    assert load_recipe("bart", settings=["model.pooling=false"]).model.pooling is None
    loose = load_recipe("bart", settings=["model.max_tokens=false"])
    assert loose.model.max_tokens is None
    assert "max_tokens = false" in to_toml(loose)


# Epochs or steps.


def test_epochs_and_steps_replace_each_other(write):
    assert load_recipe("sbert-sts", settings=["train.steps=3"]).train == replace(
        load_recipe("sbert-sts").train, steps=3, epochs=1.0
    )
    write(f"{MINE}[train]\nsteps = 30", "steps.toml")
    child = load_recipe(write('extends = "steps.toml"\n[train]\nepochs = 2'))
    assert (child.train.steps, child.train.epochs) == (None, 2)
    again = load_recipe(write(to_toml(child)), settings=["train.steps=9"])
    assert (again.train.steps, again.train.epochs) == (9, 1)


def test_epochs_and_steps_in_one_place_exclude_each_other(write):
    path = write(f"{MINE}[train]\nsteps = 30\nepochs = 1")
    assert "train.steps and train.epochs in" in refusal(path)
    assert "exclude each other" in refusal("bart", "train.steps=3", "train.epochs=1")
    recipe = load_recipe("bart", settings=["train.epochs=3", "train.steps=false"])
    assert recipe.train.epochs == 3


# Settings.


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("train.batch_size=128", 128),
        ("train.batch_size = 128", 128),
        ("train.learning_rate=1e-4", 1e-4),
        ("train.epochs=3", 3.0),
        ("train.compile=true", True),
        ("train.dims=[384, 128]", (384, 128)),
        ("train.dims=128", (128,)),
        ("train.precision=fp32", "fp32"),
        ('train.precision="fp32"', "fp32"),
        ("model.base=klue/roberta-base", "klue/roberta-base"),
        ("model.base=2024", "2024"),
        ("model.base=true", "true"),
        ("model.base=a=b", "a=b"),
        ('model.base="it\'s"', "it's"),
        ("model.prompt=[문장] ", "[문장] "),
        ("model.prompt=질문: ", "질문: "),
        ("model.prompt=", ""),
        ("model.normalize=true", True),
        ("evaluate.dev=", ""),
        ("evaluate.report=", ()),
        ("evaluate.report=내 문장쌍.tsv", ("내 문장쌍.tsv",)),
        ("evaluate.hold_out=stylekqc:test", ("stylekqc:test",)),
        ('evaluate.hold_out=["문의.txt", "klue-nli:dev"]', ("문의.txt", "klue-nli:dev")),
        ('evaluate.report=["a.tsv", "b.tsv"]', ("a.tsv", "b.tsv")),
        ("data.sts.use=2024", ("2024",)),
        ("data.sts.columns.score=점수", "점수"),
        ('data.sts.columns={score = "점수"}', {"score": "점수"}),
        ("name=이름", "이름"),
        ("insist=klue-nli:dev", ("klue-nli:dev",)),
    ],
)
def test_a_setting_replaces_a_value(write, change, value):
    found = load_recipe(write(MINE), settings=[change])
    for key in change.partition("=")[0].strip().split("."):
        found = (
            found[key] if isinstance(found, dict) and key in found else getattr(found, key, found)
        )
    assert found == value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("train.batch_sise=3", "did you mean 'batch_size'"),
        ("batch_size=3", "unknown key of settings 'batch_size'"),
        ("trian.epochs=3", "did you mean 'train'"),
        ("data.stss.use=a.tsv", "did you mean 'sts'"),
        ("data.sts.objective=cosin", "did you mean 'cosine'"),
        ("train.epochs=viel", "train.epochs in settings must be a number"),
        ("train.epochs=0", "train.epochs of recipe mine must be more than 0"),
        ("train.batch_size=1.5", "must be a whole number"),
        ("train.compile=True", "must be true or false"),
        ("train=3", "train in settings must be a table"),
        ("train.epochs.more=3", "train.epochs in settings must be a number"),
        ("train.batch_size", "a setting is KEY=VALUE"),
        ("=3", "a setting is KEY=VALUE"),
        ("train..epochs=3", "a setting is KEY=VALUE"),
        ("evaluate.report=[a.tsv, b.tsv]", "looks like a list"),
        ("train.epochs=1\ntrain.seed = 2", "must be a number"),
        ("extends=bart", "unknown key of settings 'extends'"),
        ("before.train.epochs=2", "has no recipe before it"),
        ("data.sts.mini_batch=8", "exclude each other"),
        ("data.sts.per_group=2", "exclude each other"),
        ("data.sts.per_group=모두", "data.sts.per_group in settings must be a whole number"),
    ],
)
def test_a_setting_that_cannot_be(write, change, message):
    assert message in refusal(write(MINE), change)


def test_pairs_of_a_group_are_a_setting_that_false_takes_away(write):
    text = MINE.replace("cosine", "contrastive") + "per_group = 3"
    assert load_recipe(write(text)).data["sts"].per_group == 3
    assert load_recipe(write(text), settings=["data.sts.per_group=1"]).data["sts"].per_group == 1
    settings = ["data.sts.per_group=false"]
    assert load_recipe(write(text), settings=settings).data["sts"].per_group is None


def test_settings_add_a_data_set_in_any_order_and_the_last_one_holds(write):
    changes = ["data.nli.use=kornli:snli", "data.nli.objective=contrastive"]
    recipe = load_recipe(write(MINE), settings=[*changes, "train.seed=1", "train.seed=2"])
    assert recipe.data["nli"] == DataPart(objective="contrastive", use=("kornli:snli",))
    assert recipe.train.seed == 2


# What is run before.


def test_settings_reach_the_recipe_that_is_run_before(write):
    changes = ["before.train.epochs=2", "train.seed=5", "before.data.nli.rows=9"]
    recipe = load_recipe("sbert-nli-sts", settings=changes)
    plain = load_recipe("sbert-nli-sts")
    assert recipe.train == replace(plain.train, seed=5)
    assert recipe.before.train == replace(plain.before.train, epochs=2)
    assert recipe.before.data["nli"].rows == 9
    assert "did you mean 'epochs'" in refusal("sbert-nli-sts", "before.train.epoch=2")
    assert "has no recipe before it" in refusal("sbert-nli-sts", "before.before.train.seed=2")


def test_the_switch_is_a_key_like_any_other(write):
    """Of the stage that sets it; what a file extends may set it, and false is no number."""
    changes = ["before.train.robust=0.25"]
    recipe = load_recipe("sbert-nli-sts", settings=changes)
    assert (recipe.train.robust, recipe.before.train.robust) == (0.0, 0.25)
    recipe = load_recipe("sbert-nli-sts", settings=["train.robust=1"])
    assert (recipe.train.robust, recipe.before.train.robust) == (1.0, 0.0)
    path = write('[train]\nrobust = 0.5\n[model]\nbase = "모델"\n[data.sts]\nobjective = "cosine"')
    above = write(f'extends = "{path.name}"\n[train]\nepochs = 2', "child.toml")
    assert load_recipe(above).train.robust == 0.5
    assert load_recipe(above, settings=["train.robust=0"]).train.robust == 0.0
    assert "train.robust" in refusal("cosent", "train.robust=false")


def test_the_base_reaches_the_first_of_all(write):
    chain = write('extends = "sbert-sts"\nbefore = "sbert-nli-sts"')
    for path in (chain, write(to_toml(load_recipe(chain)), "resolved.toml")):
        recipe = load_recipe(path, settings=["model.base=내 모델"])
        stages = [recipe, recipe.before, recipe.before.before]
        assert [stage.model.base for stage in stages] == ["내 모델"] * 3
    apart = load_recipe(chain, settings=["model.base=가", "before.before.model.base=나"])
    assert [apart.model.base, apart.before.before.model.base] == ["가", "나"]


def test_a_named_recipe_is_run_on_this_ones_base(write):
    recipe = load_recipe(write(f'before = "sbert-nli"\n{MINE}'))
    assert recipe.before.model == replace(load_recipe("sbert-nli").model, base="모델")
    own = write('before = "sbert-nli"\n[data.sts]\nobjective = "cosine"')
    assert load_recipe(own).model.base == "klue/bert-base"


def test_a_table_is_run_before(write):
    text = f"""{MINE}
    [before]
    extends = "sbert-nli"
    [before.train]
    seed = 3
    """
    first = load_recipe(write(text)).before
    assert (first.name, first.train.seed, first.model.base) == ("before", 3, "klue/bert-base")
    bare = f'{MINE}[before.data.nli]\nobjective = "softmax"\nuse = "kornli:snli"'
    assert load_recipe(write(bare)).before.model.base == "모델"
    assert "key of [train] in [before] of " in refusal(write(f"{bare}\n[before.train]\nepoch = 3"))
    told = load_recipe(write(bare), settings=["model.base=다른 모델"])
    assert told.before.model.base == "다른 모델"


def test_a_recipe_is_not_run_before_itself(write):
    write(f'before = "b.toml"\n{MINE}', "a.toml")
    path = write(f'before = "a.toml"\n{MINE}', "b.toml")
    assert "is run before itself" in refusal(path)
    assert "unknown recipe 'sbert'" in refusal(write(f'before = "sbert"\n{MINE}'))


# Written and read again.

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
names = st.from_regex(r"[\w-]+", fullmatch=True).map(lambda name: name[:8])
counts = st.integers(1, 10**6)
shares = st.floats(min_value=1e-9, max_value=1e3)
lists = st.lists(texts, max_size=3).map(tuple)
columns = st.dictionaries(texts, texts, max_size=2)
models = st.builds(
    ModelPart,
    base=texts,
    pooling=st.none() | texts,
    normalize=st.none() | st.booleans(),
    prompt=st.none() | texts,
    max_tokens=st.none() | st.integers(4, 10**4),
    layers=st.none() | counts,
)
plain_parts = st.builds(
    DataPart,
    objective=st.sampled_from([name for name in get_args(Objective) if name != "distill"]),
    use=lists,
    columns=columns,
    encoding=texts,
    triplets=st.sampled_from(["last", "random", "product", "zip"]),
    rows=st.none() | counts,
    times=counts,
    batch_size=st.none() | st.integers(2, 10**4),
    temperature=shares,
    weight=shares,
)
grouped_parts = st.builds(
    DataPart, objective=st.just("contrastive"), use=lists, per_group=st.none() | counts
)
parts = plain_parts | grouped_parts
loops = st.builds(
    TrainPart,
    batch_size=st.integers(2, 10**4),
    learning_rate=shares,
    schedule=st.sampled_from(["linear", "cosine", "constant"]),
    warmup=st.floats(0, 1) | counts.map(float),
    weight_decay=shares,
    max_grad_norm=shares,
    accumulate=counts,
    precision=st.sampled_from(["auto", "fp32", "bf16"]),
    seed=st.integers(0, 2**32 - 1),
    window=counts,
    drop_last=st.booleans(),
    checkpoint_activations=st.booleans(),
    compile=st.booleans(),
)
lengths = st.fixed_dictionaries({"epochs": shares}) | st.fixed_dictionaries({"steps": counts})
looks = st.builds(
    EvaluatePart,
    dev=texts,
    every=counts,
    report=lists,
    hold_out=lists,
    columns=columns,
)


@st.composite
def recipes(draw, *, stages=1):
    """Recipes that pass the check, with up to so many run before."""
    data = draw(st.dictionaries(names, parts, min_size=1, max_size=3))
    teacher = None
    if draw(st.booleans()):
        teacher = draw(st.builds(TeacherPart, model=texts, pairs=counts, learning_rate=shares))
        data["학생"] = draw(st.just(DataPart(objective="distill", use=("글.txt",))))
    evaluate = draw(looks)
    return Recipe(
        name=draw(texts.filter(str.strip)),
        what=draw(texts),
        source=draw(texts),
        model=draw(models),
        data=data,
        train=replace(draw(loops), **draw(lengths)),
        evaluate=evaluate,
        teacher=teacher,
        before=draw(st.none() | recipes(stages=stages - 1)) if stages else None,
        insist=tuple(ref for ref in draw(lists) if ref not in evaluate.hold_out),
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(recipe=recipes())
def test_what_is_written_is_read_as_it_was(tmp_path, recipe):
    check_recipe(recipe)
    path = tmp_path / "written.toml"
    path.write_text(to_toml(recipe), encoding="utf-8", newline="\n")
    assert load_recipe(path) == recipe


def test_what_is_written_is_in_order_and_complete():
    text = to_toml(load_recipe("sbert-nli-sts", settings=["train.steps=7", 'name="\\"\\u007f"']))
    assert re.findall(r"^\[(.*)\]$", text, re.MULTILINE) == [
        *("model", "data.sts", "train", "evaluate"),
        *(f"before{table}" for table in ("", ".model", ".data.nli", ".train", ".evaluate")),
    ]
    assert text.startswith('name = "\\"\\u007f"\nwhat = "')
    assert "learning_rate = 2e-5\n" in text
    first, second = text.split("[before]")
    assert "steps = 7" in first
    assert "epochs" not in first
    assert "epochs = 1.0" in second
