"""Why an answer is what it is, as HTML: the passages found, what was withheld, how long it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from advisor.retrieval.confidence import Origin, Thresholds
from advisor.types import Answer, ScoredChunk
from advisor.ui.answer_view import place, render_scope, typeset
from advisor.ui.texts import CHAT_TEXTS, Texts

_NONE = "–"


@dataclass(frozen=True, slots=True)
class PresentIndex:
    """The published generation by name, what it holds confidence against, and where its calibration is from."""

    generation: str
    thresholds: Thresholds
    origin: Origin


def render_why(answer: Answer, passages: Sequence[ScoredChunk], present: PresentIndex, texts: Texts) -> str:
    """The decision, the passages with their scores, what was withheld, and the times.

    :param passages: what search finds for the standalone question.
    :param present: what they were found in.
    """
    words = CHAT_TEXTS[texts.language]
    made_from = answer.index.generation
    same = made_from == present.generation
    index = words.same_index.format(made_from) if same else words.other_index.format(made_from, present.generation)
    decision = words.decision.format(answer.confidence * 100, present.thresholds.answer * 100)
    parts = [
        f"<p>{typeset(texts.understood_as.format(answer.standalone_question))}</p>",
        render_scope(answer, texts),
        f"<p>{escape(decision)} {escape(words.threshold)} {escape(words.calibrations[present.origin])}</p>",
        f"<p>{typeset(answer.reason)}</p>" if answer.reason else "",
        f"<p>{escape(index)}</p>",
        f"<h3>{escape(words.passages)}</h3>",
        f"<ol>{''.join(_passage(one, answer, present.generation, texts) for one in passages)}</ol>",
        f"<h3>{escape(words.withheld)}</h3>",
        _withheld(answer, texts),
        f"<h3>{escape(words.timings)}</h3>",
        _times(answer, texts),
    ]
    return "".join(parts)


def _passage(found: ScoredChunk, answer: Answer, generation: str, texts: Texts) -> str:
    words, chunk = CHAT_TEXTS[texts.language], found.chunk
    markers = [
        f"[{citation.marker}]"
        for citation in answer.citations
        if citation.document == chunk.document and citation.start < chunk.end and chunk.start < citation.end
    ]
    cited = f'<strong class="cited">{escape(words.cited_as)} {" ".join(markers)}</strong>' if markers else ""
    dense = _NONE if found.dense is None else texts.number(found.dense, 2)
    lexical = _NONE if found.lexical is None else texts.number(found.lexical, 1)
    scores = escape(words.found_by.format(texts.number(found.score, 2), dense, lexical))
    where = escape(" › ".join((chunk.title, *chunk.heading)))
    return (
        f'<li><button type="button" class="passage" {place(chunk, generation)}>{where}</button> {cited}'
        f'<span class="scores">'
        f'<meter min="0" max="1" value="{found.score:.3f}" aria-label="{scores}"></meter>{scores}</span></li>'
    )


def _withheld(answer: Answer, texts: Texts) -> str:
    if not answer.withheld:
        return f"<p>{escape(CHAT_TEXTS[texts.language].nothing_withheld)}</p>"
    lines = (f"<li>{typeset(one.text)} <em>({typeset(one.why)})</em></li>" for one in answer.withheld)
    return f"<ul>{''.join(lines)}</ul>"


def _times(answer: Answer, texts: Texts) -> str:
    stages = CHAT_TEXTS[texts.language].stages
    rows = (f"<dt>{escape(stages.get(name, name))}</dt><dd>{ms:.0f}\u00a0ms</dd>" for name, ms in answer.ms.items())
    return f"<dl>{''.join(rows)}</dl>"
