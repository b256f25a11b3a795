"""`mcp`: the MCP server over standard input and output, and servers whose tools we use.

Below: `switchboard.mcp`, `switchboard.mcp_client`.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from switchboard.options import AsJson, Data, Token, Url

app = typer.Typer(
    help="MCP server over stdio for a running gateway; and the servers whose tools we use.",
    invoke_without_command=True,
)


def register(commands: typer.Typer) -> None:
    """Add the commands."""
    commands.add_typer(app, name="mcp")


@app.callback()
def mcp(context: typer.Context, url: Url = None, token: Token = None, data: Data = None) -> None:
    """MCP server over stdio for a running gateway: an assistant starts it and speaks to it."""
    if context.invoked_subcommand is not None:
        return
    from switchboard.doors import product_version
    from switchboard.mcp import serve_stdio

    asyncio.run(serve_stdio(url, token, data, product_version()))


@app.command()
def servers(data: Data = None, as_json: AsJson = False) -> None:
    """The servers of config/mcp.toml: what they offer, and whether it is what was pinned."""
    from switchboard.attach import read_settings
    from switchboard.mcp_client import view_servers
    from switchboard.screen import print_json, print_table

    views = asyncio.run(view_servers(read_settings(data)))
    if as_json:
        print_json([view.model_dump() for view in views])
        return
    rows = [
        (item["tool"], item["state"], item["description"]) for view in views for item in view.tools
    ]
    rows += [(view.name, "away", view.error) for view in views if view.error]
    print_table(["tool", "state", "what it says of itself"], rows)


@app.command()
def pin(
    name: Annotated[str, typer.Argument(help="The server, as config/mcp.toml names it.")],
    data: Data = None,
) -> None:
    """Print the lines that allow and pin all tools of a server: read them before you keep them."""
    from switchboard.attach import read_settings
    from switchboard.mcp_client import pin_lines

    typer.echo(asyncio.run(pin_lines(read_settings(data), name)))
