/**
 * The line to the gateway: Socket.IO over a WebSocket, and nothing else that knows Socket.IO.
 *
 * Above: client. Below: protocol. Connects, reconnects, and turns events into typed calls. An
 * answer that does not come within the deadline is an answer of null.
 */
import { Manager, type Socket } from "socket.io-client";
import {
  readAck,
  readAuthor,
  readDelta,
  readEntry,
  readHead,
  readReady,
  readReplay,
  readTicket,
  type Ack,
  type Author,
  type Delta,
  type Entry,
  type Head,
  type Ready,
  type Replay,
  type Ticket,
} from "./protocol";

export interface Credentials {
  readonly site: string;
  readonly visitor?: string;
  readonly conversation?: string;
  readonly identity?: string;
  readonly link?: string;
}

export interface Listener {
  onReady(ready: Ready): void;
  /** The line is gone; it is being mended unless the server has refused, with this code. */
  onDown(refused: string | null): void;
  onEntry(entry: Entry): void;
  onDelta(delta: Delta): void;
  onTyping(author: Author): void;
  onHead(head: Head): void;
}

type Asked = { error?: { challenge?: unknown } } | null;

const ANSWER_WITHIN = 10_000;
const READY_WITHIN = 12_000;
const AFTER_REFUSAL = 30_000;

export class Connection {
  readonly #socket: Socket;
  #readyTimer: ReturnType<typeof setTimeout> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #onOnline = (): void => this.nudge();

  constructor(
    private readonly origin: string,
    credentials: () => Credentials,
    private readonly listener: Listener,
  ) {
    const line = new Manager(origin, {
      path: "/socket.io",
      transports: ["websocket"],
      autoConnect: false,
      reconnectionDelay: 400,
      reconnectionDelayMax: 8_000,
      timeout: 10_000,
    });
    this.#socket = line.socket("/widget", { auth: (give) => give({ ...credentials() }) });
    this.#listen();
    addEventListener("online", this.#onOnline);
  }

  open(): void {
    this.#socket.connect();
  }

  /** Connects again at once, with fresh credentials. */
  reopen(): void {
    clearTimeout(this.#retryTimer);
    this.#socket.disconnect().connect();
  }

  /** The network says that it is back: do not wait out the pause. */
  nudge(): void {
    if (!this.#socket.connected && this.#socket.active) this.reopen();
  }

  close(): void {
    removeEventListener("online", this.#onOnline);
    clearTimeout(this.#readyTimer);
    clearTimeout(this.#retryTimer);
    this.#socket.removeAllListeners();
    this.#socket.disconnect();
  }

  async send(event: "message" | "action", payload: object): Promise<Ack | null> {
    return readAck(await this.#ask(event, payload));
  }

  async resume(after: number): Promise<Replay | null> {
    return readReplay(await this.#ask("resume", { after }));
  }

  async ticket(): Promise<Ticket | null> {
    return readTicket(await this.#ask("upload", {}));
  }

  async rate(seq: number, value: string): Promise<boolean> {
    return !!readAck(await this.#ask("rate", { seq, value }))?.ok;
  }

  /** Signs of life whose loss costs nothing. */
  hint(event: "typing" | "seen", payload: object): void {
    if (this.#socket.connected) this.#socket.emit(event, payload, () => undefined);
  }

  async #ask(event: string, payload: object): Promise<unknown> {
    if (!this.#socket.connected) return null;
    try {
      const ask = (what: object): Promise<Asked> => this.#socket.timeout(ANSWER_WITHIN).emitWithAck(event, what);
      const answer = await ask(payload);
      const challenge = answer?.error?.challenge;
      // The gateway is flooded: newcomers show a proof. What makes one is loaded only then.
      return await (challenge
        ? ask({ ...payload, proof: await (await import(this.origin + "/widget-proof.js")).default(challenge) })
        : answer);
    } catch {
      return null;
    }
  }

  #listen(): void {
    const { listener } = this;
    const take = <T>(event: string, read: (value: unknown) => T | null, give: (value: T) => void): void => {
      this.#socket.on(event, (value: unknown) => {
        const made = read(value);
        if (made !== null) give(made);
      });
    };
    take("ready", readReady, (ready) => {
      clearTimeout(this.#readyTimer);
      listener.onReady(ready);
    });
    take("entry", readEntry, (entry) => listener.onEntry(entry));
    take("delta", readDelta, (delta) => listener.onDelta(delta));
    take("state", readHead, (head) => listener.onHead(head));
    take("typing", (value) => readAuthor((value as { author?: unknown } | null)?.author), (author) =>
      listener.onTyping(author),
    );
    this.#socket.on("connect", () => this.#expectReady());
    this.#socket.on("disconnect", (reason) => {
      this.#down(null);
      // A server that shuts down ends its sockets itself, and then the client does not come back
      // by itself. It should: the next server is a moment away.
      if (reason === "io server disconnect") this.#retryIn(1_000 + Math.random() * 2_000);
    });
    this.#socket.on("connect_error", (error: Error & { data?: { code?: unknown } }) => {
      const refused = !this.#socket.active;
      const code = String(error.data?.code ?? "refused");
      if (refused) this.#retryIn(AFTER_REFUSAL);
      this.#down(refused ? code : null);
    });
  }

  #down(refused: string | null): void {
    clearTimeout(this.#readyTimer);
    this.listener.onDown(refused);
  }

  #expectReady(): void {
    clearTimeout(this.#readyTimer);
    this.#readyTimer = setTimeout(() => this.reopen(), READY_WITHIN);
  }

  #retryIn(milliseconds: number): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#socket.connect(), milliseconds);
  }
}
