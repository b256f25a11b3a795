/** Which drafts still count, told by the order of the log. Above: conversation. Below: nothing. */
import type { Entry } from "../types";

export type DraftState = "now" | "sent" | "discarded" | "obsolete";

/** Newer words of anybody, another draft, or the end of the person's turn make a draft obsolete. */
export function draftStates(entries: readonly Entry[]): Map<string, DraftState> {
  const found = new Map<string, DraftState>();
  let now: string | null = null;
  const end = (state: DraftState): void => {
    if (now) found.set(now, state);
    now = null;
  };
  for (const entry of entries) {
    if (entry.kind === "draft") {
      end("obsolete");
      found.set((now = entry.id), "now");
    } else if (entry.kind === "message") {
      const sent = entry.id.split(":draft:")[1];
      if (sent && found.has(sent)) {
        found.set(sent, "sent");
        if (now === sent) now = null;
      }
      end("obsolete");
    } else if (entry.action === "discard" && entry.value) {
      if (found.has(entry.value)) found.set(entry.value, "discarded");
      if (now === entry.value) now = null;
    } else if (["release", "close"].includes(entry.action ?? "")) end("obsolete");
    else if (["edit", "delete"].includes(entry.action ?? "") && entry.author.role === "customer") end("obsolete");
  }
  return found;
}

/** Translations for people, by the sequence of what they translate. */
export function translations(entries: readonly Entry[]): Map<number, Entry> {
  const found = new Map<number, Entry>();
  for (const entry of entries) if (isTranslation(entry)) found.set(entry.in_reply_to as number, entry);
  return found;
}

export const isTranslation = (entry: Entry): boolean =>
  entry.kind === "note" && entry.reason === "translation" && entry.in_reply_to !== undefined;
