/** One entry of the log. Above: conversation. Below: words. What a customer wrote is only text. */
import { useState } from "preact/hooks";
import { fill } from "../i18n";
import { clock, day, languageName } from "../time";
import { safeUrl } from "../../../src/view/text";
import type { Attachment, Citation, Entry } from "../types";
import { say, useAct, useHouse, useNow } from "./context";
import { Dialog } from "./dialog";
import type { DraftState } from "./drafts";
import { Icon } from "./icons";
import { Text } from "./words";

const CHANGE_WITHIN = 14.5 * 60_000;

/** What became of a message: its new text, or that it was taken back. */
export interface Fate {
  text?: string;
  deleted?: boolean;
}

export function fates(entries: readonly Entry[]): Map<string, Fate> {
  const found = new Map<string, Fate>();
  for (const entry of entries) {
    if (entry.action === "edit" && entry.value) found.set(entry.value, { ...found.get(entry.value), text: entry.text });
    if (entry.action === "delete" && entry.value) found.set(entry.value, { ...found.get(entry.value), deleted: true });
  }
  return found;
}

interface Shown {
  entry: Entry;
  fate: Fate | undefined;
  draft: DraftState | undefined;
  translation: Entry | undefined;
  seen: boolean;
  onWhy: (seq: number) => void;
  onUse: (text: string, draft?: string) => void;
}

export function EntryView({ entry, fate, draft, translation, seen, onWhy, onUse }: Shown) {
  const { w, language } = useHouse();
  if (entry.kind === "control") return <Act entry={entry} />;
  const { role, name, specialist } = entry.author;
  const who = role === "customer" ? name || w.customer : role === "ai" ? `${w.ai}${specialist ? ` · ${specialist}` : ""}` : name || "Switchboard";
  const kind = entry.kind === "note" ? "note" : entry.kind === "draft" ? "draft" : role;
  return (
    <article class={`entry ${kind} ${draft && draft !== "now" ? "past" : ""}`} data-seq={entry.seq}>
      <header>
        {entry.kind === "note" ? <span class="badge"><Icon name="lock" />{role === "system" && entry.reason ? say(w, entry.reason) : w.internal}</span> : null}
        {entry.kind === "draft" ? <span class="badge"><Icon name="spark" />{w.draft}</span> : null}
        <b>{who}</b>
        <time dateTime={entry.at}>{clock(entry.at, language)}</time>
        {fate?.text !== undefined || entry.edited ? <span class="dim">{w.edited}</span> : null}
        {fate?.deleted ? <span class="dim">{w.deleted}</span> : null}
        {draft && draft !== "now" ? <span class="dim">{{ sent: w.draftSent, discarded: w.draftDiscarded, obsolete: w.draftObsolete }[draft]}</span> : null}
      </header>
      <div class={fate?.deleted ? "bubble gone" : "bubble"}>
        <Text text={fate?.text ?? entry.text} />
        {fate?.text !== undefined ? (
          <details><summary>{w.before}</summary><Text text={entry.text} /></details>
        ) : null}
        {entry.parts?.map((part) => (
          <p class="choices">{part.buttons.map((button) => <span class="choice">{button.label}</span>)}</p>
        ))}
        {entry.attachments?.map((file) => <File file={file} />)}
        {entry.original ? <Other label={fill(w.writtenIn, { language: languageName(entry.original_language ?? null, language) })} text={entry.original} language={entry.original_language} /> : null}
        {translation ? <Other label={w.translation} text={translation.text} language={translation.language} /> : null}
      </div>
      {seen ? <small class="seen"><Icon name="check" />{w.seen}</small> : null}
      {entry.citations?.length ? <Sources citations={entry.citations} /> : null}
      {role === "ai" && entry.kind === "message" ? (
        <button class="quiet small" onClick={() => onWhy(entry.seq)}><Icon name="why" />{w.why}</button>
      ) : null}
      {entry.kind === "draft" && draft === "now" ? <DraftActs entry={entry} onUse={onUse} /> : null}
      {role === "human_agent" && entry.kind === "message" && !fate?.deleted ? <OwnActs entry={entry} text={fate?.text ?? entry.text} /> : null}
    </article>
  );
}

/** The same words in the other language, both always in sight. */
function Other({ label, text, language }: { label: string; text: string; language: string | undefined }) {
  return <div class="other"><small>{label}</small><div lang={language}><Text text={text} /></div></div>;
}

function DraftActs({ entry, onUse }: { entry: Entry; onUse: Shown["onUse"] }) {
  const { w } = useHouse();
  const act = useAct();
  return (
    <div class="acts">
      <button class="small primary" onClick={() => void act("draft_send", { draft: entry.id })}><Icon name="send" />{w.sendDraft}</button>
      <button class="small" onClick={() => onUse(entry.text, entry.id)}>{w.editDraft}</button>
      <button class="small" onClick={() => void act("draft_discard", { draft: entry.id })}>{w.discard}</button>
    </div>
  );
}

