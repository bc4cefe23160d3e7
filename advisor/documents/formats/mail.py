"""EML -> a message: its subject as the title, who wrote it to whom and when, its text. Attachments are named, not read."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

from advisor.documents.formats.encoding import decode
from advisor.documents.formats.extracted import Extracted
from advisor.documents.formats.html import read_html
from advisor.documents.formats.markdown import escape, one_line
from advisor.errors import DocumentError
from advisor.text.reasons import reason

_SAID = ("From", "To", "Date")


def read_mail(data: bytes) -> Extracted:
    """The text of a message.

    :raises DocumentError: when it has none.
    """
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    subject = one_line(str(message["Subject"] or ""))
    head = [f"{name}: {one_line(str(message[name]))}" for name in _SAID if message[name]]
    if not head:
        raise DocumentError(reason("no_message"))
    text, hidden = _body(message)
    names = [one_line(part.get_filename() or "") for part in message.iter_attachments()]
    parts = [f"# {escape(subject)}" if subject else "", escape("; ".join(head)), text.strip()]
    parts += [f"Attachments, not read: {escape(', '.join(filter(None, names)))}"] if any(names) else []
    return Extracted("\n\n".join(filter(None, parts)) + "\n", title=subject or None, updated=_date(message), hidden=hidden)


def _body(message: EmailMessage) -> tuple[str, int]:
    """As Markdown; the formatted version where there is one, for its lists and tables."""
    part = message.get_body(("html", "plain"))
    if part is None:
        return "", 0
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    charset = part.get_content_charset() or "utf-8"
    try:
        text = raw.decode(charset)
    except (UnicodeError, LookupError):
        text = decode(raw)
    if part.get_content_type() == "text/html":
        page = read_html(text)
        return page.text, page.hidden
    return "\n".join(line if line.startswith(">") else escape(line) for line in text.splitlines()), 0


def _date(message: EmailMessage) -> str | None:
    try:
        return parsedate_to_datetime(str(message["Date"])).date().isoformat() if message["Date"] else None
    except (ValueError, TypeError):
        return None
