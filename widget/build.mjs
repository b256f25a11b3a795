// Builds dist/widget.js (one script, everything inside) and dist/BUILD.json, which says from which
// sources it was built, so that a test can tell a stale build without Node. dist/proof.js (with
// dist/PROOF.json) is what the widget loads during floods. The console beside it:
// console/console.js and console.css, with dist/CONSOLE.json.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const root = fileURLToPath(new URL(".", import.meta.url));
const LIMIT_GZIP = 32_768;
const PROOF_LIMIT_GZIP = 4_096;
const CONSOLE_LIMIT_GZIP = 76_800;

/** CSS arrives in the bundle as a minified string: it becomes a constructed style sheet. */
const cssAsText = {
  name: "css-as-text",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await esbuild.transform(readFileSync(path, "utf8"), {
        loader: "css",
        minify: true,
        target: ["chrome111", "firefox113", "safari16.4"],
      });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

/**
 * The widget speaks WebSocket and text only. What it cannot use of the Socket.IO client stays out
 * of the bundle: the other transports, binary payloads, parsers of addresses older than `URL`.
 */
const LEAN = {
  "engine.io-client/build/esm/transports/index.js":
    'import { WS } from "./websocket.js"; export const transports = { websocket: WS };',
  "engine.io-client/build/esm/index.js":
    'export { Socket } from "./socket.js"; export { installTimerFunctions } from "./util.js";' +
    'export { nextTick } from "./globals.node.js";',
  "engine.io-client/build/esm/util.js":
    "export const pick = (from, ...names) => Object.fromEntries(names.flatMap((name) => name in from ? [[name, from[name]]] : []));" +
    "export const installTimerFunctions = (to) => { to.setTimeoutFn = setTimeout.bind(globalThis);" +
    "to.clearTimeoutFn = clearTimeout.bind(globalThis); };" +
    "export const byteLength = () => 0;" +
    "export const randomString = () => Date.now().toString(36) + Math.random().toString(36).slice(2, 7);",
  "engine.io-client/build/esm/contrib/parseuri.js":
    "export function parse(address) { const { protocol, hostname, port } = new URL(address);" +
    'return { protocol: protocol.slice(0, -1), host: hostname.replace(/[[\\]]/g, ""), port }; }',
  "engine.io-client/build/esm/contrib/parseqs.js":
    "export const encode = (query) => String(new URLSearchParams(query));" +
    "export const decode = (text) => Object.fromEntries(new URLSearchParams(text));",
  "engine.io-parser/build/esm/encodePacket.browser.js":
    'import { PACKET_TYPES } from "./commons.js"; export const encodePacketToBinary = null;' +
    'export const encodePacket = ({ type, data }, _, give) => give(PACKET_TYPES[type] + (data || ""));',
  "engine.io-parser/build/esm/decodePacket.browser.js":
    'import { ERROR_PACKET, PACKET_TYPES_REVERSE } from "./commons.js";' +
    "export const decodePacket = (text) => { const type = PACKET_TYPES_REVERSE[text[0]];" +
    "return type ? { type, data: text.slice(1) || undefined } : ERROR_PACKET; };",
  "@socket.io/component-emitter/lib/esm/index.js":
    "export class Emitter {" +
    "listeners(event) { return ((this._callbacks ??= {})[event] ??= []); }" +
    "on(event, fn) { this.listeners(event).push(fn); return this; }" +
    "once(event, fn) { const one = (...args) => { this.off(event, one); fn.apply(this, args); };" +
    "one.fn = fn; return this.on(event, one); }" +
    "off(event, fn) { if (!event) this._callbacks = {}; else this._callbacks = { ...this._callbacks," +
    "[event]: fn ? this.listeners(event).filter((each) => each !== fn && each.fn !== fn) : [] }; return this; }" +
    "emit(event, ...args) { for (const each of [...this.listeners(event)]) each.apply(this, args); return this; }" +
    "emitReserved(...args) { return Emitter.prototype.emit.apply(this, args); }" +
    "removeAllListeners(...args) { return this.off(...args); }" +
    "removeListener(...args) { return this.off(...args); }" +
    "hasListeners(event) { return this.listeners(event).length > 0; } }",
  "socket.io-client/build/esm/contrib/backo2.js":
    "export class Backoff { constructor({ min, max, jitter }) { Object.assign(this, { min, max, jitter, attempts: 0 }); }" +
    "duration() { const ms = this.min * 2 ** this.attempts++;" +
    "return Math.min(ms + ms * this.jitter * (2 * Math.random() - 1), this.max) | 0; }" +
    "reset() { this.attempts = 0; } }",
  "socket.io-client/build/esm/index.js": 'export { Manager } from "./manager.js";',
  "socket.io-parser/build/esm/is-binary.js":
    "export const isBinary = () => false; export const hasBinary = () => false;",
  "socket.io-parser/build/esm/binary.js":
    "export const deconstructPacket = null; export const reconstructPacket = (packet) => packet;",
};

const leanSocketIo = {
  name: "lean-socket-io",
  setup(build) {
    const unused = new Set(Object.keys(LEAN));
    build.onLoad({ filter: /((engine|socket)\.io-(client|parser)[/\\]build|component-emitter[/\\]lib)[/\\]esm[/\\].*\.js$/ }, ({ path }) => {
      const name = path.split(sep).join("/").split("/node_modules/").at(-1);
      unused.delete(name);
      return name in LEAN ? { contents: LEAN[name], loader: "js" } : undefined;
    });
    // A new version that moves its files must not bring back silently what was left out.
    build.onEnd(() => ({ errors: [...unused].map((name) => ({ text: `no longer part of Socket.IO: ${name}` })) }));
  },
};

const options = {
  absWorkingDir: root,
  entryPoints: ["src/main.ts"],
  outfile: "dist/widget.js",
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  banner: { js: "/*! Switchboard | Apache-2.0 | with socket.io-client, MIT */" },
  define: { "process.env.NODE_ENV": '"production"' },
  plugins: [cssAsText, leanSocketIo],
  logLevel: "warning",
};

const proofOptions = {
  ...options,
  entryPoints: { proof: "src/proof/page.ts" },
  outfile: undefined,
  outdir: "dist",
  format: "esm",
  banner: { js: "/*! Switchboard | Apache-2.0 */" },
  plugins: [],
};

const consoleOptions = {
  ...options,
  entryPoints: { console: "console/src/main.tsx" },
  outfile: undefined,
  outdir: "console",
  jsx: "automatic",
  jsxImportSource: "preact",
  banner: { js: "/*! Switchboard | Apache-2.0 | with preact and socket.io-client, MIT */" },
  plugins: [leanSocketIo],
};
const consoleStyles = {
  absWorkingDir: root,
  entryPoints: ["console/src/styles/console.css"],
  outfile: "console/console.css",
  bundle: true,
  minify: true,
  target: ["chrome111", "firefox113", "safari16.4"],
  logLevel: "warning",
};

function filesBelow(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((item) => item.isFile())
    .map((item) => relative(root, join(item.parentPath ?? item.path, item.name)).split(sep).join("/"))
    .sort();
}

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const read = (path) => readFileSync(join(root, path));

function manifest(outputs, sourceFolders, borrowed) {
  const shared = ["build.mjs", "package-lock.json", "package.json", "tsconfig.json"];
  const sources = [...sourceFolders.flatMap(filesBelow), ...borrowed, ...shared];
  const bytes = outputs.reduce((sum, path) => sum + read(path).length, 0);
  const files = Object.fromEntries(sources.map((path) => [path, sha256(read(path))]));
  const output = Object.fromEntries(outputs.map((path) => [path.split("/").at(-1), sha256(read(path))]));
  return { output, sizes: { bytes }, sources: files };
}

/** Writes the manifest and holds the outputs to their limit. The exact gzip size depends on the zlib
 * at hand, so the manifest keeps it out. */
function settle(name, outputs, sourceFolders, limit, borrowed = []) {
  const build = manifest(outputs, sourceFolders, borrowed);
  writeFileSync(join(root, name), `${JSON.stringify(build, null, 2)}\n`);
  const gzip = outputs.reduce((sum, path) => sum + gzipSync(read(path), { level: 9 }).length, 0);
  const kB = (bytes) => `${(bytes / 1024).toFixed(1)} kB`;
  console.log(`${outputs.join(" + ")} ${kB(build.sizes.bytes)}, ${kB(gzip)} gzipped`);
  if (gzip > limit) {
    console.error(`over the limit of ${kB(limit)}`);
    process.exitCode = 1;
  }
}

mkdirSync(join(root, "dist"), { recursive: true });
if (process.argv.includes("--watch")) {
  for (const each of [options, proofOptions, consoleOptions, consoleStyles]) await (await esbuild.context(each)).watch();
} else {
  for (const each of [options, proofOptions, consoleOptions, consoleStyles]) await esbuild.build(each);
  settle("dist/BUILD.json", ["dist/widget.js"], ["src"], LIMIT_GZIP);
  settle("dist/PROOF.json", ["dist/proof.js"], ["src/proof"], PROOF_LIMIT_GZIP);
  // The console borrows two modules of the widget.
  const built = ["console/console.js", "console/console.css"];
  settle("dist/CONSOLE.json", built, ["console/src"], CONSOLE_LIMIT_GZIP, ["src/view/dom.ts", "src/view/text.ts"]);
}
