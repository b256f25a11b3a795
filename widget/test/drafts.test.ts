/** Which drafts a person of the desk may still send, told by the order of the log. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry } from "../console/src/types";
import { draftStates, translations } from "../console/src/view/drafts";

let seq = 0;
const make = (fields: Partial<Entry> & { role?: Entry["author"]["role"] }): Entry => {
  const { role = "customer", ...rest } = fields;
  seq += 1;
  return { seq, id: `e${seq}`, at: "2026-01-01T00:00:00Z", kind: "message", author: { role }, text: "words", ...rest };
};
const draft = (id: string): Entry => make({ id, kind: "draft", role: "ai" });
const act = (action: string, value?: string, role: Entry["author"]["role"] = "human_agent"): Entry =>
  make({ kind: "control", role, action, ...(value ? { value } : {}) });
const states = (...log: Entry[]): string[] => [...draftStates(log).values()];

test("a draft counts until somebody says something, and then no more", () => {
  assert.deepEqual(states(make({}), draft("d1")), ["now"]);
  assert.deepEqual(states(draft("d1"), make({})), ["obsolete"]);
  assert.deepEqual(states(draft("d1"), make({ role: "human_agent" })), ["obsolete"]);
  assert.deepEqual(states(draft("d1"), draft("d2")), ["obsolete", "now"]);
  assert.deepEqual(states(draft("d1"), make({ kind: "note", role: "human_agent" })), ["now"]);
});

test("a draft that was sent is sent, also one that a newer one had replaced", () => {
  const sent = (id: string): Entry => make({ id: `desk:cv:draft:${id}`, role: "human_agent" });
  assert.deepEqual(states(draft("d1"), sent("d1"), make({})), ["sent"]);
  assert.deepEqual(states(draft("d1"), draft("d2"), sent("d1")), ["sent", "obsolete"]);
});

test("a draft ends with a discard, a return, an end, and words that read otherwise now", () => {
  assert.deepEqual(states(draft("d1"), act("discard", "d1")), ["discarded"]);
  assert.deepEqual(states(draft("d1"), act("discard", "other")), ["now"]);
  assert.deepEqual(states(draft("d1"), act("release")), ["obsolete"]);
  assert.deepEqual(states(draft("d1"), act("close")), ["obsolete"]);
  assert.deepEqual(states(draft("d1"), act("edit", "e1", "customer")), ["obsolete"]);
  assert.deepEqual(states(draft("d1"), act("edit", "e1")), ["now"]);
});

test("a translation belongs to the message it translates", () => {
  const note = make({ kind: "note", role: "ai", reason: "translation", in_reply_to: 7 });
  assert.equal(translations([make({ kind: "note" }), note]).get(7), note);
});
