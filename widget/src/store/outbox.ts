/**
 * What the customer has written and the server has not yet given back as an entry. Pure.
 *
 * Above: courier, client, view. Below: protocol. A draft leaves the outbox only when the entry
 * with its `clientId` (or the acknowledged sequence) has arrived, so the words are on the screen
 * at every moment exactly once.
 */
import type { Entry, FileRef } from "../protocol";

export type Post =
  | { readonly kind: "message"; readonly text: string; readonly files?: readonly FileRef[] }
  /** A pressed button: the label is shown, the value is sent. */
  | { readonly kind: "action"; readonly text: string; readonly seq: number; readonly value: string };

export interface Draft {
  readonly clientId: string;
  readonly post: Post;
  readonly at: number;
  readonly status: "waiting" | "sending" | "sent" | "failed";
  readonly seq?: number;
  readonly error?: { readonly code: string; readonly message: string };
}

export type Outbox = readonly Draft[];

export function addDraft(outbox: Outbox, clientId: string, post: Post, at: number): Outbox {
  return [...outbox, { clientId, post, at, status: "waiting" }];
}

/** The next to send: strictly one after the other, so that the order written is the order kept. */
export function nextDraft(outbox: Outbox): Draft | null {
  return outbox.find((draft) => draft.status === "waiting" || draft.status === "sending") ?? null;
}

export function markSending(outbox: Outbox, clientId: string): Outbox {
  return change(outbox, clientId, (draft) => ({ ...draft, status: "sending" }));
}

export function markWaiting(outbox: Outbox, clientId: string): Outbox {
  return change(outbox, clientId, ({ error: _, ...draft }) => ({ ...draft, status: "waiting" }));
}

export function markSent(outbox: Outbox, clientId: string, seq: number): Outbox {
  return change(outbox, clientId, (draft) => ({ ...draft, status: "sent", seq }));
}

export function markFailed(outbox: Outbox, clientId: string, code: string, message: string): Outbox {
  return change(outbox, clientId, (draft) => ({ ...draft, status: "failed", error: { code, message } }));
}

export function removeDraft(outbox: Outbox, clientId: string): Outbox {
  return outbox.filter((draft) => draft.clientId !== clientId);
}

/** Drops the drafts that have come back as entries. */
export function reconcile(outbox: Outbox, entries: readonly Entry[]): Outbox {
  if (outbox.length === 0) return outbox;
  const left = outbox.filter((draft) => !entries.some((entry) => isEcho(draft, entry)));
  return left.length === outbox.length ? outbox : left;
}

function isEcho({ clientId, seq, post }: Draft, entry: Entry): boolean {
  if (entry.author.role !== "customer") return false;
  if (entry.clientId === clientId || entry.seq === seq) return true;
  return post.kind === "action" && entry.inReplyTo === post.seq && entry.value === post.value;
}

/** What must survive a reload: all that the server has not acknowledged. */
export function unacknowledged(outbox: Outbox): Outbox {
  return outbox.filter((draft) => draft.status !== "sent");
}

function change(outbox: Outbox, clientId: string, make: (draft: Draft) => Draft): Outbox {
  return outbox.map((draft) => (draft.clientId === clientId ? make(draft) : draft));
}
