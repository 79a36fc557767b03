"""A prompt as a conversation: messages for a chat model, or one text for a model without a chat template."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ldsim_env.teacher.protocol import Prompt

Message = dict[str, str]
CHARACTERS_PER_TOKEN = 4


def messages(prompt: Prompt) -> list[Message]:
    """The system message, the examples as earlier turns, and the question."""
    return [{"role": "system", "content": prompt.system}, *_turns(prompt)]


def messages_without_system(prompt: Prompt) -> list[Message]:
    """The same for models that know no system role: its text opens the first user message."""
    first, *others = _turns(prompt)
    opening = f"{prompt.system}\n\n{first['content']}".strip()
    return [{"role": "user", "content": opening}, *others]


def _turns(prompt: Prompt) -> list[Message]:
    turns = []
    for question, answer in prompt.examples:
        turns += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return [*turns, {"role": "user", "content": prompt.user}]


def plain_text(prompt: Prompt) -> str:
    """One text that a model without a chat template goes on with."""
    shown = "".join(f"{question}\nAnswer: {answer}\n\n" for question, answer in prompt.examples)
    opening = f"{prompt.system}\n\n" if prompt.system else ""
    return f"{opening}{shown}{prompt.user}\nAnswer:"


def estimated_tokens(prompt: Prompt) -> int:
    """About how many tokens a prompt has, where there is no tokenizer to count them."""
    characters = sum(len(message["content"]) for message in messages(prompt))
    return characters // CHARACTERS_PER_TOKEN + 1


class PromptTokenizer:
    """Turns prompts into token ids by a model's own chat template.

    Args:
        tokenizer: A tokenizer of `transformers`.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._has_template = bool(getattr(tokenizer, "chat_template", None))

    def text(self, prompt: Prompt) -> str:
        """The prompt as the model reads it, up to where its answer begins."""
        if not self._has_template:
            return plain_text(prompt)
        from jinja2 import TemplateError  # noqa: PLC0415 - comes with the extra

        try:
            return self._by_template(messages(prompt))
        except TemplateError:  # some templates refuse the system role
            return self._by_template(messages_without_system(prompt))

    def _by_template(self, conversation: Sequence[Message]) -> str:
        # enable_thinking: templates of reasoning models would open a thought where the answer has to come
        text = self._tokenizer.apply_chat_template(
            list(conversation), tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
        return str(text)

    def tokens(self, text: str) -> list[int]:
        """Token ids; a chat template brings its own special tokens."""
        return list(self._tokenizer(text, add_special_tokens=not self._has_template)["input_ids"])

    def prompt_tokens(self, prompt: Prompt) -> list[int]:
        """Token ids of a whole prompt."""
        return self.tokens(self.text(prompt))

    def opening(self, prompt: Prompt) -> list[int]:
        """Token ids that every prompt with the same system message and examples begins with."""
        others = [self.prompt_tokens(replace(prompt, user=user)) for user in ("", "?")]
        return common_prefix([self.prompt_tokens(prompt), *others])

    def choice_tokens(self, prompt: Prompt, choices: Sequence[str]) -> tuple[tuple[int, ...], ...]:
        """Token ids of each choice where it follows ``prompt``."""
        text = self.text(prompt)
        gap = "" if self._has_template else " "
        return tuple(tuple(self._continuation(text, gap + choice)) for choice in choices)

    def _continuation(self, text: str, choice: str) -> list[int]:
        before, after = self.tokens(text), self.tokens(text + choice)
        if after[: len(before)] == before:
            return after[len(before) :]
        return list(self._tokenizer(choice, add_special_tokens=False)["input_ids"])


def common_prefix(rows: Sequence[Sequence[int]]) -> list[int]:
    """What all rows begin with."""
    return list(_while_equal(rows))


def _while_equal(rows: Sequence[Sequence[int]]) -> Iterator[int]:
    for column in zip(*rows, strict=False):
        if any(token != column[0] for token in column):
            return
        yield column[0]
