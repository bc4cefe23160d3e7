"""The command line. Results on stdout; messages and progress on stderr.

Exit status 0 success, 1 failure with one line that says what to do, 2 usage or a question that cannot be taken.
"""

from __future__ import annotations

import errno
import io
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from advisor.advisor import Advisor
from advisor.cli import doctor as check_up
from advisor.cli.calibrate_command import calibrate
from advisor.cli.chat_check import check_chat
from advisor.cli.evaluation_commands import evaluation
from advisor.cli.index_command import index_corpus
from advisor.cli.options import Corpus, Index, Json, note, print_json, settings_of, takes
from advisor.cli.question_commands import ask_questions, search_passages
from advisor.cli.user_commands import users
from advisor.errors import AdvisorError, QuestionError, ScopeError
from advisor.settings import Settings, load_settings

_OUTPUT_FAILED = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE)

app = typer.Typer(
    help="Answers from a curated corpus, with the lines behind every sentence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(evaluation, name="eval")
app.add_typer(users, name="users")
app.command("index")(index_corpus)
app.command("search")(search_passages)
app.command("ask")(ask_questions)
app.command("calibrate")(calibrate)


def main() -> None:
    """Run the command line; every deliberate error becomes one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may lack a character, an answer never stops for it
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # here, where it can still be told that it fails
    except (QuestionError, ScopeError) as error:
        note(str(error))
        sys.exit(2)
    except AdvisorError as error:
        note(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        _give_up_printing(error)


def _give_up_printing(error: OSError) -> NoReturn:
    """End with one line when the disk is full, and without a word when nobody reads on.

    :raises OSError: when the error is not about the output.
    """
    if error.errno not in _OUTPUT_FAILED or error.filename is not None:
        raise error
    # What is left to print goes nowhere: Python would try once more at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno != errno.EPIPE:
        note(f"the output cannot be written: {error.strerror}")
    sys.exit(1)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port; the next free one when it is taken.")] = 7860,
    corpus: Corpus = None,
    index: Index = None,
) -> None:
    """Serve the web chat; builds the index when there is none."""
    from advisor.ui.server import serve_page

    serve_page(settings_of(corpus, index), host=host, port=port)
    sys.stdout.flush()
    os._exit(0)  # all is written; Python would wait for what still works on questions that nobody waits for


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to start in; made when it is not there.")],
) -> None:
    """Copy the corpus and the question sets that come with the program into a folder of yours."""
    from advisor.features.starting import start_folder

    for path in start_folder(folder):
        typer.echo(f"written: {path}")
    typer.echo(f"Next: cd {shlex.quote(str(folder))} && advisor serve")


@app.command()
def mcp(corpus: Corpus = None, index: Index = None) -> None:
    """Serve the tools ask, search and read_source to an assistant, over standard input and output (MCP)."""
    from advisor.api.mcp_server import mcp_server
    from advisor.api.pool import QuestionPool

    advisor = Advisor.open(settings_of(corpus, index))
    mcp_server(QuestionPool(advisor)).run("stdio")
    advisor.close()


@app.command("copy-state")
def copy_to_database() -> None:
    """Copy the users and conversations of the state folder into the PostgreSQL of ADVISOR_DATABASE_URL, which is empty."""
    from advisor.storage.copying import copy_state

    copied = copy_state(load_settings())
    typer.echo("\n".join(f"{name}: {count}" for name, count in copied.items()))


@dataclass(frozen=True)
class DoctorOptions:
    """The options of `advisor doctor`."""

    chat: Annotated[bool, typer.Option("--chat", help="Ask the chat model one question, and show what becomes of it.")] = (
        False
    )
    question: Annotated[str, typer.Option(help="The question for the chat model.")] = "How do we start with FinOps?"
    corpus: Corpus = None
    index: Index = None
    as_json: Json = False


@app.command()
@takes(DoctorOptions)
def doctor(options: DoctorOptions) -> None:
    """Check the installation, the model, the corpus and the index, and say what to do; or, with --chat, the chat model."""
    settings = settings_of(options.corpus, options.index)
    if options.chat:
        _check_chat(settings, options)
        return
    findings = check_up.examine(settings)
    for finding in findings:
        if options.as_json:
            print_json({"check": finding.check, "ok": finding.ok, "detail": finding.detail, "advice": finding.advice})
        else:
            mark = "ok  " if finding.ok else "FAIL"
            typer.echo(f"{mark} {finding.check}: {finding.detail}" + (f"\n     {finding.advice}" if finding.advice else ""))
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _check_chat(settings: Settings, options: DoctorOptions) -> None:
    checked = check_chat(settings, options.question)
    if options.as_json:
        print_json(checked.as_json())
    else:
        typer.echo("\n".join(checked.in_words()))
    if checked.failure:
        raise typer.Exit(1)
