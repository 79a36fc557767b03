"""The local teacher, on random models: every shortcut gives what reading each prompt alone would give."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from ldsim_env.errors import SettingsError
from ldsim_env.teacher.local_model import ModelSource, find_model
from ldsim_env.teacher.protocol import Prompt, Teacher
from ldsim_env.teacher.transformers_backend import TransformersTeacher
from tests.teacher.tiny_model import CHAT_TEMPLATE, NO_SYSTEM, save_tiny_model

pytest.importorskip("transformers")
SYSTEM = "You are a teacher."
EXAMPLES = (("Is 1 < 2?", "Yes"), ("Is 3 < 2?", "No"))
PROMPTS = [Prompt(SYSTEM, f"Is {i} before {'x' * (i % 7)}?", EXAMPLES, "t/1") for i in range(11)]


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp(request.param), request.param)


def teacher_of(folder: Path, **settings: object) -> TransformersTeacher:
    return TransformersTeacher(str(folder), **{"dtype": "float32", "device": "cpu", "least_mass": 0.0, **settings})


def naive_log_prob(folder: Path, text: str, choice: str) -> float:
    """Sum of the log-probabilities of the choice's tokens, each from one forward pass over everything before it."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokens, total = tokenizer(text, add_special_tokens=False)["input_ids"], 0.0
    for token in tokenizer(choice, add_special_tokens=False)["input_ids"]:
        with torch.no_grad():
            total += float(model(torch.tensor([tokens])).logits[0, -1].log_softmax(-1)[token])
        tokens = [*tokens, token]
    return total


def text_of(prompt: Prompt) -> str:
    turns = [("system", prompt.system)]
    for question, answer in prompt.examples:
        turns += [("user", question), ("assistant", answer)]
    shown = "".join(f"<|start|>{role}\n{text}<|end|>\n" for role, text in [*turns, ("user", prompt.user)])
    return f"{shown}<|start|>assistant\n"


@pytest.mark.parametrize("choices", [("Yes", "No"), ("Addition", "Yes", "later")])
def test_scores_are_those_of_the_naive_computation(folder: Path, choices: tuple[str, ...]) -> None:
    scores = teacher_of(folder, batch_size=4).score(PROMPTS, choices)
    for prompt, row in zip(PROMPTS[:3], scores, strict=False):
        naive = np.array([naive_log_prob(folder, text_of(prompt), choice) for choice in choices])
        np.testing.assert_allclose(row, naive - np.logaddexp.reduce(naive), atol=1e-4)


def test_a_choice_that_begins_another_counts_as_far_as_it_ends_there(folder: Path) -> None:
    score = teacher_of(folder).score(PROMPTS[:1], ("1", "10", "2"))[0]
    one, ten, two = (naive_log_prob(folder, text_of(PROMPTS[0]), choice) for choice in ("1", "10", "2"))
    alone = np.log(np.exp(one) - np.exp(ten))
    np.testing.assert_allclose(score, np.array([alone, ten, two]) - np.logaddexp.reduce([alone, ten, two]), atol=1e-4)


