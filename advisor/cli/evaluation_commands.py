"""`advisor eval` as the command line sees it; what the commands do is in `evaluation_actions`, loaded when one is called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from advisor.cli.options import Corpus, Index, Json, settings_of, takes
from advisor.evaluation.questions import Split
from advisor.settings import load_settings

_LATEST = "latest"
Sets = Annotated[list[str] | None, typer.Argument(help="Question sets: names in evals/questions, or paths. All of them.")]
RunName = Annotated[str, typer.Option("--run", help="Name of the run: a folder of evals/runs.")]
Part = Annotated[Split | None, typer.Option("--split", help="Only the questions of this part: to tune, or to report.")]
Out = Annotated[Path | None, typer.Option("--out", help="The file to write; stdout.")]


class _RunsByDefault(TyperGroup):
    """`advisor eval article` is `advisor eval run article`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own context
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


evaluation = typer.Typer(cls=_RunsByDefault, help="Ask question sets, score the answers, compare runs.")


@dataclass(frozen=True)
class RunOptions:
    """The question sets, what they are asked of, and what the run is held against."""

    sets: Sets = None
    name: RunName = _LATEST
    baseline: Annotated[str | None, typer.Option("--baseline", help="A run to compare with.")] = None
    split: Part = None
    corpus: Corpus = None
    index: Index = None
    gate: Annotated[bool, typer.Option("--gate", help="Exit 1 when a measure fell or is below its floor.")] = False
    as_json: Json = False


@evaluation.command()
@takes(RunOptions)
def run(options: RunOptions) -> None:
    """Ask the questions, score the answers, keep the run. The word `run` can be left out."""
    from advisor.cli import evaluation_actions as actions
    from advisor.evaluation.runner import Order

    order = Order(tuple(options.sets or ()), options.name, options.split)
    against = actions.Against(options.baseline, options.gate)
    if not actions.ask_sets(settings_of(options.corpus, options.index), order, against, as_json=options.as_json):
        raise typer.Exit(1)


@evaluation.command()
def compare(
    before: Annotated[str, typer.Argument(help="A run, `baseline`, or the path of one.")],
    after: Annotated[str, typer.Argument(help="Another.")],
    split: Part = None,
    *,
    as_json: Json = False,
) -> None:
    """Compare two runs, question by question."""
    from advisor.cli import evaluation_actions as actions

    actions.show_comparison(load_settings(), (before, after), split, as_json=as_json)


@evaluation.command()
def bless(name: Annotated[str, typer.Argument(metavar="RUN", help="The run that becomes the baseline.")]) -> None:
    """Make a run the baseline that `--gate` compares with."""
    from advisor.cli import evaluation_actions as actions

    actions.bless_run(load_settings(), name)


@evaluation.command()
def check(sets: Sets = None, corpus: Corpus = None, *, as_json: Json = False) -> None:
    """Check question sets: schema, ids, quotes, key facts, languages, leaks."""
    from advisor.cli import evaluation_actions as actions

    if not actions.check_sets(settings_of(corpus, None), sets or [], as_json=as_json):
        raise typer.Exit(1)


@evaluation.command()
def report(
    name: Annotated[str, typer.Argument(metavar="RUN", help="The run to show.")] = _LATEST,
    against: Annotated[str | None, typer.Option("--against", help="Another run to show it against.")] = None,
    split: Part = None,
    out: Annotated[Path | None, typer.Option("--out", help="The file; report.html in the folder of the run.")] = None,
) -> None:
    """Write an HTML page about a run, alone or against another."""
    from advisor.cli import evaluation_actions as actions

    actions.write_report(load_settings(), name, split, actions.Against(against), out)


@evaluation.command()
def risk(
    name: Annotated[str, typer.Argument(metavar="RUN", help="The run to show.")] = _LATEST,
    out: Annotated[Path | None, typer.Option("--out", help="The SVG; risk-coverage.svg in the folder of the run.")] = None,
) -> None:
    """Draw risk against coverage with the operating point, and print what was measured there."""
    from advisor.cli import evaluation_actions as actions

    actions.draw_risk(load_settings(), name, out)


