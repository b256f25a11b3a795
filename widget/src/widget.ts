/**
 * One widget on one page: the verbs of the JavaScript API and the events a page may listen to.
 *
 * Above: main. Below: client, view.
 */
import { Client } from "./client";
import { pickLanguage } from "./i18n";
import { readTheme, type Options } from "./options";
import type { Entry } from "./protocol";
import { Vault } from "./store/vault";
import { Frame } from "./view/frame";

type Handler = (detail: unknown) => void;
const EVENTS = ["open", "close", "message", "unread"] as const;
type EventName = (typeof EVENTS)[number];

/** Below this width the open panel covers the page. */
const PHONE = "(max-width: 480px)";

export class Widget {
  readonly #client: Client;
  readonly #frame: Frame;
  readonly #handlers = new Map<EventName, Set<Handler>>();
  readonly #abort = new AbortController();
  readonly #closedKey: string;
  #scheduled = false;
  #unread = 0;

  constructor(
    options: Options,
    private readonly onDestroyed: () => void,
  ) {
    this.#closedKey = `switchboard:${options.site}:panel`;
    const watcher = {
      changed: () => this.#schedule(),
      heard: (entry: Entry) => this.#emit("message", publicEntry(entry)),
    };
    const vault = new Vault(options.site);
    this.#client = new Client(options.site, options.origin, vault, watcher, options.link);
    this.#frame = new Frame(this.#client, options, {
      opened: () => this.#panelMoved("open"),
      closed: () => this.#panelMoved("close"),
    });
    const { signal } = this.#abort;
    addEventListener("storage", (event) => this.#client.onOtherTab(event.key), { signal });
    const left = this.#remembered();
    const wanted = left ?? (options.open ? "open" : "close");
    if (wanted === "open" && !matchMedia(PHONE).matches) this.#frame.open(false);
    else if (this.#client.hasPast) this.#client.connect();
  }

  /** `Switchboard(name, …rest)`; an unknown name is a warning, since a page must not break on it. */
  call(name: unknown, rest: readonly unknown[]): unknown {
    switch (name) {
      case "open":
        return this.#frame.open();
      case "close":
        return this.#frame.close();
      case "send":
        return this.#send(rest[0]);
      case "identify":
        return this.#client.identify(typeof rest[0] === "string" ? rest[0] : undefined);
      case "on":
        return this.#on(rest[0], rest[1]);
      case "setLanguage":
        return this.#frame.setLanguage(pickLanguage([String(rest[0])]));
      case "setTheme":
        return this.#frame.setTheme(readTheme(rest[0]));
      case "destroy":
        return this.#destroy();
      default:
        console.warn(`Switchboard: no call ${String(name)}`);
        return undefined;
    }
  }

  #send(text: unknown): void {
    this.#frame.open();
    if (typeof text === "string" && text.trim()) this.#client.say(text.trim());
  }

  #on(name: unknown, handler: unknown): (() => void) | undefined {
    const known = EVENTS.find((event) => event === name);
    if (!known || typeof handler !== "function") {
      console.warn(`Switchboard: no event ${String(name)}, or no function`);
      return undefined;
    }
    const handlers = this.#handlers.get(known) ?? new Set();
    this.#handlers.set(known, handlers.add(handler as Handler));
    return () => handlers.delete(handler as Handler);
  }

  #emit(name: EventName, detail: unknown): void {
    for (const handler of this.#handlers.get(name) ?? []) {
      try {
        handler(detail);
      } catch (error) {
        console.error("Switchboard: a listener failed", error);
      }
    }
  }

  #panelMoved(to: "open" | "close"): void {
    try {
      sessionStorage.setItem(this.#closedKey, to);
    } catch {
      // Without session storage the panel forgets on reload whether it was open.
    }
    this.#emit(to, undefined);
  }

  #remembered(): string | null {
    try {
      return sessionStorage.getItem(this.#closedKey);
    } catch {
      return null;
    }
  }

  /** Many changes, one drawing. A hidden tab gets no animation frames, but its badge must count. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const draw = (): void => {
      this.#scheduled = false;
      if (this.#abort.signal.aborted) return;
      this.#frame.render();
      const { unread } = this.#client.snapshot;
      if (unread !== this.#unread) this.#emit("unread", (this.#unread = unread));
    };
    if (document.hidden) setTimeout(draw, 100);
    else requestAnimationFrame(draw);
  }

  #destroy(): void {
    this.#abort.abort();
    this.#client.destroy();
    this.#frame.destroy();
    this.onDestroyed();
  }
}

function publicEntry({ seq, id, at, author, text }: Entry): object {
  return { seq, id, at, author, text };
}
