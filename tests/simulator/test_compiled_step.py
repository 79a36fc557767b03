import os
import pickle
import shutil
from pathlib import Path

import pytest
import torch

from ldsim_env.errors import SettingsError
from ldsim_env.simulator import LDSimNetwork, State, compiled_step
from ldsim_env.simulator.compiled_step import CompiledStep
from ldsim_env.simulator.stepping import Step, Stepped, take_step
from tests.envs.fake_student import FakeStudent
from tests.simulator.made_up import made_up_network

needs_compiler = pytest.mark.skipif(
    not any(shutil.which(os.environ.get("CXX", name)) for name in ("g++", "c++", "clang++")),
    reason="no C++ compiler here",
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LDSIM_CACHE", str(tmp_path))
    return tmp_path


def after_steps(network: LDSimNetwork, step: Step, n: int) -> Stepped:
    """Where n students stand after ten questions, some of which come again."""
    generator = torch.Generator().manual_seed(1)
    state: State = network.start(n)
    with torch.inference_mode():
        for t in range(10):
            question = torch.randint(6 if t % 2 else network.bank.n_questions, (n,), generator=generator)
            stepped = step(state, question, torch.rand(n, generator=generator, dtype=torch.float64))
            state = stepped.state
    return stepped


def eager_step(network: LDSimNetwork) -> Step:
    return lambda state, question, threshold: take_step(network, state, question, threshold)


def assert_alike(compiled: Stepped, eager: Stepped) -> None:
    torch.testing.assert_close(compiled.prob, eager.prob)
    torch.testing.assert_close(compiled.mastery, eager.mastery)
    assert list(compiled.state) == list(eager.state)
    for name, value in eager.state.items():
        torch.testing.assert_close(compiled.state[name], value, msg=name)


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(1,), (3, 17)], ids=["one student", "many students"])
def test_machine_code_steps_as_the_model_does(
    sizes: tuple[int, ...], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = made_up_network()
    step = CompiledStep(network)
    for n in sizes:
        assert_alike(after_steps(network, step, n), after_steps(network, eager_step(network), n))
    assert len(list(cache.iterdir())) == 1
    monkeypatch.setattr(compiled_step, "_compile", None)  # what is in the cache isn't compiled again
    again = pickle.loads(pickle.dumps(step))
    assert_alike(after_steps(network, again, sizes[0]), after_steps(network, eager_step(network), sizes[0]))


def test_without_a_compiler_it_warns_once_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no C++ compiler\nand much more")

    monkeypatch.setattr(compiled_step, "_compile", fails)
    network = made_up_network()
    step = CompiledStep(network)
    with pytest.warns(UserWarning, match=r"could not compile the step \(no C\+\+ compiler\); going on") as caught:
        stepped = after_steps(network, step, 4)
    assert len(caught) == 1
    assert_alike(stepped, after_steps(network, eager_step(network), 4))


def test_another_model_has_other_machine_code() -> None:
    known = compiled_step._fingerprint(made_up_network())
    assert compiled_step._fingerprint(made_up_network()) == known
    assert compiled_step._fingerprint(made_up_network(seed=1)) != known


def test_a_model_that_torch_cannot_trace_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"compiled: expected .* torch.nn.Module on the CPU, got FakeStudent"):
        CompiledStep(FakeStudent())


def test_where_the_machine_code_is_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert compiled_step.cache_folder() == cache
    monkeypatch.delenv("LDSIM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert compiled_step.cache_folder() == Path("/somewhere/ldsim-env")
