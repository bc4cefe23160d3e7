"""`advisor users …`. The libraries are loaded when a command is called."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from advisor.settings import Settings, load_settings

if TYPE_CHECKING:
    from advisor.accounts.users import Role

users = typer.Typer(
    help="Who may use the advisor: with users, everybody has to sign in.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Name = Annotated[str, typer.Argument(help="Name to sign in with.")]


@users.command()
def add(
    name: Name,
    *,
    curator: Annotated[bool, typer.Option("--curator", help="May change the corpus and its index.")] = False,
    from_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from the input.")] = False,
) -> None:
    """Add a user, or give one another password and role."""
    from advisor.accounts.users import add_user

    settings = load_settings()
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt="Again")
    role: Role = "curator" if curator else "user"
    new = add_user(settings, name, password, role)
    _audit(settings, "add user" if new else "change user", name, role=role)
    typer.echo(f"{name} is {'added' if new else 'changed'}: {role}.")


@users.command("list")
def list_() -> None:
    """List the users with their roles."""
    from advisor.accounts.users import list_users

    for user in list_users(load_settings()):
        typer.echo(f"{user.name}: {user.role} since {user.made[:10]}, tokens: {user.tokens}")


@users.command()
def remove(name: Name) -> None:
    """Remove a user with their tokens; open pages of theirs stop working."""
    from advisor.accounts.users import remove_user

    settings = load_settings()
    remove_user(settings, name)
    _audit(settings, "remove user", name)
    typer.echo(f"{name} is removed.")


@users.command()
def token(
    name: Name, *, revoke: Annotated[bool, typer.Option("--revoke", help="Make all tokens of the user worthless.")] = False
) -> None:
    """Print a new token for programs that use the advisor in a user's name. It is not shown again."""
    from advisor.accounts.users import new_token, revoke_tokens

    settings = load_settings()
    if revoke:
        count = revoke_tokens(settings, name)
        _audit(settings, "revoke tokens", name)
        typer.echo(f"Tokens of {name} revoked: {count}.")
    else:
        made = new_token(settings, name)
        _audit(settings, "make token", name)
        typer.echo(made)


def _audit(settings: Settings, action: str, name: str, **details: object) -> None:
    from advisor.accounts.audit import record_action

    record_action(settings, f"{getpass.getuser()} at the command line", action, name=name.lower(), **details)
