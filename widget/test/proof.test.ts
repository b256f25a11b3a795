import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import prove from "../src/proof/page";
import { search, sha256, zeroBits } from "../src/proof/solver";

const hex = (words: Uint32Array): string => [...words].map((word) => word.toString(16).padStart(8, "0")).join("");
const digest = (text: string): string => createHash("sha256").update(text).digest("hex");
const TOKEN = `1.1790000000.9.${"n".repeat(16)}.${"a".repeat(32)}`;

test("digests are those of SHA-256, at every length around the blocks", () => {
  for (const length of [0, 1, 3, 54, 55, 56, 57, 63, 64, 65, 119, 120, 200]) {
    const text = "s".repeat(length);
    assert.equal(hex(sha256(text)), digest(text), `length ${length}`);
  }
});

test("zero bits are counted from the front", () => {
  assert.equal(zeroBits(Uint32Array.of(0x00100000, 0)), 11);
  assert.equal(zeroBits(Uint32Array.of(0, 0x80000000)), 32);
});

test("a challenge is solved with as many zero bits as it asks for, and the first counter found", () => {
  const proof = search(TOKEN, 0, 100_000) ?? "";
  assert.ok(proof.startsWith(`${TOKEN}:`));
  assert.ok(parseInt(digest(proof).slice(0, 8), 16) < 2 ** 23);
  assert.equal(search(TOKEN, 0, Number(proof.slice(TOKEN.length + 1))), null);
});

test("where there is no worker the work is done in the page", async () => {
  assert.equal(await prove({ kind: "work", token: TOKEN }), search(TOKEN, 0, 100_000));
});

test("a captcha is the page's to answer; without one, work is done", async () => {
  const page = globalThis as { SwitchboardCaptcha?: (key: string) => Promise<string> };
  page.SwitchboardCaptcha = async (key) => `answer for ${key}`;
  assert.equal(await prove({ kind: "captcha", token: TOKEN, site_key: "k" }), "captcha:answer for k");
  delete page.SwitchboardCaptcha;
  assert.equal(await prove({ kind: "captcha", token: TOKEN, site_key: "k" }), search(TOKEN, 0, 100_000));
});
