"""A folder to start in: a copy of the corpus and the question sets that come with the program."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

from advisor.errors import SettingsError

_PACKAGE = Path(__file__).resolve().parent.parent
CORPUS, EVALS = "corpus", "evals"
_NOT_COPIED = "runs"  # of the machine that they were made on


def shipped_folder() -> Path:
    """Where `corpus` and `evals` of the program are: in the installed package, or in a checkout beside it.

    :raises SettingsError: when the installation lacks them.
    """
    for folder in (_PACKAGE / "shipped", _PACKAGE.parent):
        if all((folder / name).is_dir() for name in (CORPUS, EVALS)):
            return folder
    message = f"the installation in {_PACKAGE} has no corpus. Install it anew: pip install --force-reinstall cto-advisor"
    raise SettingsError(message)


def start_folder(target: Path) -> tuple[Path, ...]:
    """Copy the corpus and the question sets into a folder, which is made when it is not there; returns what was written.

    :raises SettingsError: when the folder has one of them already, or cannot be written: nothing is ever overwritten.
    """
    source = shipped_folder()
    written = tuple(target / name for name in (CORPUS, EVALS))
    for path in written:
        if path.exists():
            message = f"{path} is there already. Name another folder, or move it away"
            raise SettingsError(message)
    try:
        for path in written:
            copytree(source / path.name, path, ignore=lambda _, names: [name for name in names if _private(name)])
    except OSError as cause:
        message = f"{target} cannot be written ({cause.strerror or cause}). Name another folder"
        raise SettingsError(message) from cause
    return written


def _private(name: str) -> bool:
    return name == _NOT_COPIED or name.endswith((".py", "__pycache__"))
