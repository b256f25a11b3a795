"""Keys and signatures of outgoing webhooks (Standard Webhooks 1.0, `v1`).

Above: `channels.webhooks`, REST. Below: the reference library. Pure. The key of a webhook is
derived from the house's own secret, so none is kept: whoever reads the database cannot sign.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

from standardwebhooks import Webhook as Signer


def secret_of(house_secret: str, webhook: str) -> str:
    """The key of a webhook, as its receiver sets it: `whsec_` and 32 bytes in base64."""
    key = hmac.new(house_secret.encode(), f"webhook:{webhook}".encode(), hashlib.sha256).digest()
    return "whsec_" + base64.b64encode(key).decode()


def signed_headers(secret: str, identifier: str, at: datetime, body: str) -> dict[str, str]:
    """What a receiver needs to check the body; `at` (aware, UTC) is the time of this attempt."""
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Signer(secret).sign(identifier, at, body),
    }
