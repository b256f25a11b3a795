/**
 * What the visitor says, from the key to the acknowledgement: outbox, courier and memory together.
 *
 * Above: client. Below: store. Every change of the outbox passes `#write`, which keeps what is
 * unacknowledged in the browser's storage and drops what has come back as an entry.
 */
import type { Connection } from "./connection";
import type { Choice, Entry, FileRef } from "./protocol";
import { Courier, type Timer } from "./store/courier";
import * as outbox from "./store/outbox";
import type { Vault } from "./store/vault";
import { newClientId } from "./timing";

interface Hooks {
  readonly connection: () => Connection;
  readonly entries: () => readonly Entry[];
  readonly onSent: (conversation: string | undefined) => void;
  readonly changed: () => void;
}

const timer: Timer = {
  after(milliseconds, run) {
    const handle = setTimeout(run, milliseconds);
    return () => clearTimeout(handle);
  },
};

export class Outgoing {
  #outbox: outbox.Outbox;
  readonly courier: Courier;

  constructor(
    private readonly vault: Vault,
    private readonly hooks: Hooks,
  ) {
    this.#outbox = vault.loadDrafts();
    this.courier = new Courier({
      timer,
      read: () => this.#outbox,
      write: (next) => this.#write(next),
      deliver: (draft) => this.#deliver(draft),
      onSent: ({ conversation }) => hooks.onSent(conversation),
    });
  }

  get drafts(): outbox.Outbox {
    return this.#outbox;
  }

  say(text: string, files: readonly FileRef[]): void {
    // Half a surrogate pair is no character: no server could store it, so it would wait for ever.
    this.#post({ kind: "message", text: text.replace(/\p{Surrogate}/gu, "\ufffd"), ...(files.length > 0 && { files }) });
  }

  press(entry: Entry, choice: Choice): void {
    this.#post({ kind: "action", text: choice.label, seq: entry.seq, value: choice.value });
  }

  retry(clientId: string): void {
    this.#write(outbox.markWaiting(this.#outbox, clientId));
    this.courier.wake();
  }

  discard(clientId: string): void {
    this.#write(outbox.removeDraft(this.#outbox, clientId));
  }

  /** New entries are here: some may be the echo of a draft. */
  reconcile(): void {
    this.#write(outbox.reconcile(this.#outbox, this.hooks.entries()));
  }

  #post(post: outbox.Post): void {
    this.#write(outbox.addDraft(this.#outbox, newClientId(), post, Date.now()));
    this.courier.wake();
  }

  #deliver({ clientId, post }: outbox.Draft): ReturnType<Connection["send"]> {
    const connection = this.hooks.connection();
    if (post.kind === "message") {
      const attachments = post.files?.map(({ id }) => ({ id }));
      return connection.send("message", { client_id: clientId, text: post.text, ...(attachments && { attachments }) });
    }
    return connection.send("action", { seq: post.seq, value: post.value });
  }

  #write(next: outbox.Outbox): void {
    const before = this.#outbox;
    if (next === before) return;
    // An entry can be here before the acknowledgement of the same words is.
    this.#outbox = outbox.reconcile(next, this.hooks.entries());
    const kept = outbox.unacknowledged(this.#outbox);
    for (const draft of kept) if (!before.includes(draft)) this.vault.saveDraft(draft);
    for (const { clientId } of before) {
      if (!kept.some((draft) => draft.clientId === clientId)) this.vault.dropDraft(clientId);
    }
    this.hooks.changed();
  }
}
