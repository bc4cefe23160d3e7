"""`python -m advisor` is the command `advisor`, wherever scripts are not on the path."""

from advisor.cli.main import main

if __name__ == "__main__":
    main()
