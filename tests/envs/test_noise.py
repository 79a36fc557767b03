import numpy as np
from gymnasium.utils import seeding
from hypothesis import given
from hypothesis import strategies as st

from ldsim_env.envs.noise import BLOCK, NoiseStreams

N = 3


@given(st.lists(st.tuples(st.sets(st.integers(0, N - 1)), st.integers(0, 2 * BLOCK)), max_size=20))
def test_each_stream_is_what_its_generator_gives(plan: list[tuple[set[int], int]]) -> None:
    streams, taken = NoiseStreams(N), [[] for _ in range(N)]
    for row in range(N):
        streams.seed(row, 5 + row)
    for chosen, n in plan:
        rows = np.array(sorted(chosen), np.int64)
        for row, numbers in zip(rows.tolist(), streams.take(rows, n), strict=True):
            taken[row].extend(numbers)
    for row in range(N):
        generator, _ = seeding.np_random(5 + row)
        assert taken[row] == [generator.random() for _ in taken[row]]


def test_a_seed_starts_one_stream_anew() -> None:
    streams, rows = NoiseStreams(2), np.arange(2)
    for row in rows.tolist():
        streams.seed(row, 1)
    first = streams.take(rows, 3)
    streams.seed(0, 1)
    again = streams.take(rows, 3)
    assert np.array_equal(first[0], again[0])
    assert not np.array_equal(first[1], again[1])


def test_streams_that_nobody_seeded_differ() -> None:
    streams = NoiseStreams(2)
    one, other = streams.take(np.arange(2), 4)
    assert not np.array_equal(one, other)
    assert streams.seeds[0] != streams.seeds[1]
