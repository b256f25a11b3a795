"""A voice note on a real store: uploaded, heard by a server on the wire, answered, noted."""

from __future__ import annotations

from pathlib import Path

import aiohttp
from pydantic import SecretStr

from channels.attaching import FileDesk
from core.bus.connect import Bus
from core.engine.echo import EchoTurn
from core.engine.hearing import HearingTurn
from core.files.library import Files
from core.files.links import FileLinks
from core.files.settings import FileSettings
from core.files.store import FolderStore
from core.specialists.model import OpenAIModel
from core.specialists.settings import HearingSettings, ModelSettings, ProviderSettings
from tests.fakes.gateway import ADMIN, list_deps, open_doors
from tests.fakes.hearing_server import hearing_server

OGG = b"OggS\x00\x02" + bytes(300)


async def test_a_voice_note_is_heard_answered_and_noted_for_people(
    bus: Bus, tmp_path: Path
) -> None:
    desk = FileDesk(Files(FolderStore(tmp_path), FileSettings()), FileLinks("s" * 40))
    async with hearing_server() as server:
        provider = ProviderSettings(base_url=server.url, api_key=SecretStr("k"))
        model = OpenAIModel(ModelSettings(providers=(provider,)))
        turn = HearingTurn(EchoTurn(), model, desk.files.read, HearingSettings())
        async with (
            open_doors(bus, turn=turn, deps=list_deps(bus, files=desk)) as doors,
            aiohttp.ClientSession(doors.url, raise_for_status=True) as http,
        ):
            made = await (await http.post("/api/v1/conversations", json={})).json()
            path, heads = f"/api/v1/conversations/{made['id']}", bearer(made["token"])
            form = aiohttp.FormData()
            form.add_field("file", OGG, filename="note.oga", content_type="audio/ogg")
            sent = await http.post(f"{path}/attachments", data=form, headers=heads)
            body = {"attachments": [{"id": (await sent.json())["id"]}]}
            said = await http.post(f"{path}/messages?wait=10", json=body, headers=heads)
            answers = (await said.json())["replies"]
            staff = await http.get(f"{path}/entries", headers=bearer(ADMIN))
            customer = await http.get(f"{path}/entries", headers=heads)
            seen, shown = (await staff.json())["entries"], (await customer.json())["entries"]
        await model.close()
    assert [answer["text"] for answer in answers] == [server.text]
    assert [(e["kind"], e["text"]) for e in seen] == [
        ("message", ""), ("message", server.text), ("note", server.text),
    ]  # fmt: skip
    assert [e["kind"] for e in shown] == ["message", "message"]
    assert server.heard == [("voice.ogg", OGG)]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
