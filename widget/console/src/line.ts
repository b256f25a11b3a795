/**
 * The live line: Socket.IO, namespace `/desk`, over a WebSocket.
 *
 * Above: store. Below: socket.io-client. An act that gets no answer in time is an answer of null:
 * it may have happened, and the log will say.
 */
import { Manager, type Socket } from "socket.io-client";
import type { Author, Entry, Standing, State } from "./types";

export interface Listener {
  onUp(name: string, id: string): void;
  onDown(refused: boolean): void;
  onEntry(conversation: string, entry: Entry): void;
  onState(conversation: string, state: State): void;
  onDelta(conversation: string, delta: { id: string; attempt: number; part: number; text: string }): void;
  onTyping(conversation: string, author: Author): void;
}

export interface Fault {
  code: string;
  message: string;
  holder?: string;
}

export interface Answer {
  error?: Fault;
  state?: State;
  holder?: string | null;
  holders?: Record<string, string | null>;
  entries?: Entry[];
  standing?: Standing;
  seen?: number;
  seq?: number;
}

const ANSWER_WITHIN = 10_000;

export class Line {
  readonly #socket: Socket;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(token: string, name: string, listener: Listener) {
    const manager = new Manager(location.origin, {
      path: "/socket.io",
      transports: ["websocket"],
      autoConnect: false,
      reconnectionDelay: 400,
      reconnectionDelayMax: 6_000,
      timeout: 10_000,
    });
    const socket = (this.#socket = manager.socket("/desk", { auth: { token, name } }));
    socket.on("ready", (ready: { name: string; id: string }) => listener.onUp(ready.name, ready.id));
    socket.on("entry", ({ conversation, ...entry }: Entry & { conversation: string }) => listener.onEntry(conversation, entry));
    socket.on("state", ({ conversation, ...state }: State & { conversation: string }) => listener.onState(conversation, state));
    socket.on("delta", ({ conversation, ...delta }) => listener.onDelta(conversation, delta));
    socket.on("typing", ({ conversation, author }) => listener.onTyping(conversation, author));
    socket.on("disconnect", (reason) => {
      listener.onDown(false);
      if (reason === "io server disconnect") this.#later(1_500);
    });
    socket.on("connect_error", (error: Error & { data?: { code?: string } }) => {
      const refused = error.data?.code === "unauthorized" || error.data?.code === "forbidden";
      listener.onDown(refused);
      if (!refused && !socket.active) this.#later(5_000);
    });
    socket.connect();
  }

  async ask(event: string, payload: object): Promise<Answer | null> {
    if (!this.#socket.connected) return null;
    try {
      return (await this.#socket.timeout(ANSWER_WITHIN).emitWithAck(event, payload)) as Answer;
    } catch {
      return null;
    }
  }

  hint(event: string, payload: object): void {
    if (this.#socket.connected) this.#socket.emit(event, payload, () => undefined);
  }

  close(): void {
    clearTimeout(this.#again);
    this.#socket.removeAllListeners();
    this.#socket.disconnect();
  }

  #later(milliseconds: number): void {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#socket.connect(), milliseconds);
  }
}
