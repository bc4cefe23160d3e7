"""HTML is in templates, where whatever is put into it is escaped."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from advisor.text.templates import Templates
from advisor.ui.answer_view import render_notice, render_turn
from advisor.ui.rendering import render
from advisor.ui.texts import TEXTS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "advisor"
TEMPLATES = sorted(path for path in PACKAGE.rglob("templates/**/*") if path.is_file())
HTML = re.compile(r"</?[a-z][a-z0-9]*[ />]")
ON_HTML = {
    "api/headers.py",  # gives the scripts of a page their nonce
    "ui/document_view.py",  # puts marks into the HTML of rendered Markdown
    "ui/gradio_gate.py",  # names what it looks for in Gradio's page
}


def texts_of(path: Path) -> Iterator[str]:
    """The strings of a module that are not its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node.value


def test_no_module_of_the_page_writes_html_itself() -> None:
    folders = ("ui", "api", "evaluation/reports")
    modules = {path for folder in folders for path in (PACKAGE / folder).rglob("*.py")}
    writing = {str(path.relative_to(PACKAGE)) for path in modules if any(map(HTML.search, texts_of(path)))}
    assert writing <= ON_HTML


def test_what_is_put_into_a_template_is_escaped_and_what_a_template_made_is_not() -> None:
    notice = render_notice('<b>"a" & b</b>', TEXTS["en"])
    assert notice == '<p class="notice" lang="en">&lt;b&gt;&#34;a&#34; &amp; b&lt;/b&gt;</p>'
    turn = render_turn('"><script>', notice, TEXTS["en"])
    assert f'<div class="answer">{notice}</div>' in turn
    assert 'data-question="&#34;&gt;&lt;script&gt;"' in turn


def test_line_breaks_of_a_template_are_a_space_within_a_tag_and_nothing_between() -> None:
    shown = render("bar", "en", done=1, total=2, said="a\n b")
    assert shown == '<div class="outcome" role="status"><progress max="2" value="1"></progress><p>a\n b</p></div>'
    assert '<nav aria-label="Conversations"><div class="bar"><h2>' in render("history", "en")
    assert 'class="act close-history" aria-label=' in render("history", "en")


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="message"):
        render("notice", "en")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_each_template_is_used_and_comes_with_the_package(path: Path) -> None:
    package = path.relative_to(PACKAGE).parts[: path.relative_to(PACKAGE).parts.index("templates")]
    folder = PACKAGE.joinpath(*package)
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]
    patterns = shipped[".".join(("advisor", *package))]
    assert any(fnmatch(str(path.relative_to(folder)), pattern) for pattern in patterns)
    name = str(path.relative_to(folder / "templates"))
    by_templates = [f'"{name}"' in other.read_text("utf-8") for other in (folder / "templates").glob("*.html")]
    by_modules = [f'"{name.removesuffix(".html")}"' in module.read_text("utf-8") for module in folder.glob("*.py")]
    by_rating = name in {"icons/up.svg", "icons/down.svg"}
    assert any((*by_templates, *by_modules, by_rating))


def test_all_templates_can_be_compiled() -> None:
    packages = {".".join(("advisor", *path.relative_to(PACKAGE).parts)).partition(".templates")[0] for path in TEMPLATES}
    assert packages == {"advisor.ui", "advisor.api", "advisor.evaluation.reports"}
    for package in packages:
        environment = Templates(package)._environment
        for name in environment.list_templates():
            environment.parse(environment.loader.get_source(environment, name)[0])
