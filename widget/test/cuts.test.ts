/** A thousand answers, each cut at random: what is on the screen ends as what is stored. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry } from "../src/protocol";
import { currentStream, EMPTY, gap, lastSequence, reduce, type Conversation, type Happening } from "../src/store/conversation";
import { entry, random, shuffled } from "./making";

interface Sent {
  readonly happening: Happening;
  /** How much of the log is stored when this is sent. */
  readonly stored: number;
}

/** What a gateway sends for some questions and answers: entries, parts, and a retried attempt. */
function playOut(next: (below: number) => number): { log: Entry[]; sent: Sent[] } {
  const log: Entry[] = [];
  const sent: Sent[] = [];
  const send = (happening: Happening): number => sent.push({ happening, stored: log.length });
  const store = (one: Entry): void => {
    log.push(one);
    send({ type: "entry", entry: one });
  };
  for (let round = 0; round <= next(3); round += 1) {
    store(entry(log.length + 1, { role: "customer" }));
    const words = Array.from({ length: 1 + next(12) }, (_, index) => `word${index} `);
    const id = `answer:${round}`;
    const attempts = 1 + next(2);
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const reached = attempt < attempts ? next(words.length) : words.length;
      words.slice(0, reached).forEach((text, part) => send({ type: "delta", delta: { id, attempt, part, text } }));
    }
    store(entry(log.length + 1, { id, text: words.join("") }));
  }
  return { log, sent };
}

const replay = (state: Conversation, log: readonly Entry[]): Conversation => {
  const after = state.settled;
  const entries = log.filter(({ seq }) => seq > after);
  return reduce(state, { type: "replayed", after, known: lastSequence(state), entries });
};

test("after a thousand random cuts nothing is twice, nothing is missing, and no stream is left over", () => {
  for (let seed = 1; seed <= 1000; seed += 1) {
    const next = random(seed);
    const { log, sent } = playOut(next);
    const from = next(sent.length);
    const lost = 1 + next(sent.length - from);
    const back = sent[from + lost];
    let state = sent.slice(0, from).reduce((now, { happening }) => reduce(now, happening), EMPTY);
    state = replay(state, log.slice(0, back ? back.stored : log.length));
    // After the line is back, what follows may come twice and a little out of order.
    const late = sent.slice(from + lost).flatMap((one) => (next(4) === 0 ? [one, one] : [one]));
    for (let at = 0; at < late.length; at += 3) {
      for (const { happening } of shuffled(late.slice(at, at + 3), next)) state = reduce(state, happening);
    }
    if (gap(state) !== null) state = replay(state, log);
    assert.deepEqual(state.entries, log, `seed ${seed}`);
    assert.equal(currentStream(state), null, `seed ${seed}`);
  }
});
