import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry } from "../src/protocol";
import {
  currentStream,
  EMPTY,
  gap,
  isWithdrawn,
  lastSequence,
  reduce,
  unreadCount,
  type Conversation,
  type Happening,
} from "../src/store/conversation";
import { entry, random, shuffled } from "./making";

const play = (happenings: readonly Happening[], from: Conversation = EMPTY): Conversation =>
  happenings.reduce(reduce, from);
const arrival = (one: Entry): Happening => ({ type: "entry", entry: one });
const delta = (id: string, part: number, text: string, attempt = 1): Happening => ({
  type: "delta",
  delta: { id, attempt, part, text },
});
const sequences = (state: Conversation): number[] => state.entries.map(({ seq }) => seq);

test("entries that come out of order and twice are shown once and in order", () => {
  const state = play([3, 1, 2, 3, 1].map((seq) => arrival(entry(seq))));
  assert.deepEqual(sequences(state), [1, 2, 3]);
  assert.equal(gap(state), null);
});

test("a repeated entry changes nothing, so nothing is drawn again", () => {
  const state = play([arrival(entry(1))]);
  assert.equal(reduce(state, arrival(entry(1))), state);
});

test("a missing entry is a gap that starts after the last unbroken sequence", () => {
  const state = play([1, 2, 5].map((seq) => arrival(entry(seq))));
  assert.equal(gap(state), 2);
});

test("a replay fills the gap", () => {
  const state = play([
    ...[1, 2, 5].map((seq) => arrival(entry(seq))),
    { type: "replayed", after: 2, known: 5, entries: [entry(3), entry(4), entry(5)] },
  ]);
  assert.deepEqual(sequences(state), [1, 2, 3, 4, 5]);
  assert.equal(gap(state), null);
});

test("a replay without the missing sequence says that it is not for the customer", () => {
  const state = play([
    ...[1, 2, 5].map((seq) => arrival(entry(seq))),
    { type: "replayed", after: 2, known: 5, entries: [entry(5)] },
  ]);
  assert.equal(gap(state), null);
  assert.equal(state.settled, 5);
});

test("an empty replay settles what was here when it was asked for, and no more", () => {
  const state = play([
    arrival(entry(2)),
    arrival(entry(5)),
    { type: "replayed", after: 0, known: 2, entries: [] },
  ]);
  assert.equal(state.settled, 2);
  assert.equal(gap(state), 2);
});

test("a replay that was asked for after an unknown sequence does not hide the gap before it", () => {
  const state = play([{ type: "replayed", after: 7, known: 7, entries: [entry(8)] }]);
  assert.equal(gap(state), 0);
});

test("whatever is lost, repeated and disordered, one replay makes the log whole", () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const next = random(seed);
    const log = Array.from({ length: 1 + next(30) }, (_, index) => entry(index + 1));
    const visible = log.filter(() => next(5) > 0);
    const sent = visible.flatMap((one) => Array.from({ length: next(3) }, () => one));
    let state = play(shuffled(sent, next).map(arrival));
    for (let rounds = 0; rounds < 20; rounds += 1) {
      const after = state.settled;
      const entries = visible.filter(({ seq }) => seq > after).slice(0, 4);
      state = reduce(state, { type: "replayed", after, known: lastSequence(state), entries });
      if (entries.length === 0) break;
    }
    assert.deepEqual(sequences(state), visible.map(({ seq }) => seq), `seed ${seed}`);
    assert.equal(gap(state), null, `seed ${seed}`);
  }
});

test("an edited entry takes the place of the first version, an old one does not come back", () => {
  const edited = entry(1, { text: "better", edited: true });
  const state = play([arrival(entry(1)), arrival(edited), arrival(entry(1))]);
  assert.equal(state.entries[0]?.text, "better");
});

test("streamed parts are shown in order, whatever order they come in", () => {
  const state = play([delta("a", 2, "c"), delta("a", 0, "a"), delta("a", 1, "b"), delta("a", 1, "b")]);
  assert.equal(currentStream(state)?.text, "abc");
});

test("a missing part stops the text before it instead of leaving a hole", () => {
  const state = play([delta("a", 0, "one "), delta("a", 2, "three")]);
  assert.equal(currentStream(state)?.text, "one ");
});

test("a higher attempt discards the text of the earlier one, a lower one is ignored", () => {
  const state = play([delta("a", 0, "old"), delta("a", 0, "new", 2), delta("a", 1, "old")]);
  assert.equal(currentStream(state)?.text, "new");
});

test("the entry of the same id supersedes the stream, and late parts do not bring it back", () => {
  const state = play([delta("c:1", 0, "half"), arrival(entry(1)), delta("c:1", 1, " more")]);
  assert.equal(currentStream(state), null);
});

test("an answer to fewer words is dropped when the answer to all of them begins", () => {
  const state = play([delta("a", 0, "old"), delta("b", 0, "new"), delta("a", 1, " old")]);
  assert.deepEqual(currentStream(state), { id: "b", text: "new" });
});

