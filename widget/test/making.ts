/** Entries, drafts and a repeatable random for the tests. */
import type { Entry, Role } from "../src/protocol";

export function entry(seq: number, more: Partial<Entry> & { role?: Role } = {}): Entry {
  const { role = "ai", ...rest } = more;
  return {
    seq,
    id: `c:${seq}`,
    at: "2026-01-31T09:30:00.000Z",
    kind: "message",
    author: { role, name: "" },
    text: `text ${seq}`,
    buttons: [],
    citations: [],
    attachments: [],
    edited: false,
    ...rest,
  };
}

/** A small linear congruential generator: the same seed gives the same run. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

export function shuffled<T>(items: readonly T[], next: (below: number) => number): T[] {
  const copy = [...items];
  for (let index = copy.length - 1; index > 0; index -= 1) {
    const other = next(index + 1);
    [copy[index], copy[other]] = [copy[other] as T, copy[index] as T];
  }
  return copy;
}
