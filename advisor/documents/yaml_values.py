"""YAML from outside -> values, in time and memory in proportion to its length, or one error that says what and where."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import yaml
from pydantic import StringConstraints, TypeAdapter, ValidationError

from advisor.errors import CorpusError
from advisor.limits import CORPUS_FILE

_DEEPEST = 40
_LONGEST_NUMBER = 100  # characters
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_LONGEST_REASON = 300  # characters: a reason can repeat what is written
Form = TypeVar("Form")
Written = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""Words in a file: not nothing."""


class BadYamlError(ValueError):
    """What is wrong with some YAML; `line` counts from one, None where it is wrong as a whole."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(f"line {line}: {problem}" if line else problem)
        self.problem = problem
        self.line = line


_Parser: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader  # that of libyaml is ten times as fast


class _Loader(_Parser):  # type: ignore[misc]
    """Builds no number that is bigger than what is written."""

    def construct_scalar(self, node: Any) -> Any:  # noqa: ANN401 - as PyYAML has it
        if node.tag in _NUMBERS and len(node.value) > _LONGEST_NUMBER:  # 1:1:1:… to the base of sixty, say
            _refuse(f"a number has more than {_LONGEST_NUMBER} digits; put it in quotation marks", node.start_mark)
        return super().construct_scalar(node)


def _check(text: str) -> None:
    """Refuse what would become more than is written, or so deep that Python gives up."""
    depth = 0
    for event in yaml.parse(text, _Parser):
        if isinstance(event, yaml.AliasEvent):  # a few aliases of aliases are billions of values
            _refuse("an alias (*name) is not read here; write the value where it is used", event.start_mark)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                _refuse(f"lists are nested more than {_DEEPEST} deep", event.start_mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _refuse(problem: str, place: Any) -> NoReturn:  # noqa: ANN401 - a mark of the parser's own kind
    raise yaml.MarkedYAMLError(problem=problem, problem_mark=place)


def yaml_value(text: str) -> Any:  # noqa: ANN401 - whatever is written
    """The one value of some YAML; None where nothing is written.

    :raises BadYamlError: when it cannot be read.
    """
    return _read(text, lambda: yaml.load(text, _Loader))


def yaml_values(text: str) -> list[Any]:
    """The values of some YAML, between lines of `---`; it raises what `yaml_value` does."""
    found: list[Any] = _read(text, lambda: list(yaml.load_all(text, _Loader)))
    return found


def _read(text: str, load: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever is written
    try:
        _check(text)
        return load()
    except yaml.MarkedYAMLError as cause:
        mark = cause.problem_mark or cause.context_mark
        problem = " ".join(str(cause.problem or cause.context).split())
        raise BadYamlError(problem, mark.line + 1 if mark else None) from cause
    except yaml.YAMLError as cause:
        raise BadYamlError(" ".join(str(cause).split())) from cause
    except (ValueError, KeyError, TypeError, AttributeError) as cause:
        # PyYAML lets these through where a value is not what it looks like or is tagged as: 2026-13-01, !!timestamp x.
        problem = f"a date, a number or a tagged value cannot be read ({' '.join(str(cause).split())[:80]})"
        raise BadYamlError(problem) from cause


def yaml_text(value: object) -> str:
    """A value as YAML that is read as this value again: short lists on one line each, letters as they are."""
    written: str = yaml.safe_dump(value, allow_unicode=True, default_flow_style=None, sort_keys=False, width=math.inf)
    return written


def read_yaml_file(path: Path, form: TypeAdapter[Form], shape: str) -> Form:
    """What a file beside the documents holds.

    :param shape: the form in words, for the error.
    :raises CorpusError: when it cannot be read, is too long, or has another form: which file, where, what to do.
    """
    try:
        return form.validate_python(yaml_value(CORPUS_FILE.read(path).decode("utf-8")))
    except UnicodeDecodeError:
        why, advice = "it is not in UTF-8", "Save it in UTF-8"
    except OSError as cause:
        why, advice = cause.strerror or str(cause), "Make it readable, or part it in two where it may be"
    except BadYamlError as cause:
        why, advice = str(cause), "Correct it; put what has a colon, a dash or a star in quotation marks"
    except ValidationError as cause:
        first = cause.errors(include_url=False)[0]
        place = "".join(f"{part}: " for part in first["loc"])
        why = f"{place}{first['msg'].removeprefix('Value error, ')}"[:_LONGEST_REASON]
        advice = "Correct it; put what has a comma or a colon in quotation marks"
    message = f"{path} is not {shape}: {why}. {advice}"
    raise CorpusError(message)
