/** What the desk calls a customer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { callOf } from "../console/src/view/naming";

test("a number of a platform is shown only for who has no name", () => {
  assert.equal(callOf("telegram:123", "Anna"), "Anna");
  assert.equal(callOf("ct_7Qm0", "Anna"), "Anna");
  assert.equal(callOf("telegram:123", ""), "telegram:123");
  assert.equal(callOf("anna@example.org", "Anna"), "anna@example.org");
  assert.equal(callOf(null, "Anna"), "Anna");
  assert.equal(callOf(null, undefined), null);
});
