"""The MCP client: tools of other people's servers, held at arm's length."""
