"""A student model's step as machine code, made of the model itself by torch.export and AOTInductor.

Eager torch takes most of a step's time to start some 80 small operations. Compiled, they are a few loops. The code is
kept in the user's cache folder, since compiling takes half a minute; it is used again only for the very same model,
package, torch and processor.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ldsim_env.errors import SettingsError
from ldsim_env.simulator.protocol import State, StudentModel
from ldsim_env.simulator.stepping import Stepped, take_step

CACHE_VARIABLE = "LDSIM_CACHE"
N_TRACED = {"one": 1, "many": 8}  # students; code for one is faster than code for any number

Run = Callable[[list[Tensor]], list[Tensor]]


class CompiledStep:
    """`take_step` of one model as machine code; compiled, or found in the cache, when it is first needed.

    Where torch can't compile (most often because there is no C++ compiler) it warns once and steps as without.

    Args:
        model: The student model, a ``torch.nn.Module`` on the CPU. It must not change from now on.

    Raises:
        SettingsError: If the model is something else.
    """

    def __init__(self, model: StudentModel):
        if not isinstance(model, nn.Module) or _device(model) != "cpu":
            raise SettingsError(
                f"compiled: expected a student model that is a torch.nn.Module on the CPU, got {type(model).__name__} "
                f"on {_device(model)}. Leave compiled=False."
            )
        self._model: StudentModel = model
        self._names = tuple(model.start(1))
        self._file = _fingerprint(model)
        self._runs: dict[str, Run | None] = {}

    def __call__(self, state: State, question: Tensor, threshold: Tensor) -> Stepped:
        """See `take_step`."""
        run = self._run("one" if question.shape[0] == 1 else "many")
        if run is None:
            return take_step(self._model, state, question, threshold)
        prob, mastery, *after = run([question, threshold, *[state[name].contiguous() for name in self._names]])
        return Stepped(prob, dict(zip(self._names, after, strict=True)), mastery)

    def _run(self, size: str) -> Run | None:
        if size not in self._runs:
            self._runs[size] = self._load(size)
        return self._runs[size]

    def _load(self, size: str) -> Run | None:
        path = cache_folder() / f"{self._file}-{size}.pt2"
        try:
            if not path.is_file():
                _compile(self._model, size, path)
            # torch._inductor.aoti_load_package makes the same, but takes 2 s to import.
            loader = torch._C._aoti.AOTIModelPackageLoader(str(path), "model", False, 1, -1)
        except Exception as error:  # torch's compiler has no list of what it raises
            reason = str(error).strip().split("\n", maxsplit=1)[0]
            warnings.warn(f"compiled: torch could not compile the step ({reason}); going on without.", stacklevel=2)
            return None
        run: Run = loader.boxed_run
        return run

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_runs": {}}


class _Flat(nn.Module):
    """The step as torch.export wants it: tensors in, tensors out."""

    def __init__(self, model: StudentModel):
        super().__init__()
        self.model, self._names = model, tuple(model.start(1))

    def forward(self, question: Tensor, threshold: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        stepped = take_step(self.model, dict(zip(self._names, state, strict=True)), question, threshold)
        return stepped.prob, stepped.mastery, *(stepped.state[name] for name in self._names)


def cache_folder() -> Path:
    """Where compiled steps are kept: ``$LDSIM_CACHE``, else ``ldsim-env`` in the user's cache folder."""
    if CACHE_VARIABLE in os.environ:
        return Path(os.environ[CACHE_VARIABLE])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ldsim-env"


def _compile(model: StudentModel, size: str, path: Path) -> None:
    """Write the package; whole or not at all, since others may compile the same."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        with warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad():
            warnings.simplefilter("ignore")  # torch's own code warns of what torch deprecated
            from torch._inductor import aoti_compile_and_package  # noqa: PLC0415  (2 s, and only for compiling)

            # One student's loops are so short that threads only wait for each other; those of many take as many
            # threads as torch has when they run, not when they were compiled.
            settings = {"cpp.threads": 1} if size == "one" else {"cpp.dynamic_threads": True}
            aoti_compile_and_package(_exported(model, size), package_path=str(made), inductor_configs=settings)
        made.replace(path)


def _exported(model: StudentModel, size: str) -> torch.export.ExportedProgram:
    n = N_TRACED[size]
    state = model.start(n)
    arguments = (torch.zeros(n, dtype=torch.int64), torch.zeros(n, dtype=torch.float64), *state.values())
    each: dict[int, Any] = {0: torch.export.Dim("n", min=2)} if n > 1 else {}
    shapes = {"question": each, "threshold": each, "state": tuple(each for _ in state)}
    return torch.export.export(_Flat(model), arguments, dynamic_shapes=shapes)


def _fingerprint(model: StudentModel) -> str:
    """What the machine code depends on."""
    assert isinstance(model, nn.Module)
    settings = getattr(model, "settings", None)
    digest = hashlib.sha256(repr((type(model), settings, torch.__version__, _processor())).encode())
    for path in [*sorted(Path(__file__).parent.rglob("*.py")), Path(inspect.getfile(type(model)))]:
        digest.update(path.read_bytes())
    loose = ((name, value) for name, value in vars(model).items() if isinstance(value, Tensor))
    for name, value in [*model.named_parameters(), *model.named_buffers(), *loose]:
        digest.update(repr((name, value.shape, value.dtype)).encode())
        digest.update(value.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()[:32]


def _processor() -> str:
    """The instructions that this processor has: a cache folder may be shared by several machines."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next((line for line in lines if line.startswith(("flags", "Features"))), "")
    except OSError:
        return torch.backends.cpu.get_cpu_capability()


def _device(model: Any) -> str:
    return str(next(iter(model.start(0).values())).device)
