"""The sentences that every implementation of `core.ports.Log` must make true.

Above: `test_log`, one small class for each implementation. Below: `requirements` (the ids), the
parts of the suite (`log_accept`, `log_claims`, `log_sends`).
"""

from __future__ import annotations

from tests.contract.log_accept import AcceptContract
from tests.contract.log_claims import ClaimContract
from tests.contract.log_commits import CommitContract
from tests.contract.log_sends import SendContract
from tests.contract.log_store import StoreContract


class LogContract(AcceptContract, ClaimContract, CommitContract, SendContract, StoreContract):
    """Inherit, and give a fixture `rig`."""
