/** People: find them. Above: app. Below: person, api. */
import { useState } from "preact/hooks";
import { ago } from "../time";
import type { Contact } from "../types";
import { useHouse, useLoad, useNow } from "./context";
import { PersonView } from "./person";

interface Found {
  contacts: Contact[];
  next: string | null;
}

export function Contacts({ id }: { id: string | null }) {
  return id ? <PersonView key={id} id={id} /> : <All />;
}

function All() {
  const { store, w } = useHouse();
  const now = useNow(60);
  const [q, setQ] = useState("");
  const [more, setMore] = useState<(Found & { of: string }) | null>(null);
  const { got, failed, again } = useLoad(() => store.api.get<Found>("/contacts", { q, limit: 50 }), [q]);
  const added = more?.of === q ? more : null;
  const shown = [...(got?.contacts ?? []), ...(added?.contacts ?? [])];
  const next = added ? added.next : got?.next;
  const onMore = async (): Promise<void> => {
    const page = await store.api.get<Found>("/contacts", { q, limit: 50, cursor: next ?? undefined });
    setMore({ of: q, contacts: [...(added?.contacts ?? []), ...page.contacts], next: page.next });
  };
  return (
    <section class="page" id="talk" tabIndex={-1}>
      <h1>{w.contacts}</h1>
      <div role="search"><input type="search" aria-label={w.searchContacts} placeholder={w.searchContacts} value={q} onInput={(event) => setQ(event.currentTarget.value)} /></div>
      {failed ? <button onClick={again}>{w.retry}</button> : !got ? <p class="empty">{w.loading}</p> : shown.length === 0 ? <p class="empty">{w.nothingFound}</p> : null}
      <ul class="list">
        {shown.map((one) => (
          <li key={one.id}>
            <a href={`#/contacts/${one.id}`}><b dir="auto">{one.name ?? one.email ?? w.nameless}</b></a>
            <span class="dim">{[one.name ? one.email : null, one.id, ago(one.updated_at, now)].filter(Boolean).join(" · ")}</span>
          </li>
        ))}
      </ul>
      {next ? <button class="quiet wide" onClick={() => void onMore().catch(() => store.say(w.serverAway, true))}>{w.loadMore}</button> : null}
    </section>
  );
}
