/**
 * What the widget remembers in the browser, per site: the visitor's token, the conversation, what
 * was read, and the drafts that no server has acknowledged yet.
 *
 * Above: client. Below: outbox. Where storage is refused (private windows, blocked cookies) it
 * lives in memory and the widget works until the page is left. Each draft has a key of its own,
 * so two tabs never overwrite each other's.
 */
import type { Draft, Outbox, Post } from "./outbox";

export interface Shelf {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

type Slot = "visitor" | "conversation" | "seen";

export class Vault {
  readonly #prefix: string;

  constructor(
    site: string,
    private readonly shelf: Shelf = openShelf(),
  ) {
    this.#prefix = `switchboard:${site}:`;
  }

  get(slot: Slot): string | null {
    return this.shelf.getItem(this.#prefix + slot);
  }

  set(slot: Slot, value: string | null): void {
    const key = this.#prefix + slot;
    try {
      if (value === null) this.shelf.removeItem(key);
      else if (this.shelf.getItem(key) !== value) this.shelf.setItem(key, value);
    } catch {
      // A full storage costs the memory across reloads, never the conversation at hand.
    }
  }

  /** The slot that a storage event of another tab is about, or null. */
  slotOf(key: string | null): Slot | null {
    const slot = key?.startsWith(this.#prefix) ? key.slice(this.#prefix.length) : null;
    return slot === "visitor" || slot === "conversation" || slot === "seen" ? slot : null;
  }

  loadDrafts(): Outbox {
    const drafts: Draft[] = [];
    for (let index = 0; index < this.shelf.length; index += 1) {
      const key = this.shelf.key(index);
      if (!key?.startsWith(`${this.#prefix}out:`)) continue;
      const draft = readDraft(this.shelf.getItem(key));
      if (draft) drafts.push(draft);
    }
    return drafts.sort((a, b) => a.at - b.at);
  }

  saveDraft(draft: Draft): void {
    const { clientId, post, at, status, error } = draft;
    const kept = { clientId, post, at, status: status === "failed" ? "failed" : "waiting", error };
    try {
      this.shelf.setItem(`${this.#prefix}out:${clientId}`, JSON.stringify(kept));
    } catch {
      // As above: it is still in memory and will be sent.
    }
  }

  dropDraft(clientId: string): void {
    this.shelf.removeItem(`${this.#prefix}out:${clientId}`);
  }
}

function readDraft(raw: string | null): Draft | null {
  try {
    const draft = JSON.parse(raw ?? "null") as Partial<Draft> | null;
    const post = draft?.post as Post | undefined;
    if (typeof draft?.clientId !== "string" || typeof draft.at !== "number") return null;
    if (typeof post?.text !== "string" || !["message", "action"].includes(post.kind)) return null;
    const error = draft.status === "failed" ? draft.error : undefined;
    const { clientId, at } = draft;
    return { clientId, at, post, status: error ? "failed" : "waiting", ...(error && { error }) };
  } catch {
    return null;
  }
}

function openShelf(): Shelf {
  try {
    const probe = "switchboard:probe";
    localStorage.setItem(probe, "1");
    localStorage.removeItem(probe);
    return localStorage;
  } catch {
    return new MemoryShelf();
  }
}

export class MemoryShelf implements Shelf {
  readonly #items = new Map<string, string>();

  get length(): number {
    return this.#items.size;
  }

  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.#items.set(key, value);
  }

  removeItem(key: string): void {
    this.#items.delete(key);
  }
}
