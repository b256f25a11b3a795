/** Parts of a ticket: what happened to it, and which others may be about the same. Above: tickets. */
import { fill } from "../i18n";
import type { Ticket } from "../types";
import { say, useHouse, useLoad } from "./context";

type Attempt = <T>(ask: () => Promise<T>, tell: (text: string, bad: boolean) => void, words: string) => Promise<T | null>;

export function Deeds({ ticket, when }: { ticket: Ticket; when: (at: string) => string }) {
  const { w } = useHouse();
  const word = (field: string, value: unknown): string => {
    if (Array.isArray(value)) return value.join(", ") || "–";
    if (!value) return "–";
    return field === "status" || field === "priority" ? say(w, String(value)) : String(value);
  };
  return (
    <ol class="deeds">
      {ticket.history.map((deed) => (
        <li key={deed.at + deed.kind + deed.note}>
          <b>{deed.side === "customer" ? w.customer : deed.by}</b> <time class="dim" dateTime={deed.at}>{when(deed.at)}</time>
          {deed.kind === "changed" || deed.kind === "reply" ? null : <span class="dim"> {say(w, deed.kind)}</span>}
          {deed.internal && deed.note && deed.kind !== "linked" ? <span class="tag rest">{w.internal}</span> : null}
          {deed.changes.map((one) => (
            <span key={one.field} class="dim"> {say(w, one.field)}: {word(one.field, one.before)} → {word(one.field, one.after)}</span>
          ))}
          {deed.note ? <p class="text" dir="auto">{deed.note}</p> : null}
        </li>
      ))}
    </ol>
  );
}

/** Others that may be the same, each with a way to join them; or the way back. */
export function Alike({ ticket, onDone, attempt }: { ticket: Ticket; onDone: () => void; attempt: Attempt }) {
  const { store, w } = useHouse();
  const { got } = useLoad(async () => {
    if (ticket.duplicate_of || ticket.status === "closed") return [];
    return (await store.api.get<{ duplicates: { score: number; ticket: Ticket }[] }>(`/tickets/${ticket.id}/duplicates`)).duplicates;
  }, [ticket.id, ticket.updated_at]);
  const post = async (act: string, body: object): Promise<boolean> =>
    (await attempt(() => store.api.post(`/tickets/${ticket.id}/${act}`, { ...body, name: store.name }), store.say, w.notDone)) !== null;
  const join = async (into: string): Promise<void> => {
    if (!(await post("merge", { into }))) return;
    store.say(fill(w.merged, { id: into }), false);
    onDone();
  };
  if (ticket.duplicate_of)
    return <button class="small" onClick={() => void post("unmerge", {}).then((done) => done && onDone())}>{w.unmerge}</button>;
  if (!got?.length) return null;
  return (
    <>
      <h3>{w.perhapsSame}</h3>
      <ul class="list">
        {got.map(({ score, ticket: one }) => (
          <li key={one.id}>
            <a href={`#/tickets/${one.id}`} dir="auto">{one.subject}</a> <span class="dim">{one.id} · {Math.round(score * 100)} %</span>{" "}
            <button class="small" onClick={() => void join(one.id)}>{w.merge}</button>
          </li>
        ))}
      </ul>
    </>
  );
}
