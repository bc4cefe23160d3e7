"""HTML from templates: the folder `templates` of a package. Whatever is put into one is escaped, unless a template made it.

A template is written as one reads it, a line for each element, indented; the line breaks and indents are not sent, since
between two buttons they would be a space. Within a tag a line break stands for a space.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import jinja2
from jinja2.ext import Extension
from markupsafe import Markup

_TAG = re.compile(r"<[A-Za-z][^<>]*>")


class Templates:
    """The templates of a package, each compiled when it is first used. Safe to use from several threads."""

    def __init__(self, package: str, **filters: Callable[..., object]) -> None:
        """:param filters: functions that templates apply to what they show, by name."""
        self._environment = jinja2.Environment(
            autoescape=True,
            auto_reload=False,
            extensions=[_Unbroken],
            loader=jinja2.PackageLoader(package),
            undefined=jinja2.StrictUndefined,
        )
        self._environment.filters.update(filters)

    def render(self, name: str, /, **values: object) -> Markup:
        """A template filled in.

        :param name: of its file, without `.html`.
        :raises jinja2.TemplateError: when there is none of this name, or it wants a value that is not given.
        """
        return Markup(self._environment.get_template(f"{name}.html").render(values))


class _Unbroken(Extension):
    """Takes the line breaks out of a template before it is compiled."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _on_one_line(_TAG.sub(lambda tag: _on_one_line(tag.group(), " "), source), "")


def _on_one_line(written: str, between: str) -> str:
    return between.join(line.strip() for line in written.splitlines())
