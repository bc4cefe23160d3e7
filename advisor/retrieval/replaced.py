"""Decisions that no longer stand, below those that replaced them: where both are found, the later one comes first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from advisor.retrieval.ranking import RankedBlock
from advisor.types import ScoredChunk, Standing


def passages_below(passages: Sequence[ScoredChunk], standings: Mapping[str, Standing]) -> list[ScoredChunk]:
    """The passages, best first, each of a replaced decision below all of those that replaced it, with a score to match."""
    if not standings:
        return list(passages)
    least: dict[str, float] = {}
    for passage in passages:
        least[passage.chunk.document] = min(passage.score, least.get(passage.chunk.document, passage.score))
    ceilings = _ceilings(least, standings)
    lowered = [
        replace(passage, score=min(passage.score, ceilings.get(passage.chunk.document, passage.score)))
        for passage in passages
    ]
    ordered = sorted(lowered, key=lambda one: (-one.score, len(_successors(one.chunk.document, standings))))
    return [replace(passage, rank=rank) for rank, passage in enumerate(ordered, start=1)]


def blocks_below(blocks: Sequence[RankedBlock], standings: Mapping[str, Standing]) -> list[RankedBlock]:
    """The blocks, best first, those of a replaced decision in proportion below the best of those that replaced it."""
    if not standings:
        return list(blocks)
    best: dict[str, float] = {}
    for ranked in blocks:
        best.setdefault(ranked.block.chunk.document, ranked.score)
    ceilings = _ceilings(best, standings)
    shares = {name: min(1.0, ceilings[name] / best[name]) for name in ceilings if best[name]}
    lowered = [_lowered(ranked, shares.get(ranked.block.chunk.document, 1.0)) for ranked in blocks]
    return sorted(lowered, key=lambda one: (-one.score, len(_successors(one.block.chunk.document, standings))))


def _lowered(ranked: RankedBlock, share: float) -> RankedBlock:
    return ranked if share == 1 else replace(ranked, core=ranked.core * share, useful=ranked.useful * share)


def _ceilings(scores: Mapping[str, float], standings: Mapping[str, Standing]) -> dict[str, float]:
    """Replaced document -> the lowest of the scores of those that replaced it, of which there are any."""
    found = {name: [scores[later] for later in _successors(name, standings) if later in scores] for name in scores}
    return {name: min(some) for name, some in found.items() if some}


def _successors(document: str, standings: Mapping[str, Standing]) -> list[str]:
    """The documents that replaced one, and those that replaced these; a circle is gone round once."""

    def chain() -> Iterator[str]:
        seen, at = {document}, document
        while (standing := standings.get(at)) and standing.document and standing.document not in seen:
            at = standing.document
            seen.add(at)
            yield at

    return list(chain())
