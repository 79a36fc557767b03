"""Loading a language model with `transformers`: where it lies, where it runs and in which precision."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldsim_env.errors import SettingsError, missing_extra

if TYPE_CHECKING:
    import torch

DTYPES = ("auto", "bfloat16", "float16", "float32")
FINGERPRINTED_BYTES = 1 << 20


@dataclass(frozen=True)
class ModelSource:
    """Where a model comes from.

    Args:
        location: Folder on disk, or id on the hub.
        gguf: Name of the GGUF file inside ``location``; empty for ordinary weights.
        folder: The folder, or None for a hub id.
    """

    location: str
    gguf: str = ""
    folder: Path | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """What ``from_pretrained`` takes besides the location."""
        return {"gguf_file": self.gguf} if self.gguf else {}


def find_model(model: str) -> ModelSource:
    """Understand what a user calls a model.

    Args:
        model: A folder in Hugging Face format, a folder with a single GGUF file, a ``.gguf`` file, or an id on the hub
            (``owner/name``).

    Raises:
        SettingsError: If it is none of these.
    """
    path = Path(model).expanduser()
    if path.suffix == ".gguf" and path.is_file():
        return ModelSource(str(path.parent), path.name, path.parent)
    if path.is_dir():
        return ModelSource(str(path), _only_gguf(path), path)
    if _looks_like_path(model):
        raise SettingsError(f"model: there is no folder or .gguf file {path}; give one, or an id on the hub.")
    return ModelSource(model)


def _only_gguf(folder: Path) -> str:
    """The GGUF file of a folder that holds nothing else; empty where the folder is in Hugging Face format."""
    if (folder / "config.json").is_file():
        return ""
    found = sorted(path.name for path in folder.glob("*.gguf"))
    if len(found) != 1:
        there = f"{len(found)} .gguf files: name one of them" if found else "neither config.json nor a .gguf file"
        raise SettingsError(f"model: {folder} holds {there}.")
    return found[0]


def _looks_like_path(model: str) -> bool:
    return model.startswith(("/", ".", "~")) or model.endswith(".gguf") or model.count("/") != 1


def model_name(source: ModelSource) -> str:
    """A name that stays the same where the model does: its folder's or the hub's, and a mark of its content."""
    if source.folder is None:
        return f"{source.location}@{_hub_revision(source)}"
    name = Path(source.gguf).stem if source.gguf else source.folder.resolve().name
    return f"{name}@{_folder_mark(source.folder, source.gguf)}"


def _folder_mark(folder: Path, gguf: str) -> str:
    """Eight digits from the sizes and the beginnings of the files that decide what the model says."""
    weights = [folder / gguf] if gguf else sorted(folder.glob("*.safetensors"))
    templates = [folder / name for name in ("config.json", "tokenizer_config.json", "chat_template.jinja")]
    digest = hashlib.sha256()
    for path in [*weights, *(template for template in templates if template.is_file())]:
        with path.open("rb") as file:
            digest.update(f"{path.stat().st_size}".encode())
            digest.update(file.read(FINGERPRINTED_BYTES))
    return digest.hexdigest()[:8]


def _hub_revision(source: ModelSource) -> str:
    config = load("AutoConfig", source)
    return str(getattr(config, "_commit_hash", None) or "unknown")[:8]


def load(kind: str, source: ModelSource, **arguments: Any) -> Any:
    """Load a config, tokenizer or model.

    Args:
        kind: Class of `transformers`, for example ``"AutoTokenizer"``.
        source: Where it is.
        arguments: More arguments of ``from_pretrained``.

    Raises:
        MissingExtraError: If `transformers`, or what it needs for this file, is not installed.
        SettingsError: If it can't be loaded.
    """
    try:
        import transformers  # noqa: PLC0415 - an optional package

        with _no_bars_on_disk(source):
            return getattr(transformers, kind).from_pretrained(source.location, **source.arguments, **arguments)
    except ImportError as error:
        raise missing_extra("teacher", "A local language model as teacher", error) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            f"model: transformers can't load {source.location!r} ({type(error).__name__}: {error}). Give a folder in "
            "Hugging Face format, a .gguf file, or an id on the hub that this machine can reach."
        ) from error


@contextmanager
def _no_bars_on_disk(source: ModelSource) -> Iterator[None]:
    """Reading files takes seconds and may fall into the progress bar of the asking; a download shows its own."""
    import transformers  # noqa: PLC0415 - an optional package

    logging: Any = transformers.utils.logging
    silenced = source.folder is not None and logging.is_progress_bar_enabled()
    if silenced:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        if silenced:
            logging.enable_progress_bar()


def load_weights(source: ModelSource, device: str, dtype: str) -> Any:
    """The model on its device, ready to be asked."""
    import torch  # noqa: PLC0415 - teachers without a local model need none

    where = chosen_device(device)
    what = getattr(torch, chosen_dtype(dtype, where))
    return load("AutoModelForCausalLM", source, dtype=what, **_unpacked(source)).to(where).eval()


def _unpacked(source: ModelSource) -> dict[str, Any]:
    """GGUF weights become ordinary ones: their packed form runs in float32, where a CUDA kernel is published at all."""
    import transformers  # noqa: PLC0415 - an optional package

    if not source.gguf or not hasattr(transformers, "GgufConfig"):  # older releases unpack always
        return {}
    return {"quantization_config": transformers.GgufConfig(dequantize=True)}


def chosen_device(device: str) -> torch.device:
    """The device itself; ``"auto"`` takes the accelerator where there is one."""
    import torch  # noqa: PLC0415 - see above

    if device != "auto":
        return torch.device(device)
    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return found or torch.device("cpu")


def chosen_dtype(dtype: str, device: torch.device) -> str:
    """Name of the precision; ``"auto"`` is bfloat16 on accelerators and on processors that compute in it.

    There it is twice as fast as float32 for half of the memory; other processors only emulate it.
    """
    if dtype != "auto":
        return dtype
    return "bfloat16" if device.type != "cpu" or _cpu_computes_bfloat16() else "float32"


def _cpu_computes_bfloat16() -> bool:
    import torch  # noqa: PLC0415 - see above

    found = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return any(found.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))
