"""Write the parts of the documents that the program itself knows: the references, and the figures of the README.

    python docs/generate.py            # writes them
    python docs/generate.py --check    # exit 1 when one of them is not current

`docs/reference/settings.md` comes from the settings, `cli.md` from the command line, `rest.md` from the description of the
REST interface; the table between the marks `figures` of both READMEs from `evals/baseline`.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer.main
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from typer.core import TyperCommand, TyperGroup

from advisor.advisor import Advisor
from advisor.api.application import create_interfaces
from advisor.api.pool import QuestionPool
from advisor.cli.main import app
from advisor.evaluation.measures import BY_NAME, measure_rows
from advisor.evaluation.run_store import Run, read_run
from advisor.evaluation.scoring import Row
from advisor.index.progress import ensure_index
from advisor.models.embeddings import Embeddings
from advisor.settings import PREFIX, Settings, load_settings

ROOT = Path(__file__).resolve().parent.parent
NOTE = "<!-- Written by docs/generate.py: change the program, then run `make reference`. -->\n\n"
_MARKS = re.compile(r"(<!-- figures -->\n).*?(<!-- end of figures -->)", re.DOTALL)
_KNOWN = {"article", "playbooks", "cross-language", "word-forms"}

FIGURES: tuple[tuple[str, str, str, Callable[[Row], bool]], ...] = (
    (
        "questions about a fact: every expected fact is in the answer",
        "questions sur un fait : tous les faits attendus sont dans la réponse",
        "passed",
        lambda row: row.set in _KNOWN,
    ),
    (
        "questions for advice: the answer opens with a sentence that belongs in it",
        "demandes de conseil : la réponse commence par une phrase qui doit y figurer",
        "opening_core",
        lambda row: row.set == "advisory",
    ),
    (
        "the same: sentences shown that belong in the answer or are useful",
        "les mêmes : phrases montrées qui doivent y figurer ou sont utiles",
        "helpful",
        lambda row: row.set == "advisory",
    ),
    (
        "the same: sentences that belong in the answer and are shown",
        "les mêmes : phrases qui doivent y figurer et sont montrées",
        "core_recall",
        lambda row: row.set == "advisory",
    ),
    (
        "questions without an answer: refused, or only the nearest passages shown",
        "questions sans réponse : refus, ou seulement les passages les plus proches",
        "near_refused",
        lambda row: row.set == "unanswerable",
    ),
    (
        "the same, on the very subjects of the corpus",
        "les mêmes, sur les sujets mêmes du corpus",
        "near_refused",
        lambda row: row.set == "near-misses",
    ),
    (
        "documents planted to mislead the advisor: attacks that worked",
        "documents ajoutés pour tromper le conseiller : attaques réussies",
        "attack_success",
        lambda row: row.set == "attacks",
    ),
)
"""The rows of the figures: in English, in French, what is measured, and of which questions."""

_HEADS = {
    "en": "| questions kept for reporting, run of {date} | share | 95 % interval | of |\n|---|---|---|---|\n",
    "fr": "| questions gardées pour la mesure, exécution du {date} | part | intervalle à 95 % | sur |\n|---|---|---|---|\n",
}


def figures(run: Run, language: str) -> str:
    """The table of what was measured in a run, of the questions that nothing was chosen on."""
    lines = [_HEADS[language].format(date=run.info.created[:10])]
    for english, french, measure, wanted in FIGURES:
        rows = [row for row in run.rows if row.split == "report" and wanted(row)]
        (measured,) = measure_rows(rows, [BY_NAME[measure]])
        value = measured.estimate
        label = english if language == "en" else french
        varies = value.low is not None and value.high is not None and value.low < value.high
        span = f"{value.low * 100:.0f}–{value.high * 100:.0f} %" if varies else ""
        lines.append(f"| {label} | {value.value * 100:.0f} % | {span} | {value.weight:.0f} |\n")
    return "".join(lines)


def settings_reference() -> str:
    """Every setting: its variable, what it takes, its default, and what it is for."""
    lines = [
        "# Settings\n\n" + NOTE,
        "Each setting is an environment variable. An unknown variable that begins with `ADVISOR_`, or a value out of range, "
        "is an error that says so.\n\n| variable | takes | default | what for |\n|---|---|---|---|\n",
    ]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, PydanticUndefined) or field.default == frozenset() else f"`{field.default}`"
        if name == "cache_dir":
            default = "the cache folder of the user"
        lines.append(f"| `{PREFIX}{name.upper()}` | {_takes(field)} | {default} | {field.description} |\n")
    return "".join(lines)


def _takes(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return " or ".join(f"`{one}`" for one in get_args(field.annotation))
    kind = str(getattr(field.annotation, "__name__", field.annotation)).replace(" | None", "")
    words = {"Path": "a folder", "str": "text", "int": "a whole number", "float": "a number", "bool": "`true` or `false`"}
    named = words.get(kind, "text")
    limits = {type(bound).__name__: getattr(bound, type(bound).__name__.lower(), None) for bound in field.metadata}
    low, high = limits.get("Ge", limits.get("Gt")), limits.get("Le")
    if low is None:
        return named
    beginning = "above" if "Gt" in limits else "from"
    return f"{named} {beginning} {low:,}" + (f" to {high:,}" if high is not None else "")


def cli_reference() -> str:
    """Every command with its arguments and options."""
    lines = [
        "# Command line\n\n" + NOTE,
        "Results go to standard output, messages and progress to standard error. The exit status is 0 for success, 1 for a "
        "failure (with one line that says what to do) and 2 for a command or a question that cannot be taken.\n",
    ]
    command = typer.main.get_command(app)
    for name, one in _commands("advisor", command):
        lines.append(f"\n## `{name}`\n\n{_paragraph(one.help)}\n")
        rows = [_parameter(parameter) for parameter in one.params if parameter.name != "help"]
        if rows:
            lines.append("\n| | |\n|---|---|\n" + "".join(rows))
    return "".join(lines)


def _commands(name: str, command: Any) -> Iterable[tuple[str, TyperCommand]]:  # noqa: ANN401 - of click or of typer's copy
    if isinstance(command, TyperGroup):
        if command.invoke_without_command:
            yield name, command  # type: ignore[misc]
        for below, one in command.commands.items():
            yield from _commands(f"{name} {below}", one)
    else:
        yield name, command


def _parameter(parameter: Any) -> str:  # noqa: ANN401 - of click or of typer's copy
    if parameter.param_type_name == "argument":
        shown = f"`{parameter.name.upper()}`"
    else:
        shown = ", ".join(f"`{one}`" for one in [*parameter.opts, *parameter.secondary_opts])
    default = parameter.default
    told = f" Default: `{default}`." if isinstance(default, (int, float, str)) and default not in (False, True, "") else ""
    return f"| {shown} | {_paragraph(getattr(parameter, 'help', None))}{told} |\n"


def _paragraph(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def rest_reference(advisor: Advisor) -> str:
    """Every operation of the REST interface, and the fields that it takes and gives."""
    description = create_interfaces(QuestionPool(advisor), lambda *_: "", "", local=True).openapi()
    lines = [
        "# REST\n\n" + NOTE,
        "The same description, for programs, is at `/api/openapi.json` of a running advisor. [Operations]"
        "(../operations.md#rest) has examples.\n",
    ]
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            lines.append(
                f"\n## `{method.upper()} {path}`\n\n{_paragraph(operation.get('description') or operation['summary'])}\n"
            )
            for parameter in operation.get("parameters", []):
                lines.append(f"\n- `{parameter['name']}` ({parameter['in']}): {_type(parameter['schema'])}")
            body = operation.get("requestBody")
            lines.append(f"\n\nTakes {_content(body)}.\n" if body else "\n")
            answers = [f"{status}: {_content(one)}" for status, one in operation["responses"].items()]
            lines.append(f"\nGives {'; '.join(answers)}.\n")
    lines.append("\n## Objects\n")
    for name, schema in description["components"]["schemas"].items():
        lines.append(f"\n### {name}\n\n{_paragraph(schema.get('description'))}\n\n| field | type | |\n|---|---|---|\n")
        required = set(schema.get("required", []))
        for field, one in schema.get("properties", {}).items():
            needed = "" if field in required else " (optional)"
            lines.append(f"| `{field}` | {_type(one)}{needed} | {_paragraph(one.get('description'))} |\n")
    return re.sub(r"\n{3,}", "\n\n", "".join(lines))


def _content(body: Mapping[str, Any]) -> str:
    kinds = [
        _type(one["schema"]) + f" (`{media}`)" for media, one in body.get("content", {}).items() if one.get("schema")
    ] or [f"`{media}`" for media in body.get("content", {})]
    return " or ".join(kinds) or _paragraph(body.get("description"))


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"`{one}`" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}" if "items" in schema else "list"
    return str(schema.get("const") or schema.get("type", "anything"))


def documents(advisor: Advisor) -> dict[Path, str]:
    """File -> what it should hold.

    :param advisor: of any corpus: its interface is what is described.
    """
    run = read_run("baseline", ROOT / "evals")
    written = {
        ROOT / "docs/reference/settings.md": settings_reference(),
        ROOT / "docs/reference/cli.md": cli_reference(),
        ROOT / "docs/reference/rest.md": rest_reference(advisor),
    }
    for language, name in (("en", "README.md"), ("fr", "README.fr.md")):
        text = (ROOT / name).read_text(encoding="utf-8")
        table = figures(run, language)
        written[ROOT / name] = _MARKS.sub(lambda found, table=table: found[1] + table + found[2], text)
    return written


def main() -> None:
    """Write what is not current, or name it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    settings = load_settings()
    embeddings = Embeddings(settings)
    ensure_index(settings, embeddings)
    with closing(Advisor.open(settings, embeddings)) as advisor:
        wanted = documents(advisor)
    old = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in old:
        print(f"{'not current: ' if check else ''}{path.relative_to(ROOT)}")
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8")
    sys.exit(bool(check and old))


if __name__ == "__main__":
    main()
