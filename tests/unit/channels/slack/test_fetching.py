from __future__ import annotations

import pytest

from channels.slack.files import check_address
from core.errors import PermanentDeliveryError, TooLarge
from core.messages import Attachment
from tests.fakes.slack.server import SlackServer
from tests.fakes.waiting import until
from tests.unit.channels.slack.conftest import Rig

SLACK = "https://slack.com/api/"


async def _arrived(rig: Rig, slack: SlackServer) -> Attachment:
    async with rig.receiving():
        slack.say(
            slack.direct("U0CUST001"), "", files=[("invoice.pdf", b"%PDF-1.7", "application/pdf")]
        )
        await until(lambda: bool(rig.store.all))
    (file,) = rig.store.all[0].attachments
    return file


async def test_a_file_of_a_message_can_be_had(rig: Rig, slack: SlackServer) -> None:
    file = await _arrived(rig, slack)
    assert (file.name, file.media_type, file.size) == ("invoice.pdf", "application/pdf", 8)
    assert await rig.adapter.fetch(file, most_bytes=8) == b"%PDF-1.7"


async def test_a_file_that_is_too_big_is_not_loaded(rig: Rig, slack: SlackServer) -> None:
    file = await _arrived(rig, slack)
    with pytest.raises(TooLarge):
        await rig.adapter.fetch(file, most_bytes=7)
    with pytest.raises(TooLarge):
        await rig.adapter.fetch(file.model_copy(update={"size": -1}), most_bytes=7)


async def test_without_the_right_slack_shows_its_login_page_and_that_is_no_file(
    rig: Rig, slack: SlackServer
) -> None:
    file = await _arrived(rig, slack)
    slack.methods.scopes.remove("files:read")
    with pytest.raises(PermanentDeliveryError, match="files:read"):
        await rig.adapter.fetch(file, most_bytes=100)


async def test_a_file_that_is_named_only_by_its_id_is_asked_for(
    rig: Rig, slack: SlackServer
) -> None:
    made = slack.space.add_file("a.txt", b"abc", "text/plain")
    file = Attachment(name="a.txt", media_type="text/plain", size=-1, ref=f"file:{made.id}")
    assert await rig.adapter.fetch(file, most_bytes=100) == b"abc"


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/f", "http://files.slack.com/f", "https://files.slack.com.evil.example/f",
        "https://user@files.slack.com/f", "https://files.slack.com:8443/f", "file:///etc/passwd",
        "https://evil.example/files.slack.com", "http://127.0.0.1/f", "",
    ],
)  # fmt: skip
def test_the_token_goes_to_nobody_but_slack(address: str) -> None:
    with pytest.raises(PermanentDeliveryError):
        check_address(address, SLACK)


@pytest.mark.parametrize(
    "address", ["https://files.slack.com/files-pri/T1-F1/a.png", "https://x.slack.com/files/a"]
)
def test_slack_itself_may_be_asked(address: str) -> None:
    assert check_address(address, SLACK) == address