def test_batches_change_nothing(folder: Path) -> None:
    together = teacher_of(folder, batch_size=16).score(PROMPTS, ("Yes", "No"))
    alone = np.concatenate([teacher_of(folder, batch_size=1).score([prompt], ("Yes", "No")) for prompt in PROMPTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_half_precision_has_no_ties(folder: Path) -> None:
    odds = np.diff(teacher_of(folder, dtype="bfloat16").score(PROMPTS, ("Yes", "No")))[:, 0]
    exact = np.diff(teacher_of(folder).score(PROMPTS, ("Yes", "No")))[:, 0]
    np.testing.assert_allclose(odds, exact, atol=0.2)
    assert not np.isclose(odds * 128, np.round(odds * 128), atol=1e-3).all()


def test_rows_are_log_probabilities_and_keep_the_order(folder: Path) -> None:
    scores = teacher_of(folder).score(PROMPTS, ("Yes", "No"))
    assert scores.shape == (11, 2)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(np.exp(scores).sum(axis=1), 1)
    backwards = teacher_of(folder).score(PROMPTS[::-1], ("Yes", "No"))
    np.testing.assert_allclose(backwards[::-1], scores, atol=1e-5)


def test_shared_prefix_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher = teacher_of(folder, batch_size=4)
    read = []
    forward = type(teacher._weights).forward

    def counting(self: object, *args: object, **kwargs: object) -> object:
        read.append(tuple(kwargs["input_ids"].shape))
        return forward(self, *args, **kwargs)

    monkeypatch.setattr(type(teacher._weights), "forward", counting)
    teacher.score(PROMPTS, ("Yes", "No"))
    teacher.score(PROMPTS[:2], ("Yes", "No"))
    teacher.score(PROMPTS[2:4], ("Yes", "No"))
    prefixes = [length for n, length in read if n == 1]
    assert [n for n, _ in read].count(1) == 2  # one for the large call, one for both small ones
    assert all(length < min(prefixes) for n, length in read if n > 1)


def test_families_that_share_more_change_nothing(folder: Path) -> None:
    names = ("circle", "area", "area of a circle", "slope")
    pairs = [Prompt(SYSTEM, f"First: {a}, second: {b}", EXAMPLES) for a in names for b in (*names, "y", "z", "mean")]
    teacher, alone = teacher_of(folder, batch_size=2), teacher_of(folder, batch_size=100)
    scores = teacher.score(pairs, ("Yes", "No"))
    np.testing.assert_allclose(scores, alone.score(pairs, ("Yes", "No")), atol=1e-4)
    assert teacher.count_tokens(pairs) < alone.count_tokens(pairs)


def test_several_conversations_in_one_call(folder: Path) -> None:
    mixed = [PROMPTS[0], Prompt("Another teacher.", "Is it?"), PROMPTS[1]]
    scores = teacher_of(folder).score(mixed, ("Yes", "No"))
    alone = np.concatenate([teacher_of(folder).score([prompt], ("Yes", "No")) for prompt in mixed])
    np.testing.assert_allclose(scores, alone, atol=1e-5)


def test_model_without_chat_template(tmp_path: Path) -> None:
    folder = save_tiny_model(tmp_path / "plain", template="")
    score = teacher_of(folder).score(PROMPTS[:1], ("Yes", "No"))[0]
    shown = "".join(f"{question}\nAnswer: {answer}\n\n" for question, answer in EXAMPLES)
    text = f"{SYSTEM}\n\n{shown}{PROMPTS[0].user}\nAnswer:"
    naive = np.array([naive_log_prob(folder, text, choice) for choice in (" Yes", " No")])
    np.testing.assert_allclose(score, naive - np.logaddexp.reduce(naive), atol=1e-4)


def test_template_that_refuses_a_system_role(tmp_path: Path) -> None:
    folder = save_tiny_model(tmp_path / "strict", template=NO_SYSTEM + CHAT_TEMPLATE)
    score = teacher_of(folder).score([Prompt("Be brief.", "Is it?")], ("Yes", "No"))[0]
    text = "<|start|>user\nBe brief.\n\nIs it?<|end|>\n<|start|>assistant\n"
    naive = np.array([naive_log_prob(folder, text, choice) for choice in ("Yes", "No")])
    np.testing.assert_allclose(score, naive - np.logaddexp.reduce(naive), atol=1e-4)


def test_off_topic_is_an_abstention(folder: Path) -> None:
    assert np.isnan(teacher_of(folder, least_mass=0.999).score(PROMPTS[:2], ("Yes", "No"))).all()


def test_prompt_longer_than_the_model_reads_is_an_abstention(folder: Path) -> None:
    scores = teacher_of(folder).score([Prompt(SYSTEM, "x" * 600), PROMPTS[0]], ("Yes", "No"))
    assert np.isnan(scores[0]).all()
    assert np.isfinite(scores[1]).all()


def test_texts_are_bounded_and_the_same_in_any_batch(folder: Path) -> None:
    teacher = teacher_of(folder, max_new_tokens=5, batch_size=3)
    texts = teacher.complete(PROMPTS[:5])
    assert texts == [teacher_of(folder, max_new_tokens=5).complete([prompt])[0] for prompt in PROMPTS[:5]]
    assert all(text is None or 0 < len(text) <= 5 * max(map(len, ["ition"])) for text in texts)
    assert any(texts)


def test_text_is_the_likeliest_continuation(folder: Path) -> None:
    text = teacher_of(folder, max_new_tokens=1).complete(PROMPTS[:1])[0]
    assert text is not None
    others = [naive_log_prob(folder, text_of(PROMPTS[0]), choice) for choice in ("Yes", "No", "a", "7")]
    assert naive_log_prob(folder, text_of(PROMPTS[0]), text) >= max(others)


def test_no_prompts(folder: Path) -> None:
    assert teacher_of(folder).score([], ("Yes", "No")).shape == (0, 2)
    assert teacher_of(folder).complete([]) == []


def test_is_a_teacher(folder: Path) -> None:
    assert isinstance(teacher_of(folder), Teacher)


def test_name_follows_the_content_and_not_the_place(folder: Path, tmp_path: Path) -> None:
    (tmp_path / folder.name).symlink_to(folder)
    other = save_tiny_model(tmp_path / "other" / folder.name, seed=1)
    assert teacher_of(tmp_path / folder.name).model == teacher_of(folder).model
    assert teacher_of(folder).model.startswith(f"{folder.name}@")
    assert teacher_of(other).model != teacher_of(folder).model


def test_name_needs_no_weights(folder: Path) -> None:
    teacher = teacher_of(folder)
    assert teacher.model
    assert teacher.count_tokens(PROMPTS) > 0
    assert "_weights" not in vars(teacher)


def test_shared_tokens_are_counted_once(folder: Path) -> None:
    teacher = teacher_of(folder)
    one = len(text_of(PROMPTS[0]))
    assert teacher.count_tokens(PROMPTS) < one + 10 * len("Is 10 before xxxxxx?" + "<|end|>\n<|start|>assistant\n")


def test_time_is_measured(folder: Path) -> None:
    teacher = teacher_of(folder, batch_size=2)
    assert teacher.seconds_for(PROMPTS) > 0
    assert teacher.seconds_for([]) == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 0}, "batch_size: expected at least 1, got 0"),
        ({"max_new_tokens": 0}, "max_new_tokens: expected at least 1"),
        ({"least_mass": 1.0}, "least_mass: expected a probability below 1"),
        ({"dtype": "bf16"}, "unknown dtype 'bf16'. Did you mean 'bfloat16'"),
    ],
)
def test_bad_settings(folder: Path, settings: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        teacher_of(folder, **settings)


def test_bad_models(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"there is no folder or \.gguf file"):
        TransformersTeacher(str(tmp_path / "absent"))
    with pytest.raises(SettingsError, match=r"holds neither config\.json nor a \.gguf file"):
        TransformersTeacher(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(SettingsError, match="transformers can't load"):
        TransformersTeacher(str(tmp_path)).score(PROMPTS[:1], ("Yes", "No"))


def test_gguf_files_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").touch()
    expected = ModelSource(str(tmp_path), "a.gguf", tmp_path)
    assert find_model(str(tmp_path)) == find_model(str(tmp_path / "a.gguf")) == expected
    (tmp_path / "b.gguf").touch()
    assert find_model(str(tmp_path / "a.gguf")) == expected
    with pytest.raises(SettingsError, match=r"holds 2 \.gguf files: name one of them"):
        find_model(str(tmp_path))
    assert find_model("owner/name") == ModelSource("owner/name")


@pytest.mark.parametrize("choices", [("Yes",), ("Yes", "yes "), ("Yes", "")])
def test_choices_must_differ(folder: Path, choices: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match="choices: expected at least two different short answers"):
        teacher_of(folder).score(PROMPTS[:1], choices)


@pytest.mark.slow
def test_smollm2_end_to_end() -> None:
    home = Path(os.environ.get("LDSIM_LLM", Path.home() / ".cache" / "ldsim" / "llm"))
    folder = home / "smollm2"
    if not (folder / "config.json").is_file():
        pytest.skip(f"no SmolLM2-135M at {folder}; fetch it with fetch-llm.py smollm2, or set LDSIM_LLM")
    teacher = TransformersTeacher(str(folder), device="cpu", batch_size=2)
    questions = ["Is addition taught before calculus?", "Is Paris a city?", "Is ice hot?"]
    prompts = [Prompt("Answer Yes or No.", question, (("Is snow white?", "Yes"),)) for question in questions]
    scores = teacher.score(prompts, ("Yes", "No"))
    np.testing.assert_allclose(np.exp(scores).sum(axis=1), 1)
    full = TransformersTeacher(str(folder), device="cpu", dtype="float32", batch_size=1)
    np.testing.assert_allclose(np.exp(scores), np.exp(full.score(prompts, ("Yes", "No"))), atol=0.05)
    short = TransformersTeacher(str(folder), device="cpu", max_new_tokens=4)
    assert all(short.complete(prompts[:1]))
