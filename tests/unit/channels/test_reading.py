"""The one JSON reader, the rates, and the table of channels."""

from __future__ import annotations

import pytest

from channels.rates import Rates
from channels.registry import CHANNELS, build_adapters, push_channels
from channels.rest.reading import parse_json
from core.errors import ConfigError, InputError, RateExceeded

BAD: dict[str, bytes] = {
    "NaN": b"NaN",
    "Infinity": b'{"a": -Infinity}',
    "a doubled key": b'{"a": 1, "a": 2}',
    "a doubled key below": b'{"b": {"a": 1, "a": 2}}',
    "an endless number": b"9" * 5_000,
    "a number beyond floats": b"1e999",
    "an endless fraction": b"0." + b"1" * 5_000,
    "bad UTF-8": b'{"a": "\xff"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a lone surrogate": b'{"a": "\\ud800"}',
    "a lone surrogate as key": b'{"\\udfff": 1}',
    "depth": b"[" * 200_000,
    "depth that is closed": b"[" * 33 + b"]" * 33,
    "a broken end": b'{"a": 1',
    "a comment": b"{} // no",
    "two values": b"{}{}",
    "a control character": b'{"a": "\x01"}',
    "only white space": b"  ",
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_strict_json_is_refused(name: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_json(BAD[name])
    assert refused.value.code == "bad_json"


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (
            b'{"a": [1, 2.5, null, true, "\\u0000 \\ud83d\\ude00"]}',
            {"a": [1, 2.5, None, True, "\0 😀"]},
        ),
        (b'{"a": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\"[["}', {"a": "[" * 38 + '"[['}),
        (b"[" * 32 + b"]" * 32, eval("[" * 32 + "]" * 32)),
    ],
)
def test_sound_json_is_read(body: bytes, value: object) -> None:
    assert parse_json(body) == value


def test_a_caller_over_the_rate_waits_and_others_do_not() -> None:
    rates = Rates(0.05)
    rates.take("a")
    with pytest.raises(RateExceeded) as refused:
        rates.take("a")
    assert 10 < refused.value.retry_after_seconds <= 20
    rates.take("b")


def test_callers_are_forgotten_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.rates._MOST_CALLERS", 10)
    rates = Rates(0.05)
    for number in range(1_000):
        rates.take(f"caller {number}")
    assert len(rates._buckets) == 10


def test_every_channel_is_in_the_table_under_its_own_name() -> None:
    assert {name: channel.name for name, channel in CHANNELS.items()} == {n: n for n in CHANNELS}
    assert not {"web", "rest"} & set(push_channels())


def test_an_unknown_channel_and_one_without_an_adapter_are_refused_with_the_mend() -> None:
    with pytest.raises(ConfigError, match="web, rest"):
        build_adapters("pigeon", None)
    with pytest.raises(ConfigError, match="role web"):
        build_adapters("web", None)
