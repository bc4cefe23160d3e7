"""An advisor for technology leaders: it shows the lines behind every sentence, or says that it does not know."""

from advisor.errors import AdvisorError
from advisor.pipeline import Advisor
from advisor.settings import Settings, load_settings
from advisor.types import Answer, Citation, ScoredChunk

__all__ = ["Advisor", "AdvisorError", "Answer", "Citation", "ScoredChunk", "Settings", "load_settings"]