/** One's own words can be put right or taken back for a while; a good answer can become an article. */
function OwnActs({ entry, text }: { entry: Entry; text: string }) {
  const { store, w } = useHouse();
  const now = useNow(30);
  const act = useAct();
  const [asking, ask] = useState<"edit" | "delete" | null>(null);
  const mine = entry.author.name === store.name && now - Date.parse(entry.at) < CHANGE_WITHIN;
  const done = async (event: "save", said: string): Promise<void> => {
    if (await act(event, { entry: entry.id })) store.say(said);
  };
  return (
    <div class="acts quietly">
      {mine ? <button class="quiet small" onClick={() => ask("edit")}>{w.edit}</button> : null}
      {mine ? <button class="quiet small" onClick={() => ask("delete")}>{w.takeBack}</button> : null}
      <button class="quiet small" onClick={() => void done("save", w.putForward)}><Icon name="book" />{w.saveToKnowledge}</button>
      {asking === "edit" ? (
        <Dialog title={w.edit} yes={w.save} onClose={() => ask(null)} onYes={(form) => act("edit", { entry: entry.id, text: form.get("text") })}>
          <textarea name="text" rows={5} maxLength={4000} required dir="auto" aria-label={w.edit} defaultValue={text} />
        </Dialog>
      ) : null}
      {asking === "delete" ? (
        <Dialog title={w.takeBack} yes={w.takeBack} danger quick onClose={() => ask(null)} onYes={() => act("delete", { entry: entry.id })}>
          <p dir="auto">{text}</p>
        </Dialog>
      ) : null}
    </div>
  );
}

function Act({ entry }: { entry: Entry }) {
  const { w, language } = useHouse();
  const words: Record<string, string> = {
    take: w.didTake, release: w.didRelease, close: w.didClose, escalate: w.didEscalate, reopen: w.didReopen,
    rate: w.didRate, button: w.didButton, approve: w.didApprove, reject: w.didReject, edit: `${w.edited}`, delete: `${w.deleted}`,
    assign: w.didAssign, snooze: entry.value ? w.didSnooze : w.didWake, prioritise: w.didPrioritise, discard: w.didDiscard, save: w.didSave,
  };
  const { author } = entry;
  const name = author.name || (author.role === "customer" ? w.customer : author.role === "ai" ? w.ai : "Switchboard");
  const value = entry.action === "snooze" && entry.value ? `${day(entry.value, language)} ${clock(entry.value, language)}` : say(w, entry.value);
  const text = fill(words[entry.action ?? ""] ?? entry.action ?? entry.text, { name, value });
  const detail = entry.action === "edit" ? "" : [entry.action === "escalate" ? say(w, entry.reason) : entry.reason, entry.text].filter(Boolean).join(" · ");
  return (
    <p class={`act ${entry.action ?? ""}`} data-seq={entry.seq}>
      <span>{text}</span>
      {detail ? <span class="dim" dir="auto"> — {detail}</span> : null}
      <time class="dim" dateTime={entry.at}> {clock(entry.at, language)}</time>
      {entry.action === "release" ? <Left value={entry.value} /> : null}
    </p>
  );
}

/** What was left behind with a return: decided, promised, open. */
function Left({ value }: { value: string | undefined }) {
  const { w } = useHouse();
  const record = readRecord(value);
  const lines: [string, string][] = [
    [w.decided, record.decided ?? ""], [w.promised, (record.promised ?? []).join(" · ")], [w.stillOpen, (record.open ?? []).join(" · ")],
  ];
  return <>{lines.filter(([, text]) => text).map(([name, text]) => <span class="left" dir="auto"><b>{name}:</b> {text}</span>)}</>;
}

function readRecord(value: string | undefined): { decided?: string; promised?: string[]; open?: string[] } {
  try {
    return (JSON.parse(value ?? "") as { decided?: string } | null) ?? {};
  } catch {
    return {};
  }
}

/** Pictures only from our own files; everything else is a name to click on. */
function File({ file }: { file: Attachment }) {
  const own = file.url ? ownFile(file.url) : null;
  if (own && /^image\/(png|jpeg|gif|webp|avif)$/u.test(file.media_type))
    return <a href={own} target="_blank" rel="noopener"><img class="picture" src={own} alt={file.name} loading="lazy" /></a>;
  const size = file.size > 0 ? ` · ${Math.max(1, Math.round(file.size / 1024))} kB` : "";
  const label = <><Icon name="clip" />{file.name}{size}</>;
  return own ? <a class="file" href={own} target="_blank" rel="noopener" download={file.name}>{label}</a> : <span class="file">{label}</span>;
}

function ownFile(address: string): string | null {
  const url = URL.parse?.(address, location.origin) ?? null;
  return url && url.origin === location.origin && url.pathname.startsWith("/files/") ? url.href : null;
}

export function Sources({ citations }: { citations: readonly Citation[] }) {
  const { w, language } = useHouse();
  return (
    <details class="sources">
      <summary>{w.sources}: {citations.map((item) => item.title).join(", ")}</summary>
      {citations.map((item) => {
        const url = safeUrl(item.url);
        return (
          <figure>
            <blockquote dir="auto">{item.span}</blockquote>
            <figcaption>
              {url ? <a href={url.href} target="_blank" rel="noopener noreferrer nofollow">{item.title}</a> : item.title}
              <span class="dim"> {w.score} {item.score.toLocaleString(language, { maximumFractionDigits: 2 })}</span>
            </figcaption>
          </figure>
        );
      })}
    </details>
  );
}
