// Builds dist/widget.js (one script, everything inside) and dist/BUILD.json, which says from which
// sources it was built, so that a test can tell a stale build without Node.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const root = fileURLToPath(new URL(".", import.meta.url));
const LIMIT_GZIP = 30_720;

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
  "engine.io-client/build/esm/contrib/parseuri.js":
    "export function parse(address) { const { protocol, hostname, port } = new URL(address);" +
    'return { protocol: protocol.slice(0, -1), host: hostname.replace(/[[\\]]/g, ""), port }; }',
  "engine.io-client/build/esm/contrib/parseqs.js":
    "export const encode = (query) => String(new URLSearchParams(query));" +
    "export const decode = (text) => Object.fromEntries(new URLSearchParams(text));",
  "engine.io-parser/build/esm/encodePacket.browser.js":
    'import { PACKET_TYPES } from "./commons.js"; export const encodePacketToBinary = null;' +
    'export const encodePacket = ({ type, data }, _, give) => give(PACKET_TYPES[type] + (data || ""));',
  "engine.io-parser/build/esm/contrib/base64-arraybuffer.js":
    "export const decode = () => new ArrayBuffer(0);",
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
    build.onLoad({ filter: /(engine|socket)\.io-(client|parser)[/\\]build[/\\]esm[/\\].*\.js$/ }, ({ path }) => {
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

function filesBelow(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((item) => item.isFile())
    .map((item) => relative(root, join(item.parentPath ?? item.path, item.name)).split(sep).join("/"))
    .sort();
}

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const read = (path) => readFileSync(join(root, path));

function manifest() {
  const sources = [...filesBelow("src"), "build.mjs", "package-lock.json", "package.json", "tsconfig.json"];
  const built = read("dist/widget.js");
  const sizes = { bytes: built.length, gzip: gzipSync(built, { level: 9 }).length };
  const files = Object.fromEntries(sources.map((path) => [path, sha256(read(path))]));
  return { output: { "widget.js": sha256(built) }, sizes, sources: files };
}

mkdirSync(join(root, "dist"), { recursive: true });
if (process.argv.includes("--watch")) {
  const context = await esbuild.context(options);
  await context.watch();
} else {
  await esbuild.build(options);
  const build = manifest();
  // The exact gzip size depends on the zlib at hand, so the manifest keeps it out.
  const { gzip } = build.sizes;
  build.sizes = { bytes: build.sizes.bytes };
  writeFileSync(join(root, "dist/BUILD.json"), `${JSON.stringify(build, null, 2)}\n`);
  console.log(`widget.js ${(build.sizes.bytes / 1024).toFixed(1)} kB, ${(gzip / 1024).toFixed(1)} kB gzipped`);
  if (gzip > LIMIT_GZIP) {
    console.error(`over the limit of ${LIMIT_GZIP / 1024} kB`);
    process.exitCode = 1;
  }
}
