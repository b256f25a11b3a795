"""The one small tree of errors.

Above: everything raises or translates into these. Below: nothing.

    SwitchboardError           code, retryable, public_text
    ├── ConfigError            refuse to start; says the mend
    ├── InputError             the caller's fault: typed 4xx, public text is safe to show
    │   ├── NotFound           also when it exists and belongs to somebody else
    │   ├── Unauthorized
    │   ├── Forbidden
    │   ├── Conflict           same id, other content; or a state that forbids the act
    │   ├── TooLarge
    │   └── RateExceeded       retry_after_seconds
    ├── ChannelError           a platform said no, or did not answer
    │   ├── DecodeError            log once, drop, carry on
    │   ├── RateLimited            retry_after_seconds
    │   ├── TemporaryDeliveryError certain: False means it may have arrived
    │   ├── PermanentDeliveryError blocked, gone, forbidden
    │   └── UnsupportedContent     a capability says no
    ├── BusError
    │   ├── BusUnavailable     the store cannot take it now: 503, never an acknowledgement
    │   └── LeaseLost          another reader has the conversation by now: stop, change nothing
    ├── ModelError             the language model failed; the answer without a model takes over
    │   ├── ModelTimeout
    │   ├── ModelRefused       4xx other than 429: no use in repeating
    │   └── ModelGarbage       an answer that is none
    ├── KnowledgeError         answer without passages, and say so
    ├── ToolServerError        a server of tools (MCP) failed: the turn goes on without it
    └── CustomerSystemError    the company's own system does not answer: say so, act not
"""

from __future__ import annotations


class SwitchboardError(Exception):
    """Root. `code` is stable and machine-readable; `public_text` may be shown to anyone."""

    code: str = "internal"
    retryable: bool = False

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        retryable: bool | None = None,
        public_text: str | None = None,
    ) -> None:
        super().__init__(message or public_text or type(self).code)
        if code is not None:
            self.code = code
        if retryable is not None:
            self.retryable = retryable
        self.public_text = public_text


class ConfigError(SwitchboardError):
    """The configuration or the environment is unfit to run; the message holds the mend."""

    code = "config"


class InputError(SwitchboardError):
    """What the caller sent is wrong. `public_text` (default: the message) is shown to them."""

    code = "invalid"
    status = 400

    def __init__(
        self, message: str, *, code: str | None = None, public_text: str | None = None
    ) -> None:
        super().__init__(message, code=code, public_text=public_text or message)


class NotFound(InputError):
    """It does not exist, or it is not the caller's to see: the two look the same."""

    code = "not_found"
    status = 404


class Unauthorized(InputError):
    """No credential, or a bad one; one text for every reason."""

    code = "unauthorized"
    status = 401


class Forbidden(InputError):
    """A good credential without the scope."""

    code = "forbidden"
    status = 403


class Conflict(InputError):
    """The same id with other content, or a state that forbids the act."""

    code = "conflict"
    status = 409


class TooLarge(InputError):
    """Over a size limit."""

    code = "too_large"
    status = 413


class RateExceeded(InputError):
    """Too many requests; `retry_after_seconds` says when to come back."""

    code = "rate_exceeded"
    status = 429
    retryable = True

    def __init__(self, message: str, *, retry_after_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ChannelError(SwitchboardError):
    """A platform refused or failed; translated once, in the adapter."""

    code = "channel"


class DecodeError(ChannelError):
    """A payload that is not what the platform documents: logged once and dropped."""

    code = "decode"


class RateLimited(ChannelError):
    """The platform asks to wait; only this address waits."""

    code = "rate_limited"
    retryable = True

    def __init__(self, message: str = "", *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class TemporaryDeliveryError(ChannelError):
    """Try again. `certain=False` means the platform may have delivered it all the same."""

    code = "delivery_temporary"
    retryable = True

    def __init__(self, message: str = "", *, certain: bool = True) -> None:
        super().__init__(message)
        self.certain = certain


class PermanentDeliveryError(ChannelError):
    """No repeat will help: blocked, gone, forbidden."""

    code = "delivery_permanent"


class UnsupportedContent(ChannelError):
    """The channel's capabilities cannot carry this and it cannot be degraded to text."""

    code = "unsupported"


class BusError(SwitchboardError):
    """The session bus misbehaved."""

    code = "bus"


class BusUnavailable(BusError):
    """The store cannot take it now. Intake answers 503 (or does not acknowledge)."""

    code = "bus_unavailable"
    retryable = True


class LeaseLost(BusError):
    """Another reader took the conversation over while this one worked."""

    code = "lease_lost"


class ModelError(SwitchboardError):
    """The language model did not give a usable answer."""

    code = "model"


class ModelTimeout(ModelError):
    """No answer, or no next piece of it, within the deadline."""

    code = "model_timeout"
    retryable = True


class ModelRefused(ModelError):
    """The server says no in a way that repeating will not change."""

    code = "model_refused"


class ModelGarbage(ModelError):
    """An answer that is not one: broken JSON, unknown tool, nothing at all."""

    code = "model_garbage"


class KnowledgeError(SwitchboardError):
    """The knowledge base cannot be searched now."""

    code = "knowledge"
    retryable = True


class CustomerSystemError(SwitchboardError):
    """The system of customers, orders or tickets cannot be reached now."""

    code = "customer_system"
    retryable = True


class ToolServerError(SwitchboardError):
    """A server of tools (MCP) does not answer, or what it sends is no answer."""

    code = "mcp_failed"
    retryable = True


class ArchiveUnavailable(SwitchboardError):
    """The database does not answer now."""

    code = "archive_unavailable"
    retryable = True
