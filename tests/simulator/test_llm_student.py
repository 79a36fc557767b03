"""The LLM in the loop: a student model whose probabilities are a teacher's answers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError
from ldsim_env.simulator.llm_student import LLMStudent
from ldsim_env.simulator.protocol import State, StudentModel, join_students, select_students
from ldsim_env.teacher.cache import CachedTeacher
from ldsim_env.teacher.prompts import Course
from ldsim_env.teacher.protocol import Prompt
from tests.envs.fake_student import CONCEPTS, small_bank, small_env

BANK = small_bank()


class LoudTeacher:
    """P(Yes) is 0.9 where the digest has more right than wrong answers, else 0.2; abstains from some prompts."""

    model = "loud"

    def __init__(self, silent_about: str = "no such words") -> None:
        self.silent_about = silent_about
        self.asked: list[Prompt] = []

    def score(self, prompts: Sequence[Prompt], choices: Sequence[str]) -> NDArray[np.float64]:
        self.asked += prompts
        likely = np.array([0.9 if one.user.count("right,") >= 1 else 0.2 for one in prompts])
        likely[[self.silent_about in one.user for one in prompts]] = np.nan
        return np.log(np.stack([likely, 1 - likely], axis=1))

    def complete(self, prompts: Sequence[Prompt]) -> list[str | None]:
        raise NotImplementedError


def practised(student: LLMStudent, steps: Sequence[tuple[int, float]], n: int = 1) -> State:
    state = student.start(n)
    for question, response in steps:
        state = student.learn(state, torch.full((n,), question), torch.full((n,), response))
    return state


def test_is_a_student_model() -> None:
    assert isinstance(LLMStudent(LoudTeacher(), BANK), StudentModel)


def test_shapes_and_ranges() -> None:
    student = LLMStudent(LoudTeacher(), BANK)
    state = practised(student, [(0, 1), (5, 0)], n=3)
    one = student.answer_prob(state, torch.tensor([0, 5, 11]))
    several = student.answer_prob(state, torch.tensor([[0, 1], [5, 6], [11, 0]]))
    mastery = student.mastery(state)
    assert (one.shape, several.shape, mastery.shape) == ((3,), (3, 2), (3, 4))
    assert {one.dtype, several.dtype, mastery.dtype} == {torch.float32}
    torch.testing.assert_close(several[:, 0], one)
    assert ((mastery > 0) & (mastery < 1)).all()


def test_teacher_reads_the_digested_history() -> None:
    teacher = LoudTeacher()
    student = LLMStudent(teacher, BANK, course=Course(question_texts={"q5": "Double a half."}))
    state = practised(student, [(0, 1), (3, 1), (1, 0), (4, 1)])
    prob = student.answer_prob(state, torch.tensor([5]))  # on Halves and Cubes
    (prompt,) = teacher.asked
    assert "Skill: Halves" in prompt.user
    assert "in order: right, right" in prompt.user
    assert "Skill: Cubes" in prompt.user
    assert "the student has not met it" in prompt.user
    assert "Overall: 3 of 4 right (75%)" in prompt.user
    assert "The next question: Double a half." in prompt.user
    assert "the next question on Halves and Cubes right?" in prompt.user
    assert prompt.template == "answer/1"
    torch.testing.assert_close(prob, torch.tensor([0.9]))


def test_practice_changes_the_answers_and_no_verb_changes_the_state() -> None:
    student = LLMStudent(LoudTeacher(), BANK)
    before = student.start(1)
    kept = {name: value.clone() for name, value in before.items()}
    after = student.learn(student.learn(before, torch.tensor([0]), torch.tensor([1])), torch.tensor([0]), torch.ones(1))
    assert student.answer_prob(before, torch.tensor([1])) < student.answer_prob(after, torch.tensor([1]))
    student.mastery(before)
    assert all(torch.equal(before[name], kept[name]) for name in kept)


def test_students_are_separate_and_can_be_selected_and_joined() -> None:
    student = LLMStudent(LoudTeacher(), BANK)
    state = join_students([practised(student, [(0, 1), (0, 1)]), practised(student, [(0, 0), (0, 0)])])
    both = student.answer_prob(state, torch.tensor([0, 0]))
    torch.testing.assert_close(both, torch.tensor([0.9, 0.2]))
    swapped = student.answer_prob(select_students(state, [1, 0]), torch.tensor([0, 0]))
    torch.testing.assert_close(swapped, both.flip(0))


def test_oldest_interaction_is_forgotten() -> None:
    teacher = LoudTeacher()
    student = LLMStudent(teacher, BANK, memory=2)
    student.answer_prob(practised(student, [(0, 1), (0, 0), (0, 0)]), torch.tensor([0]))
    assert "Overall: 0 of 2 right" in teacher.asked[0].user


def test_mastery_asks_about_each_concept_once_and_only_about_those_examined() -> None:
    teacher = LoudTeacher()
    LLMStudent(teacher, BANK).mastery(LLMStudent(teacher, BANK).start(5))
    assert len(teacher.asked) == 4  # new students are alike
    teacher.asked.clear()
    student = LLMStudent(teacher, BANK, examined=[2])
    mastery = student.mastery(practised(student, [(0, 1), (0, 1)]))[0]
    assert ["Cubes" in prompt.user for prompt in teacher.asked] == [True]
    torch.testing.assert_close(mastery, torch.tensor([0.75, 0.75, 0.2, 0.75]))  # shares, smoothed, where not asked
    torch.testing.assert_close(student.mastery_of(practised(student, [(0, 1), (0, 1)]), [0]), torch.tensor([[0.9]]))


def test_abstention_falls_back_on_the_share_of_right_answers() -> None:
    student = LLMStudent(LoudTeacher(silent_about="Halves"), BANK)
    state = practised(student, [(3, 1), (3, 1), (0, 0)])
    prob = student.answer_prob(state, torch.tensor([3]))
    torch.testing.assert_close(prob, torch.tensor([3 / 4]))
    assert student.n_abstentions == 1


def test_answer_by_expectation_counts_as_the_likelier_one() -> None:
    teacher = LoudTeacher()
    student = LLMStudent(teacher, BANK)
    student.answer_prob(practised(student, [(0, 0.7), (0, 0.3)]), torch.tensor([0]))
    assert "in order: right, wrong" in teacher.asked[0].user


def test_question_without_a_known_concept() -> None:
    bank = BANK.from_concept_lists("ODD", ["q0", "q1"], [(0,), ()], ["a"])
    prob = LLMStudent(LoudTeacher(), bank).answer_prob(LLMStudent(LoudTeacher(), bank).start(1), torch.tensor([1]))
    torch.testing.assert_close(prob, torch.tensor([0.2]))


def test_cached_answers_are_not_asked_again(tmp_path: Path) -> None:
    teacher = LoudTeacher()
    student = LLMStudent(CachedTeacher(teacher, tmp_path / "cache.db"), BANK)
    first = student.mastery(student.start(2))
    asked = len(teacher.asked)
    torch.testing.assert_close(student.mastery(student.start(2)), first)
    assert len(teacher.asked) == asked == len(BANK.concept_ids)


def test_environment_with_an_llm_in_the_loop() -> None:
    student = LLMStudent(LoudTeacher(), BANK, examined=[0, 1])
    env = small_env(student, targets=[0, 1])  # type: ignore[arg-type]
    env.reset(seed=0, options={"history": []})
    _, _, _, _, info = env.step(0)
    assert info["answer_prob"] == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"memory": 0}, "memory: expected at least 1"), ({"examined": [1, 4]}, r"indices from 0 to 3, got \[4\]")],
)
def test_bad_settings(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        LLMStudent(LoudTeacher(), BANK, **settings)


def test_bank_has_what_these_tests_assume() -> None:
    assert (CONCEPTS[0], CONCEPTS[3], CONCEPTS[5]) == ((0,), (1,), (1, 2))
