"""The doctor's look at store, database and knowledge. Above: `doctor`. Below: the folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.settings import Settings
from core.errors import ConfigError
from core.messages import format_time
from switchboard.attach import find_store
from switchboard.doctor import Finding

if TYPE_CHECKING:
    from core.bus.lives import Life

_LATE_SECONDS = 60.0


async def check_store(settings: Settings) -> Finding:
    """Does it answer, is it new enough, does it keep what it is given?"""
    from core.bus.connect import open_bus

    store = find_store(settings)
    if store.url is None and not (settings.data / "valkey").exists():
        return Finding("store", "ok", "built in, not started yet")
    async with open_bus(store) as bus:
        await bus.ping()
        info = await bus.info()
        dead = len(await bus.dead.list(limit=1000))
    version = info.get("valkey_version") or info.get("redis_version")
    kind = "built in" if settings.bus.url is None else "by REDIS_URL"
    found = f"{kind}, version {version}, append-only file on"
    if dead:
        return Finding(
            "store", "note", f"{found}; {dead} dead letters", "see `switchboard dead-letters list`"
        )
    return Finding("store", "ok", found)


async def check_database(settings: Settings) -> Finding:
    """Does it answer, and are its tables of this version?"""
    from core.archive.database import newest_revision, open_database

    if settings.database.url is None and not (settings.data / "switchboard.db").exists():
        return Finding("database", "ok", "SQLite, not made yet")
    async with open_database(settings.database_settings) as database:
        try:
            await database.ping()
        except Exception as error:
            raise ConfigError(
                f"the database does not answer ({type(error).__name__}): check DATABASE_URL and "
                "that the server runs"
            ) from error
        revision, newest = await database.revision(), newest_revision()
    if revision is not None and revision > newest:
        return Finding(
            "database", "unfit", f"its tables are of revision {revision}, newer than {newest}",
            "run the newer version of Switchboard again",
        )  # fmt: skip
    state = "" if revision == newest else "; tables are brought up to date at the next start"
    return Finding("database", "ok", f"{database.dialect}, revision {revision or 'none'}{state}")


async def check_archive(settings: Settings) -> Finding:
    """Does the archive keep up, and was the store ever lost?"""
    from core.archive.database import newest_revision, open_database
    from core.archive.follower import GROUP
    from core.archive.lives import ArchiveLives
    from core.bus.connect import open_bus
    from core.bus.lives import judge, read_sign

    store = find_store(settings)
    if store.url is None and not (settings.data / "valkey").exists():
        return Finding("archive", "ok", "nothing is archived yet")
    async with open_bus(store) as bus, open_database(settings.database_settings) as database:
        if await database.revision() != newest_revision():
            return Finding("archive", "note", "not looked at: the tables are not up to date")
        life = await ArchiveLives(database).newest()
        lag, sign = await bus.journal.lag(GROUP), await read_sign(bus.calls)
    if life is None:
        return Finding("archive", "ok", "nothing is archived yet")
    amiss = judge(sign, life)
    if amiss in ("wiped", "older"):
        found = f"the store is {amiss}: it does not hold what the archive holds"
        return Finding("archive", "note", found, "a start brings it back; see docs/runbook.md")
    if lag.seconds > _LATE_SECONDS:
        found = f"{lag.records} records behind, the oldest {lag.seconds:.0f} s old"
        mend = "see that a process with the role `archive` runs, then look at its log"
        return Finding("archive", "note", found, mend)
    return Finding("archive", "ok", f"{lag.records} records behind; {_tell_life(life)}")


def _tell_life(life: Life) -> str:
    """What became of the store last."""
    if life.reason not in ("wiped", "older"):
        return "the store was never lost"
    made = life.made
    until = format_time(made.kept_until) if made.kept_until else "never"
    return (
        f"the store was {life.reason} and rebuilt at {format_time(life.began_at)}: "
        f"{made.conversations} conversations, {made.addresses} addresses in {made.seconds:.1f} s; "
        f"kept was what came until {until}"
    )


async def check_knowledge(settings: Settings) -> Finding:
    """Is there anything to answer from, and does the model that searches it load?"""
    from kb.embed.open import open_embedder

    async with open_embedder(settings.knowledge_settings.embedding) as embedder:
        await embedder.embed(["How are you?"])
        model = embedder.name
    if settings.database.url is None and not (settings.data / "switchboard.db").exists():
        then = ", then the sample company's" if settings.sample_knowledge else ""
        return Finding("knowledge", "ok", f"{model} works; empty until the first start{then}")
    return await _look_into_knowledge(settings, model)


async def _look_into_knowledge(settings: Settings, model: str) -> Finding:
    """What the database holds; nothing is built or written."""
    from core.archive.database import newest_revision, open_database
    from kb.truth import Truth

    async with open_database(settings.database_settings) as database:
        if await database.revision() != newest_revision():
            return Finding("knowledge", "note", "not looked at: the tables are not up to date")
        truth = Truth(database)
        documents = await truth.list_documents()
        calibrated = await truth.calibration(model) is not None
    if not documents:
        return Finding("knowledge", "note", "empty", "add some: switchboard kb add PATH")
    passages = sum(document.passages for document in documents)
    state = "calibrated" if calibrated else "not calibrated yet"
    found = f"{len(documents)} documents, {passages} passages, {state}; {model} works"
    return Finding("knowledge", "ok", found)


async def check_index(settings: Settings) -> Finding:
    """Does the shared search index answer, if there is one?"""
    import aiohttp

    url, key = settings.knowledge.qdrant_url, settings.knowledge.qdrant_api_key
    if url is None:
        return Finding("search index", "ok", "inside each process")
    headers = {"api-key": key.get_secret_value()} if key else {}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
            session.get(f"{url.rstrip('/')}/collections", headers=headers) as response,
        ):
            if response.status < 400:
                return Finding("search index", "ok", f"{url} answers")
            found = f"{url} answers {response.status}"
    except (aiohttp.ClientError, TimeoutError) as error:
        found = f"{url} does not answer ({type(error).__name__})"
    return Finding("search index", "unfit", found, "check QDRANT_URL and QDRANT_API_KEY")
