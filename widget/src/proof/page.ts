/**
 * What a newcomer shows while the gateway is flooded: work done aside, or the answer to a captcha.
 *
 * Built into dist/proof.js, which the widget loads only when it is asked for a proof. Above:
 * connection. Below: solver. The same file is page and worker: in a worker it solves what it is
 * sent. Where the page allows no worker, the work is done in short pieces between other things.
 */
import { search } from "./solver";

export interface Challenge {
  readonly kind: string;
  readonly token: string;
  readonly site_key?: string;
}

type Captcha = (siteKey: string) => Promise<string>;

const PIECE = 2_000;

/** In pieces, so that whoever shares the thread gets a turn. */
async function solveHere(token: string): Promise<string> {
  for (let from = 0; ; from += PIECE) {
    const proof = search(token, from, PIECE);
    if (proof !== null) return proof;
    await new Promise((go) => setTimeout(go));
  }
}

function solveAside(token: string): Promise<string> {
  return new Promise((resolve, reject) => {
    // The page may come from elsewhere: a worker must not, but what it imports may.
    const source = new Blob([`import ${JSON.stringify(import.meta.url)}`], { type: "text/javascript" });
    const url = URL.createObjectURL(source);
    const worker = new Worker(url, { type: "module" });
    const end = (): void => {
      worker.terminate();
      URL.revokeObjectURL(url);
    };
    worker.onmessage = ({ data }: MessageEvent<string>) => {
      end();
      resolve(data);
    };
    worker.onerror = () => {
      end();
      reject(new Error("no worker"));
    };
    worker.postMessage(token);
  });
}

/** The proof that the gateway asks for. A page that has a captcha offers `SwitchboardCaptcha`. */
export default async function prove({ kind, token, site_key }: Challenge): Promise<string> {
  const captcha = (globalThis as { SwitchboardCaptcha?: Captcha }).SwitchboardCaptcha;
  if (kind === "captcha" && captcha) return `captcha:${await captcha(site_key ?? "")}`;
  try {
    return await solveAside(token);
  } catch {
    return solveHere(token);
  }
}

declare const WorkerGlobalScope: unknown;
if (typeof WorkerGlobalScope !== "undefined") {
  addEventListener("message", ({ data }: MessageEvent<string>) => {
    void solveHere(data).then((proof) => (postMessage as (text: string) => void)(proof));
  });
}
