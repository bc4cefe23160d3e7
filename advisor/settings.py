"""One frozen settings object, built in one place and passed down: the only reader of the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import quote, unquote, urlsplit

from platformdirs import user_cache_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from advisor.errors import SettingsError

PREFIX = "ADVISOR_"
_DEVELOPMENT = {PREFIX + "DATA_DIR"}  # where tests and measurements find their data
BUNDLED_MODEL = "multilingual-e5-small"


@dataclass(frozen=True, slots=True)
class ChromaPlace:
    """A database of a Chroma server. `headers` go with each request; `certificates` are what it is known by."""

    url: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    certificates: Path | None
    tenant: str
    database: str


class Settings(BaseSettings):
    """Every knob, with its unit in its name. Each is also an environment variable `ADVISOR_<NAME>`."""

    # An empty variable is not set: an empty folder name would be the working folder.
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid")

    corpus_dir: Path = Field(default=Path("corpus"), description="Folder of documents: the source of truth.")
    index_dir: Path = Field(default=Path("index"), description="Folder of the index: built, deletable at any time.")
    evals_dir: Path = Field(default=Path("evals"), description="Folder of question sets, runs, baseline and gate.")
    state_dir: Path = Field(
        default=Path("state"),
        description="Folder of users, sign-ins, conversations and logs, for the account of the server alone.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL in place of the files of the state folder, for several replicas: "
        "`postgresql+psycopg://user:password@host/name`.",
    )
    chroma_url: str | None = Field(
        default=None,
        description="Address of a Chroma server for the vectors of the index, which several replicas ask, such as "
        "`https://chroma.internal:8000`; they share the folder of the index.",
    )
    chroma_token: SecretStr | None = Field(
        default=None, description="Token of the Chroma server, sent as `Authorization: Bearer`, where it wants one."
    )
    chroma_headers: SecretStr | None = Field(
        default=None,
        description="Other headers that it wants, as `name=value` with commas between; a comma itself is `%2C`.",
    )
    chroma_certificates: Path | None = Field(
        default=None, description="File of the certificates that it is known by, where this system does not know them."
    )
    chroma_tenant: str = Field(default="default_tenant", min_length=1, description="Tenant on the Chroma server.")
    chroma_database: str = Field(default="default_database", min_length=1, description="Database of that tenant.")
    cache_dir: Path = Field(
        default_factory=lambda: user_cache_path("cto-advisor"), description="Folder of converted models."
    )
    embedding_model: str = Field(
        default=BUNDLED_MODEL,
        description="The bundled model, or any of sentence-transformers by name or folder; with a server, its name there.",
    )
    embedding_url: str | None = Field(
        default=None,
        description="Address of a server that encodes instead, by OpenAI's protocol, such as `http://127.0.0.1:8080`.",
    )
    embedding_key: SecretStr | None = Field(default=None, description="Key of the embedding server, where it wants one.")
    embedding_seconds: float = Field(
        default=30, gt=0, le=600, description="Longest wait for an answer of the embedding server, new attempts included."
    )
    embedding_retries: int = Field(
        default=2, ge=0, le=10, description="New attempts when the embedding server is busy, fails or cannot be reached."
    )
    embedding_batch: int = Field(default=32, ge=1, le=2_048, description="Most texts sent to the embedding server at once.")
    threads: int = Field(default=2, ge=1, le=256, description="Threads that encode passages.")

    chunk_chars: int = Field(default=900, ge=200, le=8_000, description="Longest chunk, in characters (about 4 a token).")
    max_file_bytes: int = Field(default=20_000_000, ge=1_000, description="Largest file that is read.")
    max_text_chars: int = Field(default=5_000_000, ge=1_000, description="Longest text of one file, in characters.")
    max_pages: int = Field(default=2_000, ge=1, description="Longest PDF, in pages.")
    max_scanned_pages: int = Field(
        default=100, ge=0, description="Most pages of a PDF that are read by OCR, each within the limits of a file."
    )
    max_unpacked_bytes: int = Field(
        default=50_000_000, ge=1_000, description="Most bytes that the text of an office file unpacks to."
    )
    max_reading_seconds: float = Field(default=30, gt=0, description="Longest reading of one file.")
    max_reading_bytes: int = Field(
        default=1_500_000_000, ge=200_000_000, description="Most memory that reading one file takes."
    )

    host_names: Annotated[frozenset[str], NoDecode] = Field(
        default=frozenset(), description="Names that a reverse proxy serves the page under, with commas between."
    )
    root_path: str = Field(
        default="", description="The path below which a reverse proxy has the page, such as `/advisor`, where it has one."
    )
    proxies: Annotated[frozenset[str], NoDecode] = Field(
        default=frozenset(),
        description="Addresses of reverse proxies whose X-Forwarded-For and -Proto are believed, with commas between.",
    )
    questions_per_minute: int = Field(
        default=120, ge=1, description="Most requests of one user, or of one address without users, that search or answer."
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="The form of the server's log on stderr: for people, or one JSON object a line."
    )
    log_questions: bool = Field(default=False, description="Whether the log has the words of questions.")
    unanswered_log: bool = Field(
        default=False, description="Whether questions without an answer are kept, without their askers, in the state folder."
    )

    num_candidates: int = Field(default=50, ge=1, le=1_000, description="Chunks that each search contributes.")
    num_results: int = Field(default=10, ge=1, le=100, description="Chunks that hybrid search returns.")
    num_passages: int = Field(default=30, ge=1, le=200, description="Chunks whose sentences an answer can use.")
    dense_weight: float = Field(default=0.6, ge=0, le=1, description="Share of the vector score in the fused score.")
    reranker: str | None = Field(
        default=None,
        description="Orders passages anew: BAAI/bge-reranker-v2-m3, any other cross-encoder, or the folder of one.",
    )

    chat_model: str | None = Field(
        default=None,
        description="Writes answers, each sentence verified: ollama:…, openai:…, anthropic:…, mistralai:…, local:….gguf.",
    )
    chat_url: str | None = Field(
        default=None, description="Address of the chat model's server, where it is not the provider's."
    )
    chat_key: SecretStr | None = Field(default=None, description="Key of the provider; its own variable does as well.")
    chat_seconds: float = Field(default=60, gt=0, le=600, description="Longest wait for a whole answer of the chat model.")
    chat_retries: int = Field(default=2, ge=0, le=10, description="New attempts when the chat model fails before any text.")
    chat_tokens: int = Field(
        default=4_000,
        ge=20,
        le=64_000,
        description="Most tokens that the chat model writes for an answer, those included in which a model thinks first.",
    )
    chat_temperature: float = Field(default=0, ge=0, le=2, description="Randomness of the chat model.")
    chat_passages: int = Field(default=14, ge=1, le=30, description="Most passages that the chat model is given.")
    chat_context_chars: int = Field(default=10_000, ge=500, description="Most characters of passages that it is given.")
    verifier: str | None = Field(
        default=None,
        description="Judges whether sources support what a chat model writes: 'chat', or a model of inference or grounding.",
    )
    check_model: str | None = Field(
        default=None, description="Chat model that judges where the verifier is 'chat'; the one that writes when unset."
    )
    chat_prompts_dir: Path | None = Field(
        default=None, description="Folder of prompts in place of those of the package, file by file (write.en.md, ...)."
    )
    chat_price_in: float | None = Field(default=None, ge=0, description="US dollars for a million tokens read.")
    chat_price_out: float | None = Field(default=None, ge=0, description="US dollars for a million tokens written.")

    answer_seconds: float = Field(
        default=120, ge=1, le=3_600, description="Longest wait for the answer to a question, its turn included."
    )
    max_question_chars: int = Field(default=2_000, ge=10, description="Longest question taken.")
    answer_threshold: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Least confidence with which a question is answered (0.25; 0.5 if over 6 documents have no phrasings).",
    )
    near_threshold: float = Field(
        default=0.1, ge=0, le=1, description="Least confidence with which the nearest passages are shown instead."
    )
    curated_threshold: float = Field(
        default=0.8, ge=-1, le=1, description="How near a question must be to one of a curated answer, to get that."
    )
    max_answer_words: int = Field(default=180, ge=40, le=1_000, description="Longest answer, in words.")

    @field_validator("host_names", "proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [name.strip().lower() for name in value.split(",") if name.strip()] if isinstance(value, str) else value

    @field_validator("embedding_url", "chroma_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "")
        if value is not None and not (parts.scheme in ("http", "https") and parts.hostname):
            message = "is no address such as http://127.0.0.1:8080"
            raise ValueError(message)
        return value

    @field_validator("chroma_headers")
    @classmethod
    def _of_pairs(cls, value: SecretStr | None) -> SecretStr | None:
        pairs = _pairs(value)
        if not all(name and known for name, known, _ in pairs):
            message = "is no list such as x-team=platform,x-zone=eu"
            raise ValueError(message)
        if not all(_sendable(name) and _sendable(sent) for name, _, sent in pairs):
            message = "has a header with other characters than printable ASCII, or without a value"
            raise ValueError(message)
        return value

    @field_validator("chroma_token")
    @classmethod
    def _of_a_line(cls, value: SecretStr | None) -> SecretStr | None:
        """Without the line break that a file of it ends with."""
        if value is None:
            return None
        token = value.get_secret_value().strip()
        if not _sendable(token):
            message = "is no token: it is empty, or has other characters than printable ASCII"
            raise ValueError(message)
        return SecretStr(token)

    @field_validator("database_url")
    @classmethod
    def _of_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        try:
            parts = urlsplit(value.get_secret_value() if value else "postgresql+psycopg:///name")
            known = parts.scheme == "postgresql+psycopg" and bool(parts.path.strip("/")) and parts.port != 0
        except ValueError:  # its words may have the password
            known = False
        if not known:
            message = (
                "is no address such as postgresql+psycopg://user:password@host/name; write / and @ of a password as %2F, %40"
            )
            raise ValueError(message)
        return value

    @field_validator("root_path")
    @classmethod
    def _one_form(cls, value: str) -> str:
        """`/advisor`, however many slashes are at its ends."""
        path = value.strip("/")
        if quote(path) != path or (path and not all(part.strip(".") for part in path.split("/"))):
            message = "is no path such as /advisor: letters, digits, hyphens and slashes"
            raise ValueError(message)
        return f"/{path}" if path else ""

    def without_secrets(self) -> Settings:
        """The same, for a machine that has no business with keys and tokens."""
        secret = [name for name, value in self if isinstance(value, SecretStr)]
        return self.model_copy(update=dict.fromkeys(secret))

    @property
    def chroma_place(self) -> ChromaPlace | None:
        """The Chroma server, and how it is spoken to; None where the vectors are in the folder of the index."""
        if self.chroma_url is None:
            return None
        token = (("Authorization", f"Bearer {self.chroma_token.get_secret_value()}"),) if self.chroma_token else ()
        others = ((name, value) for name, _, value in _pairs(self.chroma_headers))
        return ChromaPlace(
            self.chroma_url, (*token, *others), self.chroma_certificates, self.chroma_tenant, self.chroma_database
        )


def _pairs(headers: SecretStr | None) -> list[tuple[str, str, str]]:
    """Each pair as its name, what parts it, and its value."""
    pairs = headers.get_secret_value().split(",") if headers else []
    parted = (pair.partition("=") for pair in pairs)
    return [(name.strip(), sign, unquote(value).strip()) for name, sign, value in parted]


def _sendable(header: str) -> bool:
    """Whether it can be sent in a header: otherwise the error of whoever sends it would quote it."""
    return header != "" and header.isascii() and header.isprintable()


def traces_wanted() -> bool:
    """Whether the standard variables of OpenTelemetry name a place to send traces to.

    :raises SettingsError: when they name a way of sending them that is not known here.
    """
    if not (_standard("EXPORTER_OTLP_TRACES_ENDPOINT") or _standard("EXPORTER_OTLP_ENDPOINT")):
        return False
    exporter = _standard("TRACES_EXPORTER") or "otlp"
    if exporter == "none" or _standard("SDK_DISABLED") == "true":
        return False
    protocol = _standard("EXPORTER_OTLP_TRACES_PROTOCOL") or _standard("EXPORTER_OTLP_PROTOCOL") or "http/protobuf"
    if (exporter, protocol) != ("otlp", "http/protobuf"):
        message = f"traces are sent by otlp over http/protobuf, and the environment asks for {exporter} over {protocol}"
        raise SettingsError(message)
    return True


def _standard(name: str) -> str:
    """A variable of OpenTelemetry's standard."""
    return os.environ.get(f"OTEL_{name}", "").strip().lower()


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - pydantic checks each value
    """Settings from the environment; `overrides` that are not None win.

    :raises SettingsError: for a value out of range or an unknown `ADVISOR_` variable.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known | _DEVELOPMENT)
    if unknown:
        message = f"unknown setting {unknown[0]} in the environment. Known: {', '.join(sorted(known))}"
        raise SettingsError(message)
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as cause:
        first = cause.errors()[0]
        name = ".".join(str(part) for part in first["loc"]).removeprefix(PREFIX.lower())
        field = Settings.model_fields.get(name)
        given = "" if field and SecretStr in get_args(field.annotation) else f" (got {first['input']!r})"
        message = f"setting {PREFIX}{name.upper()}: {first['msg']}{given}"
        raise SettingsError(message) from None
