/** The card at the right: the hand-over, who the customer is, what was before. Above: conversation. */
import { fill } from "../i18n";
import { ago, clock, day, languageName, number } from "../time";
import type { Case, Conversation } from "../types";
import type { Opened } from "../store";
import { say, useHouse, useLoad, useNow } from "./context";
import { Icon } from "./icons";
import { Mood } from "./plots";
import { Text } from "./words";

export function Card({ opened, onClose, onUse }: { opened: Opened; onClose: () => void; onUse: (text: string) => void }) {
  const { w, language } = useHouse();
  const { head } = opened;
  const found = opened.case;
  const levels = [w.level0, w.level1, w.level2, w.level3];
  const rows: [string, string][] = [
    [w.contact, head?.contact ?? w.unknown],
    [w.level, found?.contact ? (levels[found.level] ?? "") : ""],
    [w.channel, say(w, head?.channel)],
    [w.language, languageName(head?.language ?? null, language)],
    [w.specialist, head?.specialist ?? ""],
    [w.priority, say(w, found?.priority ?? head?.priority)],
    [w.started, head ? `${day(head.created_at, language)}, ${clock(head.created_at, language)}` : ""],
    [w.tokens, head?.tokens_used ? number(head.tokens_used, language) : ""],
    [w.cost, head?.cost ? number(head.cost, language, 4) : ""],
  ];
  return (
    <aside class="side" aria-label={w.details}>
      <header><h2>{w.details}</h2><button class="quiet icon-only" aria-label={w.close} onClick={onClose}><Icon name="close" /></button></header>
      {found && head?.owner === "human" ? <HandOver found={found} onUse={onUse} /> : null}
      <section>
        <h3>{w.person}</h3>
        <dl>{rows.filter(([, value]) => value).map(([name, value]) => <div><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
        {found && found.moods.length > 1 ? (
          <div class="mood"><span>{w.mood}</span><Mood moods={found.moods} label={found.moods.map((one) => say(w, one)).join(", ")} /><b>{w[found.trend as "steady" | "worse" | "better"] ?? found.trend}</b></div>
        ) : head?.sentiment ? <div class="mood"><span>{w.mood}</span><b>{say(w, head.sentiment)}</b></div> : null}
      </section>
      {head?.summary && !found ? <section><h3>{w.summary}</h3><p dir="auto">{head.summary}</p></section> : null}
      {head?.contact ? <Before key={head.contact} contact={head.contact} id={opened.id} /> : null}
    </aside>
  );
}

function HandOver({ found, onUse }: { found: Case; onUse: (text: string) => void }) {
  const { w, language } = useHouse();
  return (
    <section class="handover">
      <h3>{w.hand}</h3>
      <p class="line"><span class={`tag ${found.priority}`}>{say(w, found.priority)}</span><b>{say(w, found.reason)}</b></p>
      {found.span ? <blockquote dir="auto" aria-label={w.said}>{found.span}</blockquote> : null}
      {found.summary ? <p dir="auto">{found.summary}</p> : null}
      {found.reply_due ? <p class="due"><Icon name="clock" />{w.due} <b>{day(found.reply_due, language)}, {clock(found.reply_due, language)}</b></p> : null}
      {found.tried.length ? (
        <><h4>{w.tried}</h4><ul>{found.tried.map((one) => <li dir="auto">{one.what}{one.result ? <span class="dim"> — {one.result}</span> : null}</li>)}</ul></>
      ) : null}
      {found.promises.length ? <><h4>{w.promises}</h4><ul>{found.promises.map((one) => <li dir="auto">{one}</li>)}</ul></> : null}
      {found.facts.length ? <><h4>{w.facts}</h4><ul>{found.facts.map((one) => <li dir="auto">{one}</li>)}</ul></> : null}
      {found.suggestion ? (
        <div class="suggestion">
          <h4><Icon name="spark" />{w.suggestion}</h4>
          <Text text={found.suggestion.text} />
          <small class="dim">{found.suggestion.sources.map((one) => one.title).join(", ")} · {w.score} {number(found.suggestion.score, language, 2)}</small>
          <button class="small" onClick={() => onUse(found.suggestion?.text ?? "")}>{w.useDraft}</button>
        </div>
      ) : null}
    </section>
  );
}

function Before({ contact, id }: { contact: string; id: string }) {
  const { store, w, language } = useHouse();
  const now = useNow(60);
  const { got } = useLoad(
    () => store.api.get<{ conversations: Conversation[] }>(`/contacts/${encodeURIComponent(contact)}/conversations`, { limit: 10 }),
    [contact],
  );
  const others = got?.conversations.filter((one) => one.id !== id) ?? [];
  return (
    <section>
      <h3>{w.previous}</h3>
      {got && others.length === 0 ? <p class="dim">{w.noPrevious}</p> : null}
      <ul class="before">
        {others.map((one) => (
          <li><a href={`#/c/${one.id}`}>{say(w, one.channel)} · {ago(one.updated_at, now)}</a><span class="dim" dir="auto"> {one.summary ?? fill("{s}", { s: day(one.created_at, language) })}</span></li>
        ))}
      </ul>
    </section>
  );
}
