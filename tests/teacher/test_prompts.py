import json
import re
from pathlib import Path
from typing import Any

import pytest

from ldsim_env.errors import SettingsError
from ldsim_env.teacher.prompts import Course, Template, load_template, readable

TALLY = {"right": 1, "n": 2, "percent": 50}
VALUES: dict[str, Any] = {
    "subject": "chemistry",
    "level": "first year",
    "first": "Moles",
    "second": "Titration",
    "first_text": "",
    "second_text": "",
    "concept": "Moles",
    "text": "",
    "question_text": "",
    "own": {**TALLY, "answers": "right, wrong"},
    "before": [{"concept": "Atoms", "right": 3, "n": 4, "percent": 75}],
    "near": [],
    "overall": {"right": 6, "n": 8, "percent": 75},
}
ALL_BUT_EXAMPLES = 'name="x"\nversion=1\nchoices=["Yes","No"]\nsystem="s"\nparaphrases=["u"]\n'
PACKAGED = ("connected", "grade", "mastery", "stage", "which")


@pytest.mark.parametrize("name", PACKAGED)
def test_packaged_templates_are_for_any_subject(name: str) -> None:
    template = load_template(name)
    assert template.name == name
    for wording in range(len(template.paraphrases)):
        prompt = template.fill(VALUES, wording)
        assert "chemistry" in prompt.system
        assert "Moles" in prompt.user
        assert "math" not in (prompt.system + prompt.user).lower()
        assert "{" not in prompt.system + prompt.user
        assert prompt.template.startswith(f"{name}/{template.version}")


@pytest.mark.parametrize("name", PACKAGED)
def test_optional_texts_are_shown_where_there(name: str) -> None:
    template = load_template(name)
    texts = dict.fromkeys(("text", "first_text", "second_text", "question_text"), "an explanation")
    for wording in range(len(template.paraphrases)):
        assert "an explanation" in template.fill(VALUES | texts, wording).user
        assert "()" not in template.fill(VALUES, wording).user


def test_mastery_is_asked_in_several_wordings_with_labels_of_their_own() -> None:
    template = load_template("mastery")
    prompts = [template.fill(VALUES, wording) for wording in range(len(template.paraphrases))]
    assert len(prompts) >= 2
    assert len({prompt.user for prompt in prompts}) == len({prompt.template for prompt in prompts}) == len(prompts)


@pytest.mark.parametrize("wording", [0, 1, 2])
def test_mastery_tells_answers_counts_and_evidence(wording: int) -> None:
    user = load_template("mastery").fill(VALUES, wording).user
    for told in ("right, wrong", "1 of 2 right", "50%", "Atoms", "3 of 4 right", "75%"):
        assert told in user


@pytest.mark.parametrize("wording", [0, 1, 2])
def test_a_concept_never_met_is_said_to_be_so(wording: int) -> None:
    unmet = {"own": {"right": 0, "n": 0, "percent": 0, "answers": ""}}
    user = load_template("mastery").fill(VALUES | unmet, wording).user
    assert "0 of 0" not in user
    assert "not met" in user or ": none" in user


def test_values_are_not_read_as_templates() -> None:
    sly = "{{ subject }}{% for x in y %}"
    assert sly in load_template("which").fill(VALUES | {"first": sly}).user


def test_a_missing_value_is_named() -> None:
    with pytest.raises(SettingsError, match=r"template 'which'.*no value \('first' is undefined\)"):
        load_template("which").fill({"subject": "art", "level": "school"})


def test_an_unknown_template_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"unknown template 'connect'. Did you mean 'connected'"):
        load_template("connect")


def test_a_template_of_ones_own_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name="mine"\nversion=3\nchoices=["Ja","Nein"]\nsystem="s"\nparaphrases=["Kennt er {{ x }}?"]\n')
    prompt = load_template(path).fill({"x": "Brüche"})
    assert (prompt.user, prompt.template) == ("Kennt er Brüche?", "mine/3")


@pytest.mark.parametrize("content", ["not toml", 'name="x"', "[[]]", ALL_BUT_EXAMPLES + 'examples=[["q", "Yes"]]'])
def test_a_file_that_is_no_template_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(content)
    with pytest.raises(SettingsError, match=r"bad.toml.*expected TOML with name, version"):
        load_template(path)


def test_examples_of_the_subject_become_earlier_turns() -> None:
    template = Template("t", 1, ("Yes", "No"), "s", ("u",), {"art": (("{{ first }}?", "Yes"),)})
    assert template.fill({"first": "A", "subject": "art"}).examples == (("A?", "Yes"),)
    assert template.fill({"first": "A", "subject": "music"}).examples == ()
    assert template.fill({"first": "A"}).examples == ()


@pytest.mark.parametrize("name", ["connected", "grade", "which"])
def test_mathematics_has_examples_and_they_read_like_the_question(name: str) -> None:
    template = load_template(name)
    prompt = template.fill(VALUES | {"subject": "mathematics"})
    assert {answer for _, answer in prompt.examples} <= set(template.choices)
    assert len({answer for _, answer in prompt.examples}) > 1
    first_words = {user[:5] for user, _ in prompt.examples}
    assert first_words == {prompt.user[:5]}
    assert template.fill(VALUES).examples == ()


@pytest.mark.parametrize("name", ["connected", "grade", "which"])
def test_no_example_is_a_concept_that_the_teacher_is_measured_on(name: str, log_folder: Path) -> None:
    concepts = {readable(concept).lower() for concept in json.loads((log_folder / "assist09/skills.json").read_text())}
    examples = load_template(name).examples["mathematics"]
    topics = {topic.lower() for turn, _ in examples for topic in re.findall(r'(?:[12AB]: |")([^"\n]+)', turn)}
    assert len(topics) >= 5
    assert not topics & concepts


def test_a_template_needs_two_choices() -> None:
    with pytest.raises(SettingsError, match="at least 2 different choices"):
        Template("t", 1, ("Yes", "Yes"), "s", ("u",))


def test_an_empty_subject_is_refused() -> None:
    with pytest.raises(SettingsError, match="subject: expected words"):
        Course(subject=" ")


def test_stray_blanks_leave_names() -> None:
    assert readable(" Pattern  Finding ") == "Pattern Finding"
