"""An advisor for technology leaders: it shows the lines behind every sentence, or says that it does not know."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from advisor.advisor import Advisor
    from advisor.errors import AdvisorError
    from advisor.settings import Settings, load_settings
    from advisor.types import Answer, Citation, ScoredChunk

__all__ = ["Advisor", "AdvisorError", "Answer", "Citation", "ScoredChunk", "Settings", "load_settings"]

_MODULES = {"Advisor": "advisor", "AdvisorError": "errors", "Settings": "settings", "load_settings": "settings"}


def __getattr__(name: str) -> object:
    """Import what is asked for: the process that reads files needs neither Chroma nor a model."""
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'types')}"), name)
