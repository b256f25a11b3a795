/**
 * Sends the outbox: one draft at a time, in order, again and again until it is acknowledged.
 *
 * Above: client. Below: outbox, protocol. A draft keeps its `clientId` through all repeats, which
 * is how the server knows a repeat. No answer, an empty answer and a lost line are all the same
 * here: try again. A typed refusal that a repeat could mend waits and repeats a few times; any
 * other stops at the customer, who sees why and may press "try again".
 */
import type { Ack } from "../protocol";
import {
  markFailed,
  markSending,
  markSent,
  markWaiting,
  nextDraft,
  type Draft,
  type Outbox,
} from "./outbox";

/** Hands one draft to the server; null when there was no answer worth the name. */
export type Deliver = (draft: Draft) => Promise<Ack | null>;

export interface Timer {
  after(milliseconds: number, run: () => void): () => void;
}

interface Hooks {
  readonly read: () => Outbox;
  readonly write: (outbox: Outbox) => void;
  readonly deliver: Deliver;
  readonly onSent: (ack: Extract<Ack, { ok: true }>) => void;
  readonly timer: Timer;
}

/** Refusals that pass by themselves. */
const PASSING = new Set(["bus_unavailable", "rate_exceeded", "unavailable", "internal"]);
const MAX_REFUSALS = 5;
const FIRST_WAIT = 800;
const LONGEST_WAIT = 15_000;

export class Courier {
  #online = false;
  #busy = false;
  #misses = 0;
  #refusals = 0;
  #cancelWait: (() => void) | null = null;

  constructor(private readonly hooks: Hooks) {}

  /** The line is up: whatever waits goes out now. */
  start(): void {
    this.#online = true;
    this.#misses = 0;
    this.wake();
  }

  stop(): void {
    this.#online = false;
    this.#cancelWait?.();
    this.#cancelWait = null;
  }

  wake(): void {
    if (!this.#online || this.#busy || this.#cancelWait) return;
    const draft = nextDraft(this.hooks.read());
    if (draft) void this.#carry(draft);
  }

  async #carry(draft: Draft): Promise<void> {
    this.#busy = true;
    this.hooks.write(markSending(this.hooks.read(), draft.clientId));
    const ack = await this.hooks.deliver(draft).catch(() => null);
    this.#busy = false;
    this.#settle(draft, ack);
  }

  #settle({ clientId }: Draft, ack: Ack | null): void {
    const { read, write, onSent } = this.hooks;
    if (ack?.ok) {
      this.#misses = this.#refusals = 0;
      write(markSent(read(), clientId, ack.seq));
      onSent(ack);
      return this.wake();
    }
    if (ack && !(PASSING.has(ack.code) && this.#refusals < MAX_REFUSALS)) {
      this.#refusals = 0;
      write(markFailed(read(), clientId, ack.code, ack.message));
      return this.wake();
    }
    if (ack) this.#refusals += 1;
    write(markWaiting(read(), clientId));
    this.#waitAndWake(ack?.ok === false ? ack.retryAfter : undefined);
  }

  #waitAndWake(retryAfterSeconds: number | undefined): void {
    if (!this.#online) return;
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#misses);
    this.#misses += 1;
    const pause = retryAfterSeconds === undefined ? wait : Math.min(60, retryAfterSeconds) * 1000;
    this.#cancelWait = this.hooks.timer.after(pause, () => {
      this.#cancelWait = null;
      this.wake();
    });
  }
}
