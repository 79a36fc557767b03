"""Prompts that begin alike for longer than all of them do: what such a family shares is read once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ldsim_env.teacher.chat import common_prefix

Row = tuple[int, list[int]]  # a prompt's place and its tokens


def families(rows: Sequence[Row], prefix: list[int], least: int) -> Iterator[tuple[list[int], list[Row]]]:
    """Split rows into families that share more than ``prefix``.

    Of all pairs of 110 concepts, for example, 109 name the same concept first: read once, it is a third of a prompt.

    Args:
        rows: Prompts that begin with ``prefix`` and are longer.
        prefix: What all of them share.
        least: Families with fewer rows aren't worth a reading of their own; their rows stay with ``prefix``.

    Yields:
        What a family shares, at least one token less than its shortest row, and its rows, shortest first so that
        little is padded. A beginning of others comes before them, also where no rows are left to it.
    """
    by_next: dict[int, list[Row]] = {}
    for row in rows:
        by_next.setdefault(row[1][len(prefix)], []).append(row)
    shared = {token: common_prefix([tokens[:-1] for _, tokens in family]) for token, family in by_next.items()}
    large = [token for token, family in by_next.items() if len(family) >= least and len(shared[token]) > len(prefix)]
    others = [row for token, family in by_next.items() if token not in large for row in family]
    yield prefix, sorted(others, key=lambda row: len(row[1]))
    for token in large:
        yield from families(by_next[token], shared[token], least)


def tokens_to_read(beginnings: Sequence[tuple[list[int], list[Row]]]) -> int:
    """Tokens to compute for families: what a beginning shares with one before it is there already."""
    total = 0
    read: list[list[int]] = [[]]
    for prefix, rows in beginnings:
        known = max(len(one) for one in read if one == prefix[: len(one)])
        total += len(prefix) - known + sum(len(tokens) - len(prefix) for _, tokens in rows)
        read.append(prefix)
    return total
