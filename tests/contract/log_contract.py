"""The sentences that every implementation of `core.ports.Log` must make true.

Above: `test_log`, one small class for each implementation. Below: `requirements` (the ids), the
parts of the suite (`log_accept`, `log_claims`, `log_sends`).
"""

from __future__ import annotations

import pytest

from tests.contract.exempting import skip_exempt
from tests.contract.log_accept import AcceptContract
from tests.contract.log_cases import CaseContract
from tests.contract.log_changes import ChangeContract
from tests.contract.log_claims import ClaimContract
from tests.contract.log_commits import CommitContract
from tests.contract.log_expiry import ExpiryContract
from tests.contract.log_previews import PreviewContract
from tests.contract.log_rig import LogRig
from tests.contract.log_sends import SendContract
from tests.contract.log_steps import StepsContract
from tests.contract.log_store import StoreContract


class LogContract(
    AcceptContract, ClaimContract, CommitContract, SendContract, StepsContract, ExpiryContract,
    StoreContract, ChangeContract, PreviewContract, CaseContract,
):  # fmt: skip
    """Inherit, and give a fixture `rig`."""

    @pytest.fixture(autouse=True)
    def only_what_applies(self, request: pytest.FixtureRequest, rig: LogRig) -> None:
        """Clauses that the rig is exempt from are skipped, with the reason."""
        skip_exempt(request, rig.exempt)
