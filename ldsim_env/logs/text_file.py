"""Reading text files by lines, with the line named where the encoding is wrong."""

from __future__ import annotations

from pathlib import Path

from ldsim_env.errors import LogError
from ldsim_env.logs.bad_places import BadPlaces

ENCODING_REMEDY = "save the file as UTF-8, or name its encoding where the reader has such an argument."


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises:
        LogError: If there is no such file or it can't be opened.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise LogError(f"{path}: expected a readable file ({error.strerror}). Check the path.") from error


def read_text(path: Path, bad: BadPlaces, encoding: str = "utf-8") -> str | None:
    """The text of a file with newline line ends, or None (and a bad place) where the encoding is wrong."""
    content = read_bytes(path)
    try:
        text = content.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        bad.add(path, line, f"expected {encoding} text, got the byte 0x{content[error.start]:02x}", ENCODING_REMEDY)
        return None
    except LookupError as error:
        raise LogError(f"encoding: expected the name of a text encoding, got {encoding!r}.") from error
    if "\0" in text:  # UTF-16 read as an 8-bit encoding, or not a text file at all
        line = text[: text.index("\0")].count("\n") + 1
        bad.add(path, line, f"expected {encoding} text, got a zero byte", ENCODING_REMEDY)
        return None
    return text.replace("\r\n", "\n")


def read_lines(path: Path, bad: BadPlaces, encoding: str = "utf-8") -> list[str]:
    """The lines of a file without blank ones at its end; empty where the encoding is wrong."""
    text = read_text(path, bad, encoding)
    return [] if text is None else text.rstrip().split("\n") if text.strip() else []
