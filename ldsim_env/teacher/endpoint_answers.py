"""Reading an endpoint's replies: log-probabilities of the first tokens, or an answer written as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ldsim_env.teacher.answers import OFF_TOPIC, Answer, normalised

SMALLEST_PROBABILITY = 1e-6
SURROUNDINGS = " \t\n\r\"'`*_.,:;!()[]"


def json_request(choices: Sequence[str]) -> str:
    """What is added to a prompt so that the answer comes as JSON."""
    listed = ", ".join(json.dumps(choice, ensure_ascii=False) for choice in choices)
    return (
        f'\n\nReply with one JSON object and nothing else: {{"answer": one of {listed}, '
        '"probability": the probability from 0 to 1 that this answer is right}'
    )


def answer_from_json(text: str, choices: Sequence[str]) -> Answer:
    """The choices' log-probabilities from a JSON answer; what the answer leaves is shared by the other choices.

    An answer that is not among the choices, or has no probability, or one below chance (it contradicts itself), is
    unusable.
    """
    for found in _json_objects(text):
        place = _place(found.get("answer"), choices)
        probability = _probability(found.get("probability"))
        if place is not None and probability is not None and probability * len(choices) >= 1:
            return Answer(log_probs=_log_probs(place, probability, len(choices)))
    return OFF_TOPIC


def _log_probs(place: int, probability: float, n: int) -> tuple[float, ...]:
    kept = min(probability, 1 - SMALLEST_PROBABILITY)
    return tuple(math.log(kept if i == place else (1 - kept) / (n - 1)) for i in range(n))


def _json_objects(text: str) -> Iterator[dict[str, Any]]:
    """Every JSON object in a text, the last first: what comes before may be thoughts."""
    decoder, found, at = json.JSONDecoder(), [], text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
            found.append(value)
        except (ValueError, RecursionError):
            end = at + 1
        at = text.find("{", end)
    yield from reversed(found)


def _place(answer: Any, choices: Sequence[str]) -> int | None:
    wanted = _plain(str(answer))
    return next((i for i, choice in enumerate(choices) if _plain(choice) == wanted), None)


def _probability(value: Any) -> float | None:
    """The number, also where it comes as text; None if it is no probability."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
    return number if 0 <= number <= 1 else None


def answer_from_log_probs(reply: dict[str, Any], choices: Sequence[str], least_mass: float) -> Answer | None:
    """The choices' log-probabilities from those of the reply's first tokens.

    Only the likeliest tokens are listed. A choice that is not among them gets the smallest probability that is, or
    what all listed ones leave, whichever is less.

    Args:
        reply: What the endpoint sent.
        choices: The choices.
        least_mass: With less than this probability on all choices together the answer is off-topic.

    Returns:
        The answer, or None where the reply holds no log-probabilities.
    """
    content = _token_list(reply)
    if not content:
        return None
    masses = np.zeros(len(choices))
    for place, mass in _masses(content, "", 1.0, [_plain(choice) for choice in choices]):
        masses[place] += mass
    if masses.sum() < max(least_mass, SMALLEST_PROBABILITY):
        return OFF_TOPIC
    unlisted = _unlisted_mass(content[0])
    return normalised(np.log(np.where(masses > 0, masses, unlisted)), least_mass)


def _token_list(reply: dict[str, Any]) -> list[dict[str, Any]]:
    """The tokens that have alternatives; empty where the reply is of another form."""
    try:
        content = reply["choices"][0]["logprobs"]["content"] or []
        return [token for token in content if token["top_logprobs"] and token["token"] is not None]
    except (KeyError, TypeError, IndexError):
        return []


def _masses(content: list[dict[str, Any]], so_far: str, mass: float, choices: list[str]) -> Iterator[tuple[int, float]]:
    """Place of a choice and probability, for each way to say one that the reply tells of.

    What a token begins (several choices, or none yet, as a blank does) is settled by the token after it, which is
    known for the token that was really written.
    """
    first, later = content[0], content[1:]
    for token, probability in _alternatives(first):
        said, here = so_far + token, mass * probability
        possible = [i for i, choice in enumerate(choices) if choice.startswith(_begun(said))]
        if len(possible) > 1 and token == first["token"] and later:
            yield from _settled(later, said, here, choices)
        elif len(possible) == 1:
            yield possible[0], here
        elif _plain(said) in choices:
            yield choices.index(_plain(said)), here


def _settled(later: list[dict[str, Any]], said: str, mass: float, choices: list[str]) -> Iterator[tuple[int, float]]:
    """How the probability of ``said`` is shared by the choices that it begins."""
    left = mass
    for place, part in _masses(later, said, mass, choices):
        left -= part if choices[place] != _plain(said) else 0.0
        if choices[place] != _plain(said):
            yield place, part
    if _plain(said) in choices:
        yield choices.index(_plain(said)), max(left, 0.0)


def _alternatives(token: dict[str, Any]) -> list[tuple[str, float]]:
    return [(str(other["token"]), math.exp(min(float(other["logprob"]), 0.0))) for other in token["top_logprobs"]]


def _unlisted_mass(token: dict[str, Any]) -> float:
    listed = [probability for _, probability in _alternatives(token)]
    return max(min(*listed, 1 - sum(listed)), SMALLEST_PROBABILITY)


def _begun(text: str) -> str:
    """The beginning of an answer, without what stands before it."""
    return text.lstrip(SURROUNDINGS).casefold()


def _plain(text: str) -> str:
    """An answer without what stands around it."""
    return text.strip(SURROUNDINGS).casefold()


def written_text(reply: dict[str, Any]) -> str:
    """The text of a reply; empty where it is of another form."""
    try:
        return str(reply["choices"][0]["message"]["content"] or "").strip()
    except (KeyError, TypeError, IndexError):
        return ""
