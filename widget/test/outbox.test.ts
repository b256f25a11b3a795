import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ack } from "../src/protocol";
import { Courier } from "../src/store/courier";
import { addDraft, markFailed, markSending, markSent, reconcile, type Draft, type Outbox } from "../src/store/outbox";
import { MemoryShelf, Vault } from "../src/store/vault";
import { entry } from "./making";

const say = (text: string): { kind: "message"; text: string } => ({ kind: "message", text });
const ok = (seq: number): Ack => ({ ok: true, seq, id: `c:${seq}`, conversation: "x" });

/** A courier whose server and clock are in the test's hands. */
class Bench {
  outbox: Outbox = [];
  readonly delivered: string[] = [];
  readonly waits: { milliseconds: number; run: () => void }[] = [];
  readonly #answers: ((ack: Ack | null) => void)[] = [];
  readonly courier = new Courier({
    read: () => this.outbox,
    write: (outbox) => (this.outbox = outbox),
    deliver: ({ clientId }: Draft) => {
      this.delivered.push(clientId);
      return new Promise((resolve) => this.#answers.push(resolve));
    },
    onSent: () => undefined,
    timer: {
      after: (milliseconds, run) => {
        const wait = { milliseconds, run };
        this.waits.push(wait);
        return () => this.waits.splice(this.waits.indexOf(wait), 1);
      },
    },
  });

  write(...clientIds: string[]): void {
    for (const clientId of clientIds) this.outbox = addDraft(this.outbox, clientId, say(clientId), 0);
    this.courier.wake();
  }

  async answer(ack: Ack | null): Promise<void> {
    this.#answers.shift()?.(ack);
    await new Promise(setImmediate);
  }

  pass(): number {
    const wait = this.waits.shift();
    wait?.run();
    return wait?.milliseconds ?? 0;
  }

  get statuses(): string[] {
    return this.outbox.map(({ status }) => status);
  }
}

test("drafts are sent one after the other, in the order they were written", async () => {
  const bench = new Bench();
  bench.courier.start();
  bench.write("a", "b", "c");
  assert.deepEqual(bench.delivered, ["a"]);
  await bench.answer(ok(1));
  await bench.answer(ok(2));
  await bench.answer(ok(3));
  assert.deepEqual(bench.delivered, ["a", "b", "c"]);
  assert.deepEqual(bench.statuses, ["sent", "sent", "sent"]);
});

test("nothing is sent before the line is up", () => {
  const bench = new Bench();
  bench.write("a");
  assert.deepEqual(bench.delivered, []);
  bench.courier.start();
  assert.deepEqual(bench.delivered, ["a"]);
});

test("without an answer the same draft goes again under the same id, after longer and longer waits", async () => {
  const bench = new Bench();
  bench.courier.start();
  bench.write("a", "b");
  const waits: number[] = [];
  for (let round = 0; round < 7; round += 1) {
    await bench.answer(null);
    waits.push(bench.pass());
  }
  assert.deepEqual(new Set(bench.delivered), new Set(["a"]));
  assert.equal(bench.delivered.length, 8);
  assert.ok(waits.every((wait, index) => index === 0 || wait >= (waits[index - 1] ?? 0)));
  assert.ok(Math.max(...waits) <= 15_000);
  await bench.answer(ok(1));
  assert.equal(bench.delivered.at(-1), "b");
});

test("a cut line stops the waiting, and the next one begins at once with the same draft", async () => {
  const bench = new Bench();
  bench.courier.start();
  bench.write("a");
  bench.courier.stop();
  await bench.answer(null);
  assert.equal(bench.waits.length, 0);
  bench.courier.start();
  assert.deepEqual(bench.delivered, ["a", "a"]);
});

test("a draft that is under way when the line comes back is not sent beside itself", async () => {
  const bench = new Bench();
  bench.courier.start();
  bench.write("a");
  bench.courier.stop();
  bench.courier.start();
  assert.deepEqual(bench.delivered, ["a"]);
  await bench.answer(null);
  bench.pass();
  assert.deepEqual(bench.delivered, ["a", "a"]);
});

test("a refusal that repeating cannot mend is shown, and the next draft goes on", async () => {
  const bench = new Bench();
  bench.courier.start();
  bench.write("a", "b");
  await bench.answer({ ok: false, code: "too_large", message: "Too long" });
  assert.deepEqual(bench.statuses, ["failed", "sending"]);
  assert.deepEqual(bench.outbox[0]?.error, { code: "too_large", message: "Too long" });
});

test("a passing refusal waits as long as the server says, and gives up after a few times", async () => {
  const bench = new Bench();
  bench.courier.start();
  bench.write("a");
  for (let round = 0; round < 5; round += 1) {
    await bench.answer({ ok: false, code: "rate_exceeded", message: "Slow down", retryAfter: 3 });
    assert.equal(bench.pass(), 3000);
  }
  await bench.answer({ ok: false, code: "rate_exceeded", message: "Slow down" });
  assert.deepEqual(bench.statuses, ["failed"]);
});

test("a draft leaves when its entry comes, by client id or by the acknowledged sequence", () => {
  let outbox = ["a", "b", "c"].reduce<Outbox>((all, id) => addDraft(all, id, say(id), 0), []);
  outbox = markSent(outbox, "b", 7);
  const echoes = [entry(6, { role: "customer", clientId: "a" }), entry(7, { role: "customer" })];
  assert.deepEqual(reconcile(outbox, echoes).map(({ clientId }) => clientId), ["c"]);
});

test("an entry of somebody else never takes a draft away", () => {
  const outbox = markSent(addDraft([], "a", say("a"), 0), "a", 7);
  assert.equal(reconcile(outbox, [entry(7, { clientId: "a" })]), outbox);
});

test("a pressed button leaves with the entry that answers the same question", () => {
  const outbox = addDraft([], "a", { kind: "action", text: "Yes", seq: 4, value: "yes" }, 0);
  const press = entry(5, { role: "customer", kind: "control", action: "button", inReplyTo: 4, value: "yes" });
  assert.deepEqual(reconcile(outbox, [press]), []);
  assert.equal(reconcile(outbox, [{ ...press, value: "no" }]), outbox);
});

test("unsent drafts survive a reload in order, two tabs do not overwrite each other", () => {
  const shelf = new MemoryShelf();
  const [one, other] = [new Vault("site", shelf), new Vault("site", shelf)];
  for (const draft of markSending(addDraft([], "b", say("second"), 2), "b")) one.saveDraft(draft);
  for (const draft of markFailed(addDraft([], "a", say("first"), 1), "a", "too_large", "No")) other.saveDraft(draft);
  new Vault("elsewhere", shelf).saveDraft({ clientId: "z", post: say("z"), at: 0, status: "waiting" });
  const loaded = new Vault("site", shelf).loadDrafts();
  assert.deepEqual(loaded.map(({ clientId, status }) => [clientId, status]), [["a", "failed"], ["b", "waiting"]]);
  one.dropDraft("b");
  assert.equal(new Vault("site", shelf).loadDrafts().length, 1);
});

test("garbage in the storage is not a draft", () => {
  const shelf = new MemoryShelf();
  shelf.setItem("switchboard:site:out:x", "{broken");
  shelf.setItem("switchboard:site:out:y", '{"clientId":"y","at":1,"post":{"kind":"other","text":"t"}}');
  assert.deepEqual(new Vault("site", shelf).loadDrafts(), []);
});

test("a storage that refuses to write costs no message", () => {
  const shelf = new MemoryShelf();
  shelf.setItem = () => {
    throw new Error("full");
  };
  const vault = new Vault("site", shelf);
  vault.saveDraft({ clientId: "a", post: say("a"), at: 0, status: "waiting" });
  vault.set("visitor", "token");
  assert.equal(vault.get("visitor"), null);
});
