import assert from "node:assert/strict";
import { test } from "node:test";
import { pickLanguage, wordsOf } from "../src/i18n";
import { readAck, readDelta, readEntry, readHead, readReady, readReplay } from "../src/protocol";
import { accentVariables, contrast, parseHex } from "../src/view/accent";
import { findLinks, safeUrl } from "../src/view/text";

const wire = {
  seq: 4,
  id: "cv:3:0",
  at: "2026-01-31T09:30:00.000Z",
  kind: "message",
  author: { role: "ai", name: "Ada", specialist: "general" },
  text: "Hello",
  parts: [{ type: "buttons", buttons: [{ label: "Yes", value: "y" }, { label: "" }] }, { type: "later" }],
  citations: [{ document: "d", title: "T", url: "https://x.example", span: "s", score: 1 }, 7],
};

test("an entry of the wire is read with its buttons and citations", () => {
  const read = readEntry(wire);
  assert.deepEqual(read?.buttons, [{ label: "Yes", value: "y" }]);
  assert.deepEqual(read?.citations, [{ document: "d", title: "T", url: "https://x.example", span: "s" }]);
  assert.equal(read?.author.specialist, "general");
});

test("notes, drafts and garbage are no entries", () => {
  const broken = [null, 3, "x", [], {}, { ...wire, kind: "note" }, { ...wire, kind: "draft" }, { ...wire, seq: 0 }];
  const worse = [{ ...wire, seq: 1.5 }, { ...wire, seq: "4" }, { ...wire, id: "" }, { ...wire, author: { role: "boss" } }];
  for (const value of [...broken, ...worse]) assert.equal(readEntry(value), null);
});

test("an empty or shapeless acknowledgement is none", () => {
  for (const value of [undefined, null, "", 0, [], {}, { seq: 0 }, { id: "x" }]) assert.equal(readAck(value), null);
  assert.deepEqual(readAck({ seq: 3, id: "i", conversation: "c" }), { ok: true, seq: 3, id: "i", conversation: "c" });
});

test("a typed error is a refusal with its code and words", () => {
  assert.deepEqual(readAck({ error: { code: "too_large", message: "Too long" } }), {
    ok: false,
    code: "too_large",
    message: "Too long",
  });
});

test("the other payloads are checked too", () => {
  assert.equal(readDelta({ id: "a", attempt: 1, part: -1, text: "" }), null);
  assert.deepEqual(readDelta({ id: "a", attempt: 1, part: 0, text: "t" }), { id: "a", attempt: 1, part: 0, text: "t" });
  assert.equal(readHead({ owner: "cat" }), null);
  assert.equal(readReplay({ error: {} }), null);
  assert.deepEqual(readReady({ visitor: "v", conversation: null, state: null, last: 0 }), {
    visitor: "v",
    conversation: null,
    head: null,
    last: 0,
  });
});

test("only http and https addresses without a user name may be opened", () => {
  for (const bad of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "https://bank.example@evil.example", "//x", ""])
    assert.equal(safeUrl(bad), null, bad);
  assert.equal(safeUrl("https://x.example/a")?.host, "x.example");
});

test("links end where the sentence does, and no character is lost", () => {
  const cases: Record<string, string[]> = {
    "See https://x.example/a.": ["https://x.example/a"],
    "(https://x.example/a_(b)) and https://y.example!": ["https://x.example/a_(b)", "https://y.example"],
    "HTTPS://X.EXAMPLE/Ž?q=1&r=2, ok": ["HTTPS://X.EXAMPLE/Ž?q=1&r=2"],
    "no link: javascript:alert(1) http:// https://a@b.example x": [],
    '<img src="https://x.example/i.png">': ["https://x.example/i.png"],
  };
  for (const [line, expected] of Object.entries(cases)) {
    const pieces = findLinks(line);
    assert.deepEqual(pieces.flatMap((piece) => (typeof piece === "string" ? [] : [piece.label])), expected);
    assert.equal(pieces.map((piece) => (typeof piece === "string" ? piece : piece.label)).join(""), line);
  }
});

test("any accent becomes a set that reads, on light and on dark", () => {
  const rgb = (css: string | undefined): [number, number, number] =>
    (css ?? "").match(/\d+/gu)?.map(Number) as [number, number, number];
  for (const accent of ["#ffee00", "#000", "#fff", "#2f5f49", "#ff0000", "#777777", "#3d4ed1", undefined, "red;"]) {
    const made = accentVariables(accent);
    assert.ok(contrast(rgb(made["--accent"]), rgb(made["--on-accent"])) >= 4.5, `fill of ${accent}`);
    assert.ok(contrast(rgb(made["--accent-ink-light"]), [255, 255, 255]) >= 4.5, `light ink of ${accent}`);
    assert.ok(contrast(rgb(made["--accent-ink-dark"]), [24, 25, 29]) >= 4.5, `dark ink of ${accent}`);
  }
  assert.deepEqual(parseHex("#1af"), [17, 170, 255]);
  assert.equal(parseHex("url(x)"), null);
});

test("the first wish that we speak wins, and regions do not matter", () => {
  assert.equal(pickLanguage(["cs-CZ"]), "cs");
  assert.equal(pickLanguage([undefined, "fr", "de_AT", "en"]), "de");
  assert.equal(pickLanguage(["constructor", "pl"]), "en");
});

test("every language has words for everything, and none is left in English by mistake", () => {
  const english = wordsOf("en");
  for (const language of ["cs", "ru", "de", "es"] as const) {
    const words = wordsOf(language);
    for (const [key, value] of Object.entries(words)) {
      const same = typeof value === "string" && value === english[key as keyof typeof english];
      assert.ok(!same || ["title", "ai"].includes(key), `${language}.${key}`);
      if (typeof value === "string") assert.ok(value.trim(), `${language}.${key}`);
    }
    assert.deepEqual(Object.keys(words).sort(), Object.keys(english).sort());
  }
  assert.equal(wordsOf("ru").sources(2), "2 источника");
  assert.equal(wordsOf("cs").sources(5), "5 zdrojů");
});