@evaluation.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write.")],
    name: RunName = _LATEST,
    corpus: Corpus = None,
    index: Index = None,
) -> None:
    """Write a run as a BEIR folder and files of TREC."""
    from advisor.cli import evaluation_actions as actions

    actions.write_exchange(settings_of(corpus, index), name, folder)


@dataclass(frozen=True)
class ImportOptions:
    """What is imported, what it needs beside it, and where to write."""

    source: Annotated[Path, typer.Argument(help="A BEIR folder, or judgements of TREC (qrels).")]
    out: Annotated[Path, typer.Option("--out", help="The question set to write.")]
    documents: Annotated[Path | None, typer.Option("--documents", help="BEIR: where to write its corpus.")] = None
    queries: Annotated[Path | None, typer.Option("--queries", help="TREC: the texts of the queries.")] = None
    corpus: Corpus = None
    index: Index = None


@evaluation.command(name="import")
@takes(ImportOptions)
def import_set(options: ImportOptions) -> None:
    """Make a question set of a BEIR folder or of judgements of TREC."""
    from advisor.cli import evaluation_actions as actions

    if options.source.is_dir():
        if options.documents is None:
            message = "a BEIR folder needs --documents DIR, where its corpus is written, to be indexed from there"
            raise typer.BadParameter(message)
        actions.import_beir(options.source, options.documents, options.out)
    else:
        if options.queries is None:
            message = "judgements need --queries FILE, the texts of the queries"
            raise typer.BadParameter(message)
        actions.import_qrels(settings_of(options.corpus, options.index), options.source, options.queries, options.out)


@dataclass(frozen=True)
class NewOptions:
    """What a draft is made of, and where it is written."""

    out: Out = None
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Most questions, over all documents; 60.")] = None
    gaps: Annotated[bool, typer.Option("--gaps", help="Gaps to fill as well: a figure or a word left out.")] = False
    held_out: Annotated[
        Path | None,
        typer.Option("--held-out", help="Documents that are near and not indexed, for questions without an answer."),
    ] = None
    corpus: Corpus = None
    index: Index = None


@evaluation.command()
@takes(NewOptions)
def new(options: NewOptions) -> None:
    """Draft a question set from the indexed documents, to be corrected by hand."""
    from advisor.cli import evaluation_actions as actions
    from advisor.evaluation.drafting import LIMIT, DraftOrder

    wanted = DraftOrder(options.limit or LIMIT, options.gaps, options.held_out)
    actions.draft_set(settings_of(options.corpus, options.index), wanted, options.out)


@evaluation.command()
def from_feedback(
    feedback: Annotated[Path, typer.Argument(help="What readers said of answers: feedback.jsonl.")], out: Out = None
) -> None:
    """Draft questions from feedback, to be corrected by hand."""
    from advisor.cli import evaluation_actions as actions

    actions.draft_from_verdicts(feedback, out)


@evaluation.command()
def unanswered(
    log: Annotated[
        Path | None, typer.Argument(help="What ADVISOR_UNANSWERED_LOG keeps: unanswered.jsonl of the state folder.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Show what people asked and the corpus could not answer, by nearest subject."""
    from advisor.cli import evaluation_actions as actions

    actions.show_backlog(load_settings(), log, as_json=as_json)


@evaluation.command()
def coverage(
    sets: Sets = None,
    name: Annotated[str | None, typer.Option("--run", help="A run, to tell which questions found no support.")] = None,
    corpus: Corpus = None,
    index: Index = None,
    *,
    as_json: Json = False,
) -> None:
    """Show which sections no question asks about, and which questions found no support."""
    from advisor.cli import evaluation_actions as actions

    actions.show_coverage(settings_of(corpus, index), sets or [], name, as_json=as_json)