test("an answer that replay brings ends the stream that the cut left behind", () => {
  const answer = entry(2, { id: "a" });
  const state = play([delta("a", 0, "half"), { type: "replayed", after: 0, known: 0, entries: [entry(1), answer] }]);
  assert.equal(currentStream(state), null);
});

test("a customer's own entry does not end the stream", () => {
  const state = play([delta("a", 0, "half"), arrival(entry(1, { role: "customer" }))]);
  assert.equal(currentStream(state)?.text, "half");
});

test("when a person takes over, the half said words of the AI go", () => {
  const state = play([
    delta("a", 0, "half"),
    { type: "head", head: { owner: "human", status: "open" } },
    delta("a", 1, " more"),
    delta("b", 0, "other"),
  ]);
  assert.equal(currentStream(state), null);
});

test("a stream that stalled may be begun again by a new attempt under the same id", () => {
  const state = play([delta("a", 0, "half"), { type: "stalled" }, delta("a", 0, "whole", 2)]);
  assert.equal(currentStream(state)?.text, "whole");
});

test("the typing sign goes with the words it announced", () => {
  const typing: Happening = { type: "typing", author: { role: "human_agent", name: "Eva" } };
  assert.equal(play([typing]).typing?.name, "Eva");
  assert.equal(play([typing, arrival(entry(1, { role: "human_agent" }))]).typing, null);
  assert.equal(play([typing, { type: "quiet" }]).typing, null);
});

test("the customer's own typing in another tab is not shown", () => {
  assert.equal(play([{ type: "typing", author: { role: "customer", name: "" } }]).typing, null);
});

test("the first conversation is adopted with what is already here, another one starts afresh", () => {
  const first = play([arrival(entry(1)), { type: "adopted", id: "x" }]);
  assert.deepEqual(sequences(first), [1]);
  const other = reduce(first, { type: "adopted", id: "y" });
  assert.deepEqual([sequences(other), other.settled, other.id], [[], 0, "y"]);
});

test("only words of others after the last one read are unread", () => {
  const state = play([
    arrival(entry(1)),
    arrival(entry(2, { role: "customer" })),
    arrival(entry(3, { kind: "control", action: "take", role: "human_agent" })),
    arrival(entry(4, { role: "human_agent" })),
  ]);
  assert.equal(unreadCount(state, 0), 2);
  assert.equal(unreadCount(state, 1), 1);
  assert.equal(unreadCount(state, 4), 0);
});

const act = (seq: number, action: "edit" | "delete", value: string, text = "", role: "human_agent" | "customer" = "human_agent"): Entry =>
  entry(seq, { role, kind: "control", action, value, text });
const texts = (state: Conversation): string[] => state.entries.filter(({ kind }) => kind === "message").map(({ text }) => text);

test("an edit by a person shows its new words in place of the old ones, and is marked", () => {
  const said = entry(2, { role: "human_agent", text: "It costs 70." });
  const state = play([entry(1), said, entry(3), act(4, "edit", said.id, "It costs 17.")].map(arrival));
  assert.deepEqual(texts(state), ["text 1", "It costs 17.", "text 3"]);
  assert.deepEqual(state.entries.map(({ edited }) => edited), [false, true, false, false]);
  const again = reduce(state, arrival(act(5, "edit", said.id, "It costs 18.")));
  assert.deepEqual(texts(again), ["text 1", "It costs 18.", "text 3"]);
});

test("what a person withdraws is an empty line that says so, whatever was edited before", () => {
  const said = entry(1, { role: "human_agent", text: "Oops.", attachments: [{ name: "a.txt" }] });
  const state = play([said, act(2, "edit", said.id, "Hm."), act(3, "delete", said.id), act(4, "edit", said.id, "Late.")].map(arrival));
  assert.deepEqual(texts(state), [""]);
  assert.ok(isWithdrawn(state.entries[0] as Entry));
  assert.ok(!isWithdrawn(entry(9, { text: "" })));
});

test("changes that come before their message, twice or with a replay end the same", () => {
  const said = entry(1, { role: "human_agent", text: "It costs 70." });
  const edit = act(2, "edit", said.id, "It costs 17.");
  const live = play([edit, said, edit].map(arrival));
  const replayed = play([{ type: "replayed", after: 0, known: 0, entries: [{ ...said, text: "It costs 17.", edited: true }, edit] }]);
  assert.deepEqual(live.entries, replayed.entries);
  assert.equal(reduce(live, arrival(edit)), live);
});

test("nobody changes the words of another side, nor those of the AI", () => {
  const state = play([
    arrival(entry(1, { role: "customer", text: "Mine." })),
    arrival(entry(2, { role: "ai", text: "The answer." })),
    arrival(act(3, "edit", "c:1", "Yours.")),
    arrival(act(4, "delete", "c:2")),
    arrival(act(5, "edit", "c:1", "Mine, mended.", "customer")),
  ]);
  assert.deepEqual(texts(state), ["Mine, mended.", "The answer."]);
});
