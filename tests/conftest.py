"""What the tests share: the real model, the real corpus indexed once, a small corpus to change."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from filelock import FileLock
from playwright.sync_api import Browser, sync_playwright
from postgres import Postgres, running_postgres
from pydantic import SecretStr

from advisor.advisor import Advisor
from advisor.index.generations import blank_manifest, current_generation
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings, EncodingProgress
from advisor.settings import Settings
from advisor.storage.database import open_database

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ROOT = Path(__file__).resolve().parent.parent
# What the page keeps of conversations goes nowhere near those of the person who runs the tests.
_DATA_HOME = tempfile.TemporaryDirectory(prefix="advisor-tests-")
os.environ["XDG_DATA_HOME"] = _DATA_HOME.name
DATA = Path(os.environ.get("ADVISOR_DATA_DIR") or ROOT.parent / "shared" / "data")

SMALL_CORPUS = {
    "fr/finops.md": (
        "---\ntitle: FinOps en pratique\nlanguage: fr\ntopic: finops\nupdated: 2026-03-01\nevidence: practice\n---\n\n"
        "# FinOps en pratique\n\n## Étiquetage\n\nLe tagging couvre 92 % des dépenses du cloud après six mois.\n\n"
        "## Engagements\n\nLes réservations sur un an ont réduit la facture de 17 %.\n"
    ),
    "fr/gouvernance.md": (
        "# Gouvernance de l'IA\n\nLe comité d'éthique se réunit chaque trimestre et valide les usages à risque.\n\n"
        "- Tenir un registre des modèles.\n- Nommer un responsable par modèle.\n"
    ),
    "en/board.md": (
        "---\ntitle: Talking to the board\nlanguage: en\ntopic: leadership\n---\n\n"
        "The board wants one page with three risks. The CTO presents it every six weeks.\n"
    ),
    "en/incidents.md": (
        "# Incident reviews\n\nA blameless review takes place within five days of an outage.\n\n"
        "## Follow-up\n\nEvery action has an owner and a date. Zanzibar is the code name of the on-call rota.\n"
    ),
    "en/notes.txt": "Migration notes\n\nThe Kubernetes migration took fourteen months and cost 2.3 million euros.\n",
}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches them."""
    for name in [name for name in os.environ if name.startswith("ADVISOR_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def project_root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def seed_dir() -> Path:
    return _existing(ROOT.parent / "shared" / "seed")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    return _existing(DATA)


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        pytest.skip(f"{folder} is not on this machine")
    return folder


class RememberingEmbeddings(Embeddings):
    """The real model, which encodes each passage of the tests' many small indexes once."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._known: dict[str, NDArray[np.float32]] = {}

    def encode_passages(self, texts: Sequence[str], progress: EncodingProgress | None = None) -> NDArray[np.float32]:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, super().encode_passages(new, progress), strict=True))
        if progress:
            progress(len(texts) - len(new))
        return np.stack([self._known[text] for text in texts]) if texts else super().encode_passages([])


@pytest.fixture(scope="session")
def embeddings() -> Embeddings:
    return RememberingEmbeddings(Settings(threads=1))


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory, embeddings: Embeddings, pytestconfig: pytest.Config) -> Settings:
    """The corpus of the repository, and the folder of its index, which every run and every worker of a run shares."""
    found = Settings(corpus_dir=ROOT / "corpus", evals_dir=ROOT / "evals", state_dir=tmp_path_factory.mktemp("state"))
    key = hashlib.sha256(json.dumps(blank_manifest(found, embeddings).recipe(), sort_keys=True).encode())
    for path in sorted(path for path in found.corpus_dir.rglob("*") if path.is_file()):
        key.update(f"\0{path.relative_to(found.corpus_dir)}\0".encode() + path.read_bytes())
    folder = Path(pytestconfig.cache.mkdir("index")) / key.hexdigest()[:16]
    return found.model_copy(update={"index_dir": folder})


@pytest.fixture(scope="session")
def advisor(settings: Settings, embeddings: Embeddings) -> Iterator[Advisor]:
    """The whole corpus, indexed once: from a copy of the index at hand where there is one, else built, which takes minutes."""
    folder = settings.index_dir
    with FileLock(folder.with_suffix(".lock")):
        if current_generation(ROOT / "index") and not current_generation(folder):
            shutil.copytree(ROOT / "index", folder, dirs_exist_ok=True)
        sync(settings, embeddings)
    opened = Advisor.open(settings, embeddings)
    yield opened
    opened.close()


ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def new_database(request: pytest.FixtureRequest) -> Callable[[str], SecretStr | None]:
    """What makes a new database of a kind of `ENGINES`: the setting that leads to it."""
    return lambda kind: SecretStr(request.getfixturevalue("postgres").url()) if kind == "postgresql" else None


@pytest.fixture(params=ENGINES)
def kept_in(
    request: pytest.FixtureRequest, tmp_path: Path, new_database: Callable[[str], SecretStr | None]
) -> Iterator[Settings]:
    """Settings of an empty folder, with a database of each kind."""
    made = Settings(
        corpus_dir=tmp_path / "corpus",
        index_dir=tmp_path / "index",
        state_dir=tmp_path / "state",
        database_url=new_database(request.param),
    )
    yield made
    open_database(made).close()


@pytest.fixture
def small_corpus(tmp_path: Path) -> Path:
    """Five short documents in both languages; `SMALL_CORPUS` holds their text."""
    folder = tmp_path / "corpus"
    for name, text in SMALL_CORPUS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return folder


@pytest.fixture
def small_settings(small_corpus: Path, tmp_path: Path) -> Settings:
    return Settings(corpus_dir=small_corpus, index_dir=tmp_path / "index", state_dir=tmp_path / "state")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on PATH")
        pytest.skip("no Chromium on PATH")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=CHROMIUM_ARGUMENTS)
        yield opened
        opened.close()
