/**
 * One visitor's side of one conversation: joins the store, the outbox, the memory and the line.
 *
 * Above: main, view (which reads `snapshot` and calls the verbs). Below: connection, store. Holds
 * no DOM. All decisions about what a message means are in the pure store; here is only when to
 * ask, when to send and when to tell the view.
 */
import { Connection, type Credentials } from "./connection";
import type { Author, Choice, Delta, Entry, Head, Ready } from "./protocol";
import * as conversation from "./store/conversation";
import type { Outbox } from "./store/outbox";
import type { Vault } from "./store/vault";
import { Outgoing } from "./outgoing";
import { Pause } from "./timing";
import { Uploads } from "./uploads";

export type Line = "idle" | "connecting" | "online" | "offline" | "refused";

export interface Snapshot {
  readonly conversation: conversation.Conversation;
  readonly outbox: Outbox;
  readonly line: Line;
  /** Someone is expected to say something: show the typing sign. */
  readonly awaited: boolean;
  readonly unread: number;
  readonly ratings: ReadonlyMap<number, string>;
}

export interface Watcher {
  changed(): void;
  /** A word of others that the visitor has not seen before. */
  heard(entry: Entry): void;
}

const TYPING_LASTS = 6_000;
const ANSWER_EXPECTED = 20_000;
const STREAM_STALLS = 30_000;
const GAP_PATIENCE = 250;
const RESUME_AGAIN = 2_000;
const TYPING_EVERY = 2_000;

export class Client {
  #state = conversation.EMPTY;
  #line: Line = "idle";
  #awaited = false;
  #seen: number;
  #visitor: string | null = null;
  #sent: Credentials | null = null;
  #identity: string | undefined;
  #syncing = false;
  #lastTyping = 0;
  readonly #ratings = new Map<number, string>();
  readonly #connection: Connection;
  readonly #outgoing: Outgoing;
  readonly uploads: Uploads;
  readonly #quiet = new Pause(TYPING_LASTS, () => this.#dispatch({ type: "quiet" }));
  readonly #stall = new Pause(STREAM_STALLS, () => this.#giveUpStream());
  readonly #patience = new Pause(ANSWER_EXPECTED, () => this.#expect(false));
  readonly #gap = new Pause(GAP_PATIENCE, () => void this.#sync());
  readonly #resume = new Pause(RESUME_AGAIN, () => void this.#sync());

