/**
 * Which lines the log has, in which order, each with a key and a signature. Pure.
 *
 * Above: log. Below: message, store. A line is drawn anew only when its signature changes. The
 * key of the customer's own words is their client id, so the draft becomes the entry in place.
 */
import type { Snapshot } from "../client";
import type { Author, Entry } from "../protocol";
import { currentStream } from "../store/conversation";
import type { Draft } from "../store/outbox";
import { draftLine, entryLine, eventLine, eventText, streamLine, typingLine, type EntryLook, type Setting } from "./message";
import { el } from "./dom";

export interface Line {
  readonly key: string;
  readonly signature: string;
  readonly draw: () => HTMLElement;
  /** Drawn in place of a stream: it must not move in as something new. */
  readonly settled?: boolean;
}

const TOGETHER = 5 * 60_000;

interface Previous {
  readonly author: string;
  readonly at: number;
  readonly day: string;
}

type Item = { readonly entry: Entry } | { readonly draft: Draft };

export function linesOf(snapshot: Snapshot, setting: Setting, locale: string, now: Date): Line[] {
  const { conversation, line } = snapshot;
  const lines: Line[] = [];
  let previous: Previous = { author: "", at: 0, day: dayOf(now) };
  for (const item of inOrder(conversation.entries, snapshot.outbox)) {
    const at = new Date("entry" in item ? item.entry.at : item.draft.at);
    const day = Number.isNaN(at.getTime()) ? previous.day : dayOf(at);
    if (day !== previous.day) {
      lines.push(dayLine(at, day, now, setting, locale));
      previous = { author: "", at: 0, day };
    }
    const author = "entry" in item ? authorKey(item.entry.author) : "customer";
    const first = author !== previous.author || at.getTime() - previous.at > TOGETHER;
    const made =
      "entry" in item ? lineOfEntry(item.entry, first, snapshot, setting) : lineOfDraft(item.draft, first, line === "online", setting);
    if (!made) continue;
    lines.push(made);
    previous = { author: made.key.startsWith("event:") ? "" : author, at: at.getTime(), day };
  }
  const tail = lineOfTail(snapshot, setting);
  return tail ? [...lines, tail] : lines;
}

function inOrder(entries: readonly Entry[], drafts: readonly Draft[]): Item[] {
  const late = drafts.filter((draft) => draft.seq === undefined).map((draft) => ({ draft }));
  const placed = [
    ...entries.map((entry) => ({ seq: entry.seq, item: { entry } as Item })),
    ...drafts.flatMap((draft) => (draft.seq === undefined ? [] : [{ seq: draft.seq, item: { draft } as Item }])),
  ].sort((a, b) => a.seq - b.seq);
  return [...placed.map(({ item }) => item), ...late];
}

function lineOfEntry(entry: Entry, first: boolean, snapshot: Snapshot, setting: Setting): Line | null {
  const shown = asShown(entry, snapshot.conversation.entries);
  const isEvent = shown.author.role === "system" && shown.buttons.length === 0; // a question has its buttons below it
  if (shown.kind === "control" || isEvent) {
    const text = eventText(shown, setting.words);
    return text === null ? null : { key: `event:${entry.seq}`, signature: text, draw: () => eventLine(text) };
  }
  const look: EntryLook = {
    first,
    chosen: chosenOf(entry, snapshot),
    rating: snapshot.ratings.get(entry.seq) ?? storedRating(entry, snapshot.conversation.entries),
  };
  return {
    key: entry.clientId ? `mine:${entry.clientId}` : `entry:${entry.id}`,
    signature: [entry.seq, shown.text, shown.edited, look.first, look.chosen, look.rating].map(String).join("|"),
    draw: () => entryLine(shown, look, setting),
    settled: snapshot.conversation.streams.retired.includes(entry.id),
  };
}

/** A pressed button is shown as what the customer said by it: its label. */
function asShown(entry: Entry, entries: readonly Entry[]): Entry {
  if (entry.action !== "button" || entry.author.role !== "customer") return entry;
  const asked = entries.find(({ seq }) => seq === entry.inReplyTo);
  const label = asked?.buttons.find(({ value }) => value === entry.value)?.label;
  return { ...entry, kind: "message", text: entry.text || label || entry.value || "" };
}

/** The button that was pressed; null while it may be; undefined once the talk has moved on. */
function chosenOf(entry: Entry, { conversation, outbox }: Snapshot): string | null | undefined {
  if (entry.buttons.length === 0) return undefined;
  for (const { post } of outbox) if (post.kind === "action" && post.seq === entry.seq) return post.value;
  const later = conversation.entries.filter(({ seq, author }) => seq > entry.seq && author.role === "customer");
  const press = later.find(({ inReplyTo, value }) => inReplyTo === entry.seq && value !== undefined);
  if (press) return press.value;
  return later.length > 0 ? undefined : null;
}

function storedRating(entry: Entry, entries: readonly Entry[]): string | undefined {
  return entries.findLast(({ action, inReplyTo }) => action === "rate" && inReplyTo === entry.seq)?.value;
}

function lineOfDraft(draft: Draft, first: boolean, online: boolean, setting: Setting): Line {
  return {
    key: `mine:${draft.clientId}`,
    signature: [draft.status.replace("waiting", "sending"), online, first, draft.error?.message].join("|"),
    draw: () => draftLine(draft, online, first, setting),
  };
}

function lineOfTail(snapshot: Snapshot, setting: Setting): Line | null {
  const { conversation, awaited } = snapshot;
  const { head, typing } = conversation;
  const author: Author = { role: "ai", name: "", ...(head.specialist && { specialist: head.specialist }) };
  const stream = currentStream(conversation);
  if (stream?.text) {
    return { key: `stream:${stream.id}`, signature: stream.text, draw: () => streamLine(author, stream.text, setting) };
  }
  if (!stream && !awaited) return null;
  const writer = typing ?? author;
  return { key: "typing", signature: authorKey(writer), draw: () => typingLine(writer, setting) };
}

function dayLine(at: Date, day: string, now: Date, setting: Setting, locale: string): Line {
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  const format = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
  const { words } = setting;
  const text = day === dayOf(now) ? words.today : day === dayOf(yesterday) ? words.yesterday : format.format(at);
  return { key: `day:${day}`, signature: text, draw: () => el("div", { class: "day" }, text) };
}

const dayOf = (at: Date): string => `${at.getFullYear()}-${at.getMonth() + 1}-${at.getDate()}`;
const authorKey = ({ role, name }: Author): string => `${role}:${name}`;
