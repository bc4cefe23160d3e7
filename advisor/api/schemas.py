"""What the REST interface takes and gives, field by field: the JSON of `advisor.serialization`, described for OpenAPI."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from advisor.limits import DOCUMENT, HISTORY, KEY, RESULTS
from advisor.types import Language, Length, ModelUse, Scope, StandingKind, Status, TableRow, Verdict


def _whole(text: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in text):
        message = "holds half of a character"
        raise ValueError(message)
    return text


Away = Literal["database", "vectors"]
Text = Annotated[str, AfterValidator(_whole)]
"""Text that can be written down again: JSON lets halves of characters pass."""
Question = Annotated[Text, Field(description="In French or English.", examples=["How do we start with FinOps?"])]


class _Request(BaseModel):
    """A name that is not known is a mistake, not something to pass over."""

    model_config = ConfigDict(extra="forbid")


class Within(_Request):
    """The documents that a question is answered from: those of a topic, of a name, in a language."""

    topic: Text = Field(default="", max_length=KEY.most, description="Such as `finops`.")
    document: Text = Field(default="", max_length=DOCUMENT.most, description="Such as `en/finops.md`.")
    written: Language | None = Field(default=None, description="The language of the documents, not of the answer.")

    @property
    def scope(self) -> Scope:
        """What the advisor is asked for."""
        return Scope(self.topic, self.document, self.written or "")


ScopeRequest = Annotated[Within, Field(description="Only from some documents; from all of them when left out.")]
AnswerLength = Annotated[Length, Field(description="`short`: the opening thought and the few most important ones after it.")]


class AskRequest(_Request):
    """A question to be answered."""

    question: Question
    history: list[Text] = Field(
        default_factory=list,
        max_length=HISTORY.most,
        description="The questions asked before, oldest first, for a follow-up.",
    )
    language: Language | None = Field(default=None, description="Of the answer; that of the question when left out.")
    scope: ScopeRequest = Within()
    length: AnswerLength = "full"
    stream: bool = Field(default=False, description="Answer as server-sent events: `stage`, `sentence`, `answer`, `error`.")


class SearchRequest(_Request):
    """A question whose nearest passages are looked for."""

    question: Question
    scope: ScopeRequest = Within()
    k: int | None = Field(default=None, ge=1, le=RESULTS.most, description="How many passages.")


class IndexRequest(_Request):
    """How the index is brought in line with the corpus folder."""

    dry_run: bool = Field(default=False, description="Say what would change; change nothing.")
    rebuild: bool = Field(default=False, description="Build everything anew.")
    forget: bool = Field(default=False, description="Keep no trace of what the folder no longer holds.")


class ChatPart(BaseModel):
    """A part of a message of a chat; of a question's, only text is taken."""

    type: str
    text: Text = ""


class ChatMessage(BaseModel):
    """A message of a chat. Those of users are questions; the others are passed over."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text | list[ChatPart] | None = None


class ChatRequest(BaseModel):
    """A chat in OpenAI's protocol. Whatever else is in it (temperature, tools) is passed over."""

    model: Text = Field(description="`cto-advisor`.", examples=["cto-advisor"])
    messages: list[ChatMessage] = Field(
        description="The last of a user is the question; those of users before it are what it follows."
    )
    stream: bool | None = Field(default=None, description="Answer as server-sent events.")
    n: int | None = Field(default=None, ge=1, le=1, description="There is one answer to a question.")


class UrlCitation(BaseModel):
    """What a marker of an answer stands for: the page with the cited lines. It is `content[start_index:end_index]`."""

    url: str
    title: str
    start_index: int
    end_index: int


class Annotation(BaseModel):
    """A citation, in the form of OpenAI's."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation


class CompletionMessage(BaseModel):
    """The answer as a message: Markdown, with its sources at the end."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: str | None = None
    annotations: list[Annotation]


class CompletionChoice(BaseModel):
    """The answer."""

    index: int = 0
    message: CompletionMessage
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None


class Completion(BaseModel):
    """An answer in OpenAI's protocol. Tokens are not counted, so there is no `usage`."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[CompletionChoice]


class ListedModel(BaseModel):
    """A model of the list."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ModelList(BaseModel):
    """What can be asked: the advisor, and nothing else."""

    object: Literal["list"] = "list"
    data: list[ListedModel]


