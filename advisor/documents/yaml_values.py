"""YAML from outside -> values, in time and memory in proportion to its length, or one error that says what and where."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import yaml
from pydantic import StringConstraints, TypeAdapter, ValidationError

from advisor.errors import CorpusError
from advisor.limits import CORPUS_FILE
from advisor.text.reasons import reason

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


class _Loader(yaml.SafeLoader):
    """Builds no value that is bigger than what is written, and none so deep that Python gives up."""

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 - as PyYAML has it
        if self.check_event(yaml.AliasEvent):  # a few aliases of aliases are billions of values
            self._refuse("an alias (*name) is not read here; write the value where it is used")
        self._depth += 1
        if self._depth > _DEEPEST:
            self._refuse(f"lists are nested more than {_DEEPEST} deep")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _refuse(self, problem: str) -> NoReturn:
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=self.get_mark())

    def construct_scalar(self, node: Any) -> Any:  # noqa: ANN401 - as PyYAML has it
        if node.tag in _NUMBERS and len(node.value) > _LONGEST_NUMBER:  # 1:1:1:… to the base of sixty, say
            self._refuse(f"a number has more than {_LONGEST_NUMBER} digits; put it in quotation marks")
        return super().construct_scalar(node)


# Ten times as fast, and read with wherever it finds nothing wrong; `_Loader` tells what is.
_FAST: Any = getattr(yaml, "CSafeLoader", None)


def yaml_value(text: str) -> Any:  # noqa: ANN401 - whatever is written
    """The one value of some YAML; None where nothing is written.

    :raises BadYamlError: when it cannot be read.
    """
    return _read(text, lambda loader: yaml.load(text, loader))


def _refuse_repeated_keys(text: str) -> None:
    """YAML keeps the last of two keys that are the same: what stands below the first would be lost without a word.

    :param text: YAML that can be read.
    """
    nodes = [yaml.compose(text, _FAST or yaml.SafeLoader)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
        elif isinstance(node, yaml.MappingNode):
            keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            nodes += [value for _, value in node.value]
            counts = Counter((key.tag, key.value) for key in keys)
            for key in keys:
                if counts[key.tag, key.value] > 1:
                    problem = (
                        f"{key.value!r} stands twice in one entry; perhaps a second one begins here, and lacks its '- '"
                    )
                    raise BadYamlError(problem, key.start_mark.line + 1)


def yaml_values(text: str) -> list[Any]:
    """The values of some YAML, between lines of `---`; it raises what `yaml_value` does."""
    found: list[Any] = _read(text, lambda loader: list(yaml.load_all(text, loader)))
    return found


def _read(text: str, load: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - whatever is written
    try:
        return load(_FAST if _FAST and _is_simple(text) else _Loader)
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


def _is_simple(text: str) -> bool:
    """Whether libyaml reads a text as `_Loader` does: no aliases, no deep lists, no long numbers, nothing wrong."""
    depth = 0
    try:
        for event in yaml.parse(text, _FAST):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth >= _DEEPEST or isinstance(event, yaml.AliasEvent) or _is_long_number(event):
                return False
    except yaml.YAMLError:
        return False
    return True


def _is_long_number(event: Any) -> bool:  # noqa: ANN401 - any event of PyYAML's
    return isinstance(event, yaml.ScalarEvent) and len(event.value) > _LONGEST_NUMBER and " " not in event.value


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
        text = CORPUS_FILE.read(path).decode("utf-8")
        value = yaml_value(text)
        _refuse_repeated_keys(text)
        return form.validate_python(value)
    except UnicodeDecodeError:
        code, problem = "not_utf8", ""
    except OSError as cause:
        code, problem = "unreadable_beside", cause.strerror or str(cause)
    except BadYamlError as cause:
        code, problem = "bad_yaml", str(cause)
    except ValidationError as cause:
        first = cause.errors(include_url=False)[0]
        place = "".join(f"{part}: " for part in first["loc"])
        code, problem = "other_shape", f"{place}{first['msg'].removeprefix('Value error, ')}"[:_LONGEST_REASON]
    raise CorpusError(reason(code, path=str(path), shape=shape, problem=problem))
