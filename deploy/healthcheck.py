"""Exit 0 when the advisor of this container answers, 1 otherwise.

It looks at `/api/health`, and with a token (a file that `HEALTHCHECK_TOKEN_FILE` names) asks a question and waits for what
becomes of it. `degraded` is no reason to start anew: what is away comes back without that.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

SECONDS = 8
QUESTION = {"question": "How do we start with FinOps?", "length": "short"}


def main() -> int:
    """Ask, and tell."""
    address = os.environ.get("HEALTHCHECK_ADDRESS", "http://127.0.0.1:7860")
    token = os.environ.get("HEALTHCHECK_TOKEN_FILE")
    try:
        said = _answer(Request(f"{address}/api/health"))["status"]
        if token:
            headers = {
                "Authorization": f"Bearer {Path(token).read_text(encoding='utf-8').strip()}",
                "Content-Type": "application/json",
            }
            said = _answer(Request(f"{address}/api/ask", json.dumps(QUESTION).encode(), headers))["status"]
    except (URLError, OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"no answer: {error}\n")
        return 1
    sys.stdout.write(f"{said}\n")
    return 0


def _answer(request: Request) -> dict[str, str]:
    """The JSON of an answer; an error where its status is one."""
    with urlopen(request, timeout=SECONDS) as answer:
        found: dict[str, str] = json.load(answer)
    return found


if __name__ == "__main__":
    sys.exit(main())
