/**
 * The conversation as the customer sees it: a pure function of what has arrived.
 *
 * Above: client, view. Below: protocol, stream. Entries are keyed by sequence; a repeat changes
 * nothing, order of arrival does not matter, and a hole in the sequence is visible as `gap`.
 * The customer may not see every entry of the log (notes of the desk), so a hole can be real:
 * `settled` is the sequence up to which the server has said that there is nothing more.
 */
import type { Author, Delta, Entry, Head } from "../protocol";
import { foldDelta, NO_STREAM, retire, streamText, suspend, type Streams } from "./stream";

export interface Conversation {
  readonly id: string | null;
  readonly entries: readonly Entry[];
  readonly settled: number;
  readonly head: Head;
  readonly streams: Streams;
  readonly typing: Author | null;
}

export type Happening =
  | { readonly type: "entry"; readonly entry: Entry }
  /**
   * What the server has after `after`, in one piece up to the last of `entries`. An empty answer
   * says that nothing is missing up to `known`, the last sequence here when the question was put.
   */
  | {
      readonly type: "replayed";
      readonly after: number;
      readonly known: number;
      readonly entries: readonly Entry[];
    }
  | { readonly type: "delta"; readonly delta: Delta }
  | { readonly type: "head"; readonly head: Head }
  | { readonly type: "typing"; readonly author: Author }
  /** Nobody has typed or streamed for a while: what was half said is not coming. */
  | { readonly type: "quiet" }
  | { readonly type: "stalled" }
  | { readonly type: "adopted"; readonly id: string | null };

const FRESH_HEAD: Head = { owner: "ai", status: "open" };

export const EMPTY: Conversation = {
  id: null,
  entries: [],
  settled: 0,
  head: FRESH_HEAD,
  streams: NO_STREAM,
  typing: null,
};

export function reduce(state: Conversation, happening: Happening): Conversation {
  switch (happening.type) {
    case "entry":
      return addEntries(state, [happening.entry], state.settled);
    case "replayed":
      return addReplay(state, happening);
    case "delta":
      return addDelta(state, happening.delta);
    case "head":
      return changeHead(state, happening.head);
    case "typing":
      return happening.author.role === "customer" ? state : { ...state, typing: happening.author };
    case "quiet":
      return state.typing ? { ...state, typing: null } : state;
    case "stalled":
      return { ...state, streams: suspend(state.streams), typing: null };
    case "adopted":
      return adopt(state, happening.id);
  }
}

/** The sequence to resume after if entries are missing, else null. */
export function gap(state: Conversation): number | null {
  return lastSequence(state) > state.settled ? state.settled : null;
}

export function lastSequence(state: Conversation): number {
  return state.entries.at(-1)?.seq ?? 0;
}

/** The text of the answer that is being written now, or null. */
export function currentStream(state: Conversation): { id: string; text: string } | null {
  const { current } = state.streams;
  return current ? { id: current.id, text: streamText(current) } : null;
}

/** Words of others that the customer has not seen: those after sequence `seen`. */
export function unreadCount(state: Conversation, seen: number): number {
  return state.entries.filter((entry) => entry.seq > seen && isWordOfOthers(entry)).length;
}

export function isWordOfOthers(entry: Entry): boolean {
  return entry.kind === "message" && entry.author.role !== "customer";
}

function addEntries(state: Conversation, incoming: readonly Entry[], settled: number): Conversation {
  const entries = withChanges(mergeEntries(state.entries, incoming));
  const grown = growSettled(entries, settled);
  if (entries === state.entries && grown === state.settled) return state;
  const spoke = incoming.some(isWordOfOthers);
  return {
    ...state,
    entries,
    settled: grown,
    streams: incoming.reduce(supersede, state.streams),
    typing: spoke ? null : state.typing,
  };
}

type Replayed = Extract<Happening, { type: "replayed" }>;

function addReplay(state: Conversation, { after, known, entries }: Replayed): Conversation {
  if (after > state.settled) return addEntries(state, entries, state.settled);
  const upTo = entries.length > 0 ? Math.max(...entries.map((entry) => entry.seq)) : known;
  return addEntries(state, entries, Math.max(state.settled, upTo));
}

function mergeEntries(entries: readonly Entry[], incoming: readonly Entry[]): readonly Entry[] {
  const bySeq = new Map(entries.map((entry) => [entry.seq, entry]));
  let changed = false;
  for (const entry of incoming) {
    const known = bySeq.get(entry.seq);
    if (known && (!entry.edited || known.text === entry.text)) continue;
    bySeq.set(entry.seq, entry);
    changed = true;
  }
  return changed ? [...bySeq.values()].sort((a, b) => a.seq - b.seq) : entries;
}

/**
 * The entries in the words that stand. An edit or a withdrawal is an entry of its own that names the
 * message it changes; only the message's own side can change it. What is withdrawn stays as an
 * empty line, as the server shows it to whoever comes later.
 */
function withChanges(entries: readonly Entry[]): readonly Entry[] {
  // By side and message: the words of the last edit; none once it was withdrawn.
  const words = new Map<string, string>();
  for (const { kind, action, value, author, text } of entries) {
    const key = `${author.role} ${value}`;
    if (kind !== "control" || words.get(key) === "") continue;
    if (action === "edit") words.set(key, text);
    else if (action === "delete") words.set(key, "");
  }
  let changed = false;
  const shown = entries.map((entry) => {
    const text = words.get(`${entry.author.role} ${entry.id}`);
    if (text === undefined || (entry.edited && entry.text === text)) return entry;
    changed = true;
    return { ...entry, text, edited: true, ...(!text && { attachments: [], buttons: [], citations: [] }) };
  });
  return changed ? shown : entries;
}

/** True if the message was taken back: nothing of it is left. */
export function isWithdrawn({ kind, edited, text, attachments }: Entry): boolean {
  return kind === "message" && edited && text === "" && attachments.length === 0;
}

function growSettled(entries: readonly Entry[], settled: number): number {
  let upTo = settled;
  for (const { seq } of entries) if (seq === upTo + 1) upTo = seq;
  return upTo;
}

/** An entry by the AI or a human ends whatever was being streamed; its own id never streams again. */
function supersede(streams: Streams, entry: Entry): Streams {
  return isWordOfOthers(entry) ? retire(streams, entry.id) : streams;
}

function addDelta(state: Conversation, delta: Delta): Conversation {
  if (state.head.owner === "human" || state.entries.some((entry) => entry.id === delta.id)) return state;
  const streams = foldDelta(state.streams, delta);
  return streams === state.streams ? state : { ...state, streams, typing: null };
}

function changeHead(state: Conversation, head: Head): Conversation {
  // After a take-over no word of the AI comes, so a half streamed answer must not stay either.
  const taken = head.owner === "human" && state.head.owner !== "human";
  return { ...state, head, streams: taken ? retire(state.streams) : state.streams };
}

function adopt(state: Conversation, id: string | null): Conversation {
  if (id === state.id) return state;
  return state.id === null && id !== null ? { ...state, id } : { ...EMPTY, id };
}
