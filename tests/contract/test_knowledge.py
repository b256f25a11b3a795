"""The kinds of index below `core.ports.KnowledgeBase`, each held to the contract."""

from __future__ import annotations

import inspect
import threading
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import QdrantClient

from kb.settings import KnowledgeSettings
from tests.contract.knowledge_contract import KnowledgeContract
from tests.contract.knowledge_rig import KnowledgeRig
from tests.contract.requirements import KNOWLEDGE
from tests.fakes.postgres import PostgresServer

# What closes the client for all, and what a local Qdrant only warns about.
_SERVER_ONLY = ("close", "create_payload_index")


def settings_for(folder: Path, **more: object) -> KnowledgeSettings:
    """Looks for changes often, so that tests need not wait."""
    return KnowledgeSettings.model_validate(
        {"poll_seconds": 0.02, "exemplars_dir": folder / "none", **more}
    )


class LocalRig(KnowledgeRig):
    def lose_index(self) -> None:
        """Memory is lost with its process; nothing to do."""


class TestLocalIndex(KnowledgeContract):
    """The memory of each process, without any index beside."""

    @pytest.fixture
    def rig(self, tmp_path: Path) -> KnowledgeRig:
        return LocalRig(tmp_path, settings_for(tmp_path))


class SharedClient:
    """One Qdrant for several processes: a local one behind a lock, never closed by a user."""

    def __init__(self) -> None:
        self.client = QdrantClient(":memory:")
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        act = getattr(self.client, name)

        def locked(*args: Any, **kwargs: Any) -> Any:
            with self._lock:
                return None if name in _SERVER_ONLY else act(*args, **kwargs)

        return locked


class SharedRig(KnowledgeRig):
    shared: SharedClient

    def lose_index(self) -> None:
        """As when the server's disk is new."""
        for collection in self.shared.client.get_collections().collections:
            self.shared.client.delete_collection(collection.name)


class TestSharedIndex(KnowledgeContract):
    """One index that all processes write and search, as a Qdrant server is."""

    @pytest.fixture
    def rig(self, tmp_path: Path) -> KnowledgeRig:
        shared = SharedClient()
        settings = settings_for(tmp_path, qdrant_url="http://127.0.0.1:1")
        rig = SharedRig(tmp_path, settings, connect=lambda: shared)
        rig.shared = shared
        return rig


@pytest.mark.postgres
class TestTruthInPostgres(KnowledgeContract):
    """The memory of each process, the truth on a PostgreSQL server."""

    @pytest.fixture
    def rig(self, tmp_path: Path, postgres: PostgresServer) -> KnowledgeRig:
        return LocalRig(tmp_path, settings_for(tmp_path), database_url=postgres.create())


def test_every_clause_of_the_knowledge_base_has_a_test() -> None:
    methods = inspect.getmembers(KnowledgeContract, inspect.isfunction)
    tests = [test for name, test in methods if name.startswith("test_")]
    assert all(test.__dict__.get("clauses") for test in tests)
    assert {clause for test in tests for clause in test.__dict__["clauses"]} == set(KNOWLEDGE)