class IndexState(BaseModel):
    """The generation that answered."""

    generation: str
    documents: int
    chunks: int


class Sentence(BaseModel):
    """A sentence of an answer."""

    text: str
    markers: list[int]
    verdict: Verdict
    support: float
    lead: str | None = Field(default=None, description="the words that it begins with and that are shown bold, if any")
    row: TableRow | None = Field(default=None, description="the row of a table that it is, if it is one")


class Withheld(BaseModel):
    """A sentence that the passages do not support."""

    text: str
    why: str


class StandingBody(BaseModel):
    """That a decision no longer stands."""

    kind: StandingKind
    by: str = Field(description="What replaced it, as its record names that; empty where it does not say.")
    document: str | None = Field(description="The document that replaced it, where the index holds it.")


class CitationBody(BaseModel):
    """The place that a marker stands for; `start` and `end` in characters of the document's text."""

    marker: int
    document: str
    title: str
    heading: list[str]
    start: int
    end: int
    start_line: int
    end_line: int
    page: int | None
    quote: str
    evidence: str | None
    date: str | None
    standing: StandingBody | None = Field(None, description="Of a decision that no longer stands.")
    ocr: bool = Field(default=False, description="Whether the page is a picture, and a program recognised its letters.")


class AnswerBody(BaseModel):
    """An answer, or an abstention."""

    id: str
    question: str
    standalone_question: str
    language: Language
    status: Status
    answer: str
    reason: str | None
    sentences: list[Sentence]
    withheld: list[Withheld]
    citations: list[CitationBody]
    confidence: float = Field(description="The probability that the corpus holds the answer, 0..1.")
    writer: str
    index: IndexState
    ms: dict[str, float]
    model: ModelUse | None = Field(default=None, description="What a chat model did, where there is one.")
    scope: Within | None = Field(default=None, description="What was asked for, where not all documents were.")
    length: Literal["short"] | None = Field(default=None, description="Where a short answer was asked for.")
    degraded: list[Away] = Field(default=[], description="What was away: without `vectors`, words alone found passages.")


class Result(BaseModel):
    """A passage; `text` is `[start, end)` of its document."""

    rank: int
    score: float
    document: str
    title: str
    heading: list[str]
    start: int
    end: int
    start_line: int
    end_line: int
    page: int | None
    text: str


class SearchBody(BaseModel):
    """The nearest passages, best first."""

    id: str
    question: str
    results: list[Result]
    degraded: list[Away] = Field(default=[], description="What was away: without `vectors`, words alone found passages.")
    ms: float


class Failed(BaseModel):
    """A document that cannot be read."""

    document: str
    error: str


class Hidden(BaseModel):
    """A document with text that its reader does not see, which is not indexed."""

    document: str
    characters: int


class ScanBody(BaseModel):
    """The pages of a document that are pictures: read by OCR or not, and how many words of them were left out as unclear."""

    read: list[int]
    unread: list[int]
    why: str
    unsure: int


class LeftOutBody(BaseModel):
    """A sentence that gives an assistant an order, which is neither searched nor quoted."""

    document: str
    line: int
    text: str


class IndexBody(BaseModel):
    """What became of the documents."""

    generation: str
    added: list[str]
    updated: list[str]
    renamed: list[tuple[str, str]]
    removed: list[str]
    unchanged: int
    failed: list[Failed]
    hidden: list[Hidden] = []
    scans: dict[str, ScanBody] = {}
    left_out: list[LeftOutBody] = []
    documents: int
    chunks: int
    embedded: int
    reused: int
    seconds: float


class SourceBody(BaseModel):
    """A document as a generation of the index holds it. `html` is safe to show and has the asked span marked."""

    document: str
    title: str
    language: Language
    topic: str | None
    evidence: str | None
    date: str | None
    standing: StandingBody | None = Field(description="Of a decision that no longer stands.")
    also_at: list[str]
    added_by: str = Field(description="Who added it; `operator` is whoever runs the advisor.")
    approved_by: str
    generation: str
    text: str
    quote: str | None = Field(description="The asked span of the text.")
    html: str


class Health(BaseModel):
    """That the advisor answers, from which index, with which model, and what is away that it waits for."""

    status: Literal["ok", "degraded"]
    problems: list[Away]
    version: str
    model: str
    index: IndexState
