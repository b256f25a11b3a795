/** One person: what is noted, how they are reached, what they said, and with whom they are one.
 * Above: contacts. Below: api. */
import { useState } from "preact/hooks";
import { fill } from "../i18n";
import { clock, day } from "../time";
import type { Contact, Conversation, Joined, Preview } from "../types";
import { say, useAttempt, useHouse, useLoad } from "./context";
import { Dialog } from "./dialog";
import { Icon } from "./icons";

interface Known {
  person: Contact;
  talks: Conversation[];
  merges: Joined[];
}

export function PersonView({ id }: { id: string }) {
  const { store, w, language } = useHouse();
  const attempt = useAttempt();
  const [joining, join] = useState(false);
  const at = `/contacts/${id}`;
  const { got, failed, again } = useLoad<Known>(async () => {
    const [person, talks, merges] = await Promise.all([
      store.api.get<Contact>(at),
      store.api.get<{ conversations: Conversation[] }>(`${at}/conversations`, { limit: 50 }),
      store.api.get<{ merges: Joined[] }>(`${at}/merges`),
    ]);
    return { person, talks: talks.conversations, merges: merges.merges };
  }, [id]);
  const undo = async (one: Joined): Promise<void> => {
    if (await attempt(() => store.api.post(`${at}/merges/${one.id}/undo`, { name: store.name }))) again();
  };
  return (
    <section class="page" id="talk" tabIndex={-1}>
      <p><a href="#/contacts"><Icon name="back" />{w.contacts}</a></p>
      {failed ? <p class="empty">{w.nothingFound}</p> : !got ? <p class="empty">{w.loading}</p> : (
        <>
          <header class="head"><h1 dir="auto">{got.person.name ?? got.person.email ?? w.nameless}</h1><button onClick={() => join(true)}>{w.merge}</button></header>
          {got.person.merged_into ? <p class="panel"><a href={`#/contacts/${got.person.merged_into}`}>{fill(w.merged, { id: got.person.merged_into })}</a></p> : null}
          <Noted key={got.person.updated_at} person={got.person} />
          <h2>{w.ways}</h2>
          {got.person.identities?.length ? (
            <ul class="list">{got.person.identities.map((one) => <li key={one.id}><b dir="auto">{one.value}</b><span class="line"><span class="tag">{say(w, one.channel)}</span><span class="dim">{[w.level0, w.level1, w.level2, w.level3][one.level]}</span></span></li>)}</ul>
          ) : <p class="empty">{w.nothingFound}</p>}
          <h2>{w.conversations}</h2>
          {got.talks.length ? (
            <ul class="list">{got.talks.map((one) => <li key={one.id}><a href={`#/c/${one.id}`} dir="auto">{one.summary ?? w.openConversation}</a><span class="dim">{[say(w, one.channel), say(w, one.status), `${day(one.updated_at, language)}, ${clock(one.updated_at, language)}`].join(" · ")}</span></li>)}</ul>
          ) : <p class="empty">{w.noPrevious}</p>}
          {got.merges.length ? <h2>{w.merges}</h2> : null}
          <ul class="list">
            {got.merges.map((one) => (
              <li key={one.id}>
                <a href={`#/contacts/${one.kept === id ? one.gone : one.kept}`}>{one.kept === id ? one.gone : one.kept}</a>
                <span class="line"><span class="tag">{say(w, `merge_${one.state}`)}</span><span class="dim">{[one.by, `${day(one.at, language)}, ${clock(one.at, language)}`].filter(Boolean).join(" · ")}</span></span>
                {one.reason ? <p dir="auto">{one.reason}</p> : null}
                {one.state === "done" && one.kept === id ? <div class="acts"><button class="small" onClick={() => void undo(one)}>{w.unmerge}</button></div> : null}
              </li>
            ))}
          </ul>
          {joining ? <Join id={id} onClose={() => join(false)} onDone={again} /> : null}
        </>
      )}
    </section>
  );
}

/** What the desk wrote down. */
function Noted({ person }: { person: Contact }) {
  const { store, w } = useHouse();
  const attempt = useAttempt();
  const save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string): string | null => String(form.get(name)).trim() || null;
    const body = { name: text("name"), email: text("email"), language: text("language"), notes: text("notes"), attributes: person.attributes };
    if (await attempt(() => store.api.send("PUT", `/contacts/${person.id}`, body))) store.say(w.saved);
  };
  return (
    <form class="panel stack" onSubmit={save}>
      <label>{w.personName}<input name="name" maxLength={200} autoComplete="off" dir="auto" defaultValue={person.name ?? ""} /></label>
      <label>{say(w, "email")}<input name="email" type="email" maxLength={254} autoComplete="off" defaultValue={person.email ?? ""} /></label>
      <label>{w.language}<input name="language" maxLength={35} autoComplete="off" placeholder="en" defaultValue={person.language ?? ""} /></label>
      <label>{w.note}<textarea name="notes" rows={2} maxLength={4000} dir="auto" defaultValue={person.notes ?? ""} /></label>
      <button class="primary">{w.save}</button>
    </form>
  );
}

/** Another contact becomes this one: first what that would do, then the yes. */
function Join({ id, onClose, onDone }: { id: string; onClose: () => void; onDone: () => void }) {
  const { store, w } = useHouse();
  const attempt = useAttempt();
  const [seen, see] = useState<Preview | null>(null);
  const yes = async (form: FormData): Promise<boolean> => {
    const other = seen?.gone ?? String(form.get("other")).trim();
    const reason = String(form.get("reason") ?? "").trim() || null;
    const body = { other, reason, dry_run: seen === null, name: store.name };
    const done = await attempt(() => store.api.post<Preview>(`/contacts/${id}/merge`, body));
    if (!done) return false;
    if (seen === null) {
      see(done);
      return false;
    }
    store.say(fill(w.merged, { id }));
    onDone();
    return true;
  };
  return (
    <Dialog title={w.merge} yes={seen ? w.merge : w.look} onClose={onClose} onYes={yes}>
      {seen === null ? <label>{w.otherContact}<input name="other" required maxLength={64} autoComplete="off" placeholder="ct_…" /></label> : (
        <>
          <p>{fill(w.moves, { id: seen.gone, talks: seen.conversations, ways: seen.identities.length })}</p>
          <ul>{seen.identities.map((one) => <li key={one.id}>{say(w, one.channel)} <span dir="auto">{one.value}</span></li>)}</ul>
          {seen.fields.length ? <p class="dim">{fill(w.takenOver, { fields: seen.fields.join(", ") })}</p> : null}
          <p class="dim">{seen.by_evidence ? w.proven : w.unproven}</p>
          <label>{w.whyChange}<input name="reason" maxLength={500} autoComplete="off" required={!seen.by_evidence} /></label>
        </>
      )}
    </Dialog>
  );
}
