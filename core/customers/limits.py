"""What may be refunded without a person. Above: `sql`, the composition root. Below: pydantic."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import ConfigError
from core.toml_file import parse_toml, read_text


class RefundLimits(BaseModel):
    """`[limits]` of escalation.toml. What is above waits for a person's approval."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    refund_above: Decimal = Field(
        default=Decimal(1000), ge=0, description="Money back for one order, all in all."
    )
    refunds_in_30_days: int = Field(default=3, ge=0, description="Refunds of one customer.")
    currency: str = Field(
        default="EUR", description="Of `refund_above`; a refund in another one always waits."
    )


def read_limits(path: Path) -> RefundLimits:
    """The limits in the file; defaults for what is not there. Raises `ConfigError`."""
    return _limits_in(path, read_text(path))


@lru_cache(maxsize=1)  # asked for by several parts of a gateway, in one big file
def _limits_in(path: Path, text: str) -> RefundLimits:
    try:
        return RefundLimits.model_validate(parse_toml(path, text).get("limits", {}))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}: limits.{where}: {first['msg']}") from error
