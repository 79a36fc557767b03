"""A local language model as the teacher, by `transformers`: choices are scored, nothing has to be generated."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError, unknown_name
from ldsim_env.teacher.answers import FAILED, OFF_TOPIC, Answer, AnsweringTeacher, checked_choices, normalised
from ldsim_env.teacher.chat import PromptTokenizer, common_prefix
from ldsim_env.teacher.choice_tokens import ChoiceTokens, Tokens
from ldsim_env.teacher.families import Row, families, tokens_to_read
from ldsim_env.teacher.local_model import DTYPES, find_model, load, load_weights, model_name
from ldsim_env.teacher.protocol import Prompt

if TYPE_CHECKING:
    from ldsim_env.teacher.prefix_cache import PrefixedModel

Batch = list[Row]


class TransformersTeacher(AnsweringTeacher):
    """Asks a causal language model that runs in this process; loaded when it is first asked.

    A choice's score is the log-probability of its tokens right after the prompt. Prompts are read in right-padded
    batches, and what they begin with (system message, examples, a concept that many name first) is computed once.

    Args:
        model: A folder in Hugging Face format, a ``.gguf`` file or a folder with one, or an id on the hub.
        device: ``"auto"`` (the accelerator where there is one), or a device of torch.
        dtype: ``"auto"`` (bfloat16 where the device computes in it, else float32) or one of ``bfloat16``,
            ``float16``, ``float32``.
        batch_size: Prompts read at a time, at least 1.
        max_new_tokens: The most tokens of a text, at least 1.
        least_mass: With less than this probability on all choices together, the answer is off-topic: an abstention.

    Raises:
        SettingsError: If a setting is out of range or there is no such model.
    """

    def __init__(
        self,
        model: str,
        *,
        device: str = "auto",
        dtype: str = "auto",
        batch_size: int = 16,
        max_new_tokens: int = 256,
        least_mass: float = 0.01,
    ) -> None:
        for name, value in (("batch_size", batch_size), ("max_new_tokens", max_new_tokens)):
            if value < 1:
                raise SettingsError(f"{name}: expected at least 1, got {value!r}.")
        if not 0 <= least_mass < 1:
            raise SettingsError(f"least_mass: expected a probability below 1, got {least_mass!r}.")
        if dtype not in DTYPES:
            raise SettingsError(unknown_name("dtype", dtype, DTYPES))
        self._source = find_model(model)
        self._device, self._dtype = device, dtype
        self._batch_size, self._max_new_tokens, self._least_mass = batch_size, max_new_tokens, least_mass

    @cached_property
    def model(self) -> str:
        """Name of the model and a mark of its content, for example ``qwen-1.5b@0f3a91c2``."""
        return model_name(self._source)

    def answers(self, prompts: Sequence[Prompt], choices: Sequence[str] | None) -> Iterator[tuple[int, Answer]]:
        """Ask; answers come batch by batch, see `AnsweringTeacher.answers`."""
        if not prompts:
            return
        if choices is None:
            yield from self._texts(prompts)
            return
        wanted = ChoiceTokens(self._tokenizer.choice_tokens(prompts[0], checked_choices(choices)))
        longest = max(map(len, wanted.leads))
        for group in _alike(prompts):
            fitting, too_long = self._tokenized(prompts, group, longest)
            yield from ((i, FAILED) for i in too_long)
            for prefix, rows in self._families(prompts[group[0]], fitting):
                yield from self._scores(rows, prefix, wanted)

    def count_tokens(self, prompts: Sequence[Prompt]) -> int:
        """Tokens to compute for scoring the prompts: what they share is counted once."""
        total = 0
        for group in _alike(prompts):
            fitting, _ = self._tokenized(prompts, group, 0)
            total += tokens_to_read(list(self._families(prompts[group[0]], fitting)))
        return total

    def cost_for(self, prompts: Sequence[Prompt], choices: Sequence[str] | None) -> float:
        """Nothing is paid for."""
        return 0.0

    def seconds_for(self, prompts: Sequence[Prompt]) -> float:
        """About how long scoring the prompts takes, measured on one batch of them; loads the model."""
        sample = prompts[: self._batch_size]
        if not sample:
            return 0.0
        list(self.answers(sample[:1], ("Yes", "No")))  # loading is not part of it
        start = time.perf_counter()
        list(self.answers(sample, ("Yes", "No")))
        return (time.perf_counter() - start) / self.count_tokens(sample) * self.count_tokens(prompts)

    @cached_property
    def _raw_tokenizer(self) -> Any:
        return load("AutoTokenizer", self._source)

    @cached_property
    def _tokenizer(self) -> PromptTokenizer:
        return PromptTokenizer(self._raw_tokenizer)

    @cached_property
    def _weights(self) -> Any:
        return load_weights(self._source, self._device, self._dtype)

    @cached_property
    def _prefixed(self) -> PrefixedModel:
        from ldsim_env.teacher.prefix_cache import PrefixedModel  # noqa: PLC0415 - torch is loaded when it is needed

        return PrefixedModel(self._weights)

    @cached_property
    def _most_tokens(self) -> int:
        config = load("AutoConfig", self._source).get_text_config()
        return int(getattr(config, "max_position_embeddings", None) or 10**9)

    def _tokenized(self, prompts: Sequence[Prompt], group: list[int], room: int) -> tuple[Batch, list[int]]:
        """The prompts that leave room for an answer, and the others."""
        rows = [(i, self._tokenizer.prompt_tokens(prompts[i])) for i in group]
        most = self._most_tokens - room
        too_long = [i for i, tokens in rows if len(tokens) > most]
        return [row for row in rows if len(row[1]) <= most], too_long

    def _families(self, prompt: Prompt, rows: Batch) -> Iterator[tuple[list[int], Batch]]:
        """What the rows begin with, and the rows; in families where many share more than all do."""
        if rows:
            yield from families(rows, self._prefix(prompt, rows), self._batch_size)

    def _prefix(self, prompt: Prompt, rows: Batch) -> list[int]:
        """What the rows share, at least one token less than the shortest.

        Few rows count only what comes before the user's message, since other calls will begin with it again.
        """
        shared = [tokens[:-1] for _, tokens in rows]
        if len(rows) <= self._batch_size:
            shared.append(self._tokenizer.opening(prompt))
        return common_prefix(shared)

    def _scores(self, rows: Batch, prefix: list[int], wanted: ChoiceTokens) -> Iterator[tuple[int, Answer]]:
        self._prefixed.keep(prefix)
        for start in range(0, len(rows), self._batch_size):
            batch = rows[start : start + self._batch_size]
            suffixes = [tokens[len(prefix) :] for _, tokens in batch]
            scores = self._choice_log_probs(prefix, suffixes, wanted)
            yield from ((i, normalised(row, self._least_mass)) for (i, _), row in zip(batch, scores, strict=True))

    def _choice_log_probs(
        self, prefix: list[int], suffixes: list[list[int]], wanted: ChoiceTokens
    ) -> list[NDArray[np.float64]]:
        """``(m,)`` for each prompt: each prompt is read once for every lead of the choices."""
        rows = [[*suffix, *lead] for suffix in suffixes for lead in wanted.leads]
        places = [[len(suffix) - 1 + k for k in range(len(lead) + 1)] for suffix in suffixes for lead in wanted.leads]
        tokens = sorted({token for choice in wanted.choices for token in choice})
        tables = self._prefixed.next_token_log_probs(prefix, rows, places, tokens)
        column, n_leads = {token: i for i, token in enumerate(tokens)}, len(wanted.leads)

        def of_prompt(i: int) -> NDArray[np.float64]:
            def log_prob(before: Tokens, token: int) -> float:
                return float(tables[i * n_leads + wanted.row_of(before)][len(before), column[token]])

            return wanted.log_probs(log_prob)

        return [of_prompt(i) for i in range(len(suffixes))]

    def _texts(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Answer]]:
        rows, too_long = self._tokenized(prompts, list(range(len(prompts))), self._max_new_tokens)
        yield from ((i, FAILED) for i in too_long)
        for start in range(0, len(rows), self._batch_size):
            batch = rows[start : start + self._batch_size]
            texts = self._generate([tokens for _, tokens in batch])
            yield from (
                (i, Answer(text=text) if text else OFF_TOPIC) for (i, _), text in zip(batch, texts, strict=True)
            )

    def _generate(self, rows: list[list[int]]) -> list[str]:
        """The likeliest text after each row; padded on the left, since generating goes on at the right."""
        import torch  # noqa: PLC0415 - see above

        longest = max(map(len, rows))
        stop = self._raw_tokenizer.eos_token_id
        tokens = torch.tensor([[stop or 0] * (longest - len(row)) + row for row in rows], device=self._weights.device)
        mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows], device=tokens.device)
        with torch.inference_mode():
            out = self._weights.generate(
                input_ids=tokens,
                attention_mask=mask,
                generation_config=self._greedy(stop),
            )
        return [text.strip() for text in self._raw_tokenizer.batch_decode(out[:, longest:], skip_special_tokens=True)]

    def _greedy(self, stop: int | None) -> Any:
        """No sampling: the same prompt gives the same text."""
        import transformers  # noqa: PLC0415 - an optional package

        config: Any = transformers.GenerationConfig
        own = self._weights.generation_config
        ends = own.eos_token_id if own is not None and own.eos_token_id is not None else stop
        return config(do_sample=False, max_new_tokens=self._max_new_tokens, eos_token_id=ends, pad_token_id=stop or 0)


def _alike(prompts: Sequence[Prompt]) -> list[list[int]]:
    """Places of the prompts, grouped by system message and examples."""
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[int]] = {}
    for i, prompt in enumerate(prompts):
        groups.setdefault((prompt.system, prompt.examples), []).append(i)
    return list(groups.values())
