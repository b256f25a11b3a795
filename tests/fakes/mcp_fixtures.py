"""The tools, resources and prompts that the public conformance suite asks for by name.

Above: tests/integration/test_mcp_conformance.py. Below: the SDK. They stand behind the house's own
door, so that the suite judges how the door carries them; the product does not have them.
"""

from __future__ import annotations

import base64
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts import base
from mcp_types import (
    AudioContent,
    EmbeddedResource,
    ImageContent,
    TextContent,
    TextResourceContents,
)

_PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)
_SOUND = base64.b64encode(b"RIFF$\x00\x00\x00WAVEfmt " + b"\x00" * 20).decode()
_TEXT = TextContent(type="text", text="This is a simple text response for testing.")
_IMAGE = ImageContent(type="image", data=_PIXEL, mime_type="image/png")


def _resource(uri: str, text: str) -> EmbeddedResource:
    contents = TextResourceContents(uri=uri, mime_type="text/plain", text=text)
    return EmbeddedResource(type="resource", resource=contents)


def add_fixtures(server: MCPServer[Any]) -> None:
    """All of them."""
    _add_tools(server)
    _add_resources(server)
    _add_prompts(server)


def _add_tools(server: MCPServer[Any]) -> None:
    embedded = _resource("test://embedded-resource", "This is an embedded resource content.")
    mixed = _resource("test://mixed-content-resource", '{"test": "data", "value": 123}')
    audio = AudioContent(type="audio", data=_SOUND, mime_type="audio/wav")
    answers: dict[str, list[Any]] = {
        "test_simple_text": [_TEXT], "test_image_content": [_IMAGE], "test_audio_content": [audio],
        "test_embedded_resource": [embedded],
        "test_multiple_content_types": [_TEXT, _IMAGE, mixed],
    }  # fmt: skip
    for name, content in answers.items():
        server.add_tool(_giving(content), name=name, description="For the conformance suite.")

    @server.tool()
    def test_error_handling() -> str:
        """For the conformance suite."""
        raise ToolError("This tool intentionally returns an error for testing")

    del test_error_handling


def _giving(content: list[Any]) -> Any:
    def give() -> list[Any]:
        return content

    return give


def _add_resources(server: MCPServer[Any]) -> None:
    @server.resource("test://static-text", mime_type="text/plain")
    def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    def static_binary() -> bytes:
        return base64.b64decode(_PIXEL)

    @server.resource("test://template/{id}/data", mime_type="application/json")
    def template(id: str) -> str:  # noqa: A002 -- the suite's name
        return f'{{"id": "{id}", "templateTest": true, "data": "Data for ID: {id}"}}'

    del static_text, static_binary, template


def _add_prompts(server: MCPServer[Any]) -> None:
    @server.prompt()
    def test_simple_prompt() -> str:
        """For the conformance suite."""
        return "This is a simple prompt for testing."

    @server.prompt()
    def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        """For the conformance suite."""
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt()
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[base.Message]:  # noqa: N803
        """For the conformance suite."""
        content = _resource(resourceUri, "Embedded resource content for testing.")
        return [base.UserMessage(content), base.UserMessage("Please process the resource above.")]

    @server.prompt()
    def test_prompt_with_image() -> list[base.Message]:
        """For the conformance suite."""
        return [base.UserMessage(_IMAGE), base.UserMessage("Please analyze the image above.")]

    del test_simple_prompt, test_prompt_with_arguments
    del test_prompt_with_embedded_resource, test_prompt_with_image