  constructor(
    private readonly site: string,
    readonly origin: string,
    private readonly vault: Vault,
    private readonly watcher: Watcher,
    private readonly link?: string,
  ) {
    this.#seen = Number(vault.get("seen")) || 0;
    this.#connection = new Connection(origin, () => this.#credentials(), {
      onReady: (ready) => this.#onReady(ready),
      onDown: (refused) => this.#onDown(refused),
      onEntry: (entry) => this.#onEntry(entry),
      onDelta: (delta) => this.#onDelta(delta),
      onTyping: (author) => this.#onTyping(author),
      onHead: (head) => this.#onHead(head),
    });
    this.uploads = new Uploads(origin, () => this.#connection.ticket(), () => watcher.changed());
    this.#outgoing = new Outgoing(vault, {
      connection: () => this.#connection,
      entries: () => this.#state.entries,
      onSent: (id) => this.#onSent(id),
      changed: () => watcher.changed(),
    });
  }

  get snapshot(): Snapshot {
    return {
      conversation: this.#state,
      outbox: this.#outgoing.drafts,
      line: this.#line,
      awaited: this.#awaited || this.#state.typing !== null,
      unread: conversation.unreadCount(this.#state, this.#seen),
      ratings: this.#ratings,
    };
  }

  /** True if there is something to fetch or to send even before the visitor opens the panel. */
  get hasPast(): boolean {
    return this.vault.get("conversation") !== null || this.#outgoing.drafts.length > 0;
  }

  connect(): void {
    if (this.#line !== "idle") return;
    this.#line = "connecting";
    this.#connection.open();
    this.watcher.changed();
  }

  destroy(): void {
    this.#outgoing.courier.stop();
    this.uploads.destroy();
    this.#connection.close();
    for (const pause of [this.#quiet, this.#stall, this.#patience, this.#gap, this.#resume]) pause.cancel();
  }

  say(text: string): void {
    this.#outgoing.say(text, this.uploads.take());
    this.connect();
  }

  press(entry: Entry, choice: Choice): void {
    this.#outgoing.press(entry, choice);
  }

  retry(clientId: string): void {
    this.#outgoing.retry(clientId);
  }

  discard(clientId: string): void {
    this.#outgoing.discard(clientId);
  }

  async rate(seq: number, value: "up" | "down"): Promise<void> {
    this.#ratings.set(seq, value);
    this.watcher.changed();
    if (await this.#connection.rate(seq, value)) return;
    this.#ratings.delete(seq);
    this.watcher.changed();
  }

  identify(identity: string | undefined): void {
    this.#identity = identity;
    if (this.#line === "idle") this.connect();
    else this.#connection.reopen();
  }

  typed(): void {
    const now = Date.now();
    if (this.#state.id === null || now - this.#lastTyping < TYPING_EVERY) return;
    this.#lastTyping = now;
    this.#connection.hint("typing", {});
  }

  /** The visitor has all that is here before their eyes. */
  markSeen(): void {
    const last = this.#state.entries.findLast(conversation.isWordOfOthers)?.seq ?? 0;
    if (last <= this.#seen) return;
    this.#seen = last;
    this.vault.set("seen", String(last));
    this.#connection.hint("seen", { seq: last });
    this.watcher.changed();
  }

  /** Another tab of this site has learned something. */
  onOtherTab(key: string | null): void {
    const slot = this.vault.slotOf(key);
    if (slot === "seen") {
      this.#seen = Math.max(this.#seen, Number(this.vault.get("seen")) || 0);
      this.watcher.changed();
    }
    const other = this.vault.get("conversation");
    if (slot !== "conversation" || other === null || other === this.#state.id) return;
    if (this.#line === "idle") this.connect();
    else this.#connection.reopen();
  }

  #credentials(): Credentials {
    const visitor = this.vault.get("visitor") ?? this.#visitor;
    const id = this.vault.get("conversation") ?? this.#state.id;
    const identity = this.#identity;
    this.#sent = {
      site: this.site,
      ...(visitor && { visitor }),
      ...(id && { conversation: id }),
      ...(identity && { identity }),
      ...(this.link && { link: this.link }),
    };
    return this.#sent;
  }

  #onSent(id: string | undefined): void {
    if (id) this.#adopt(id);
    if (this.#state.head.owner === "ai") this.#expect(true);
  }

  #onReady(ready: Ready): void {
    if (this.#isOvertaken(ready)) return this.#connection.reopen();
    this.#visitor = ready.visitor ?? this.#visitor;
    this.vault.set("visitor", this.#visitor);
    this.#line = "online";
    this.#adopt(ready.conversation);
    if (ready.head) this.#dispatch({ type: "head", head: ready.head });
    this.#outgoing.courier.start();
    void this.#sync(ready.last);
    this.watcher.changed();
  }

  /** Another tab became a visitor, or began to talk, while this one was asking who it is. */
  #isOvertaken(ready: Ready): boolean {
    const visitor = this.vault.get("visitor");
    const id = this.vault.get("conversation");
    const otherVisitor = !this.#sent?.visitor && visitor !== null && visitor !== ready.visitor;
    const otherTalk = id !== null && id !== this.#sent?.conversation && id !== ready.conversation;
    return otherVisitor || otherTalk;
  }

  #onDown(refused: string | null): void {
    if (refused === "unauthorized" && this.#identity) {
      console.warn("Switchboard: the identity was refused; going on without it");
      return this.identify(undefined);
    }
    this.#line = refused ? "refused" : "offline";
    this.#outgoing.courier.stop();
    this.#quiet.cancel();
    this.#stall.cancel();
    this.#dispatch({ type: "quiet" });
    this.#expect(false);
    this.watcher.changed();
  }

  #onEntry(entry: Entry): void {
    const known = this.#state.entries.some(({ seq }) => seq === entry.seq);
    this.#dispatch({ type: "entry", entry });
    if (!known) this.#hear([entry]);
    if (conversation.gap(this.#state) !== null) this.#gap.startUnlessRunning();
  }

  #onDelta(delta: Delta): void {
    this.#dispatch({ type: "delta", delta });
    if (!this.#state.streams.current) return;
    this.#stall.restart();
    this.#expect(false);
  }

  #onTyping(author: Author): void {
    this.#dispatch({ type: "typing", author });
    this.#quiet.restart();
  }

  #onHead(head: Head): void {
    this.#dispatch({ type: "head", head });
    if (head.owner !== "ai") this.#expect(false);
  }

  #hear(entries: readonly Entry[]): void {
    const words = entries.filter(conversation.isWordOfOthers);
    if (words.length > 0) this.#expect(false);
    for (const entry of words) if (entry.seq > this.#seen) this.watcher.heard(entry);
  }

  #giveUpStream(): void {
    this.#dispatch({ type: "stalled" });
    void this.#sync();
  }

  /** Fetches what is missing until the server has no more, or the line breaks. */
  async #sync(target = 0): Promise<void> {
    if (this.#syncing || this.#line !== "online" || this.#state.id === null) return;
    this.#syncing = true;
    let more = true;
    while (more && this.#line === "online") more = await this.#resumeOnce(target);
    this.#syncing = false;
    if (conversation.gap(this.#state) !== null) this.#resume.startUnlessRunning();
  }

  async #resumeOnce(target: number): Promise<boolean> {
    const { id, settled } = this.#state;
    const known = conversation.lastSequence(this.#state);
    const replay = await this.#connection.resume(settled);
    if (!replay || this.#state.id !== id) {
      if (this.#line === "online") this.#resume.startUnlessRunning();
      return false;
    }
    const { entries, head } = replay;
    const fresh = entries.filter(({ seq }) => seq > known);
    this.#dispatch({ type: "replayed", after: settled, known, entries });
    if (head) this.#dispatch({ type: "head", head });
    this.#hear(fresh);
    return entries.length > 0 && (this.#state.settled < target || conversation.gap(this.#state) !== null);
  }

  #adopt(id: string | null): void {
    this.#dispatch({ type: "adopted", id });
    if (this.#visitor && id !== null && this.vault.get("conversation") !== id) {
      // The token that belongs to this conversation, whatever another tab stored meanwhile.
      this.vault.set("visitor", this.#visitor);
    }
    if (id !== this.vault.get("conversation") && this.#seen > conversation.lastSequence(this.#state)) {
      this.#seen = 0;
      this.vault.set("seen", null);
    }
    this.vault.set("conversation", id);
  }

  #expect(awaited: boolean): void {
    if (awaited) this.#patience.restart();
    else this.#patience.cancel();
    if (this.#awaited === awaited) return;
    this.#awaited = awaited;
    this.watcher.changed();
  }

  #dispatch(happening: conversation.Happening): void {
    const before = this.#state;
    this.#state = conversation.reduce(before, happening);
    if (this.#state === before) return;
    if (this.#state.entries !== before.entries) this.#outgoing.reconcile();
    this.watcher.changed();
  }
}
