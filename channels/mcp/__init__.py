"""The MCP server: knowledge, conversations and the desk for assistants of the company."""
