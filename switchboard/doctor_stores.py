"""The doctor's look at store, database and knowledge. Above: `doctor`. Below: the folders."""

from __future__ import annotations

from config.settings import Settings
from core.errors import ConfigError
from switchboard.attach import find_store
from switchboard.doctor import Finding


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


async def check_knowledge(settings: Settings) -> Finding:
    """Is there anything to answer from, and does the model that searches it load?"""
    from core.archive.database import newest_revision, open_database
    from kb.open import open_knowledge

    if settings.database.url is None and not (settings.data / "switchboard.db").exists():
        sample = settings.sample_knowledge
        found = "empty until the first start" + (", then the sample company's" if sample else "")
        return Finding("knowledge", "ok", found)
    async with open_database(settings.database_settings) as database:
        if await database.revision() != newest_revision():
            return Finding("knowledge", "note", "not looked at: the tables are not up to date")
        async with open_knowledge(settings.knowledge_settings, database) as knowledge:
            await knowledge.searcher.search("hello", limit=1)
            status = await knowledge.status()
    found = (
        f"{status['documents']} documents, {status['passages']} passages, "
        f"embedded by {status['model']}, index: {status['index']}"
    )
    if not status["documents"]:
        return Finding("knowledge", "note", "empty", "add some: switchboard kb add PATH")
    return Finding("knowledge", "ok", found)
