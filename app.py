"""`python app.py` serves the web chat: the same as `advisor serve`."""

import sys

from advisor.cli.main import main

if __name__ == "__main__":
    sys.argv.insert(1, "serve")
    main()
