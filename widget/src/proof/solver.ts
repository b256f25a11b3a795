/**
 * Finds the counter that solves a challenge: SHA-256 of `challenge:counter` with enough zero bits.
 *
 * Above: page. Below: nothing. SHA-256 is written out, because the browser's own answers with a
 * promise for each digest, which costs far more than the digest itself.
 */
const K = new Uint32Array(64);
const START = new Uint32Array(8);

for (let prime = 2, found = 0; found < 64; prime++) {
  let composite = false;
  for (let factor = 2; factor * factor <= prime; factor++) composite ||= prime % factor === 0;
  if (composite) continue;
  if (found < 8) START[found] = Math.sqrt(prime) * 2 ** 32;
  K[found++] = Math.cbrt(prime) * 2 ** 32;
}

const W = new Uint32Array(64);
const turn = (word: number, by: number): number => (word >>> by) | (word << (32 - by));

/** One round over the 64 bytes at `at`; `state` is changed. */
function mix(state: Uint32Array, data: DataView, at: number): void {
  for (let i = 0; i < 16; i++) W[i] = data.getUint32(at + i * 4);
  for (let i = 16; i < 64; i++) {
    const x = W[i - 15]!;
    const y = W[i - 2]!;
    W[i] = W[i - 16]! + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + W[i - 7]! + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let i = 0; i < 64; i++) {
    const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i]! + W[i]!) | 0;
    const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] = state[i]! + word));
}

/** The digest of an ASCII text, as eight words. */
export function sha256(text: string): Uint32Array {
  const length = text.length;
  const data = new DataView(new ArrayBuffer(((length + 8) >> 6) * 64 + 64));
  for (let i = 0; i < length; i++) data.setUint8(i, text.charCodeAt(i));
  data.setUint8(length, 0x80);
  data.setUint32(data.byteLength - 4, length * 8);
  const state = START.slice();
  for (let at = 0; at < data.byteLength; at += 64) mix(state, data, at);
  return state;
}

/** With how many zero bits a digest begins; more than 64 do not occur. */
export const zeroBits = (digest: Uint32Array): number =>
  digest[0] ? Math.clz32(digest[0]) : 32 + Math.clz32(digest[1]!);

/** The proof among `tries` counters from `from` on; null: it is none of them. */
export function search(challenge: string, from: number, tries: number): string | null {
  const bits = Number(challenge.split(".")[2]);
  for (let counter = from; counter < from + tries; counter++) {
    const proof = `${challenge}:${counter}`;
    if (zeroBits(sha256(proof)) >= bits) return proof;
  }
  return null;
}
