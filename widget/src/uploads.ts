/**
 * Files on their way up: chosen now, sent to the gateway at once, taken along by the next message.
 *
 * Above: client (which the tray and the composer ask). Below: connection, for the ticket that says
 * where to send; XMLHttpRequest, because only it tells how far an upload is.
 */
import type { FileRef, Ticket } from "./protocol";

export type Fault = "tooBig" | "tooMany" | "notUploaded";

export interface Upload {
  readonly key: number;
  readonly name: string;
  readonly size: number;
  /** How much has gone up, 0 to 1. */
  readonly part: number;
  readonly id?: string;
  readonly fault?: Fault;
}

const MOST = 10;

export class Uploads {
  #list: readonly Upload[] = [];
  #last = 0;
  readonly #requests = new Map<number, XMLHttpRequest>();

  constructor(
    private readonly origin: string,
    private readonly ticket: () => Promise<Ticket | null>,
    private readonly changed: () => void,
  ) {}

  get list(): readonly Upload[] {
    return this.#list;
  }

  async add(files: Iterable<File>): Promise<void> {
    const added = [...files].map((file) => ({ file, key: ++this.#last }));
    const room = MOST - this.#list.length;
    this.#list = [
      ...this.#list,
      ...added.map(({ file: { name, size }, key }, at) => ({ key, name, size, part: 0, ...(at >= room && { fault: "tooMany" as const }) })),
    ];
    this.changed();
    const ticket = await this.ticket();
    for (const { file, key } of added.slice(0, Math.max(0, room))) {
      if (!ticket) this.#change(key, { fault: "notUploaded" });
      else if (file.size > ticket.most) this.#change(key, { fault: "tooBig" });
      else this.#send(file, key, ticket);
    }
  }

  remove(key: number): void {
    this.#requests.get(key)?.abort();
    this.#list = this.#list.filter((upload) => upload.key !== key);
    this.changed();
  }

  /** What the next message takes along; faults and files still on their way stay. */
  take(): FileRef[] {
    const taken = this.#list.flatMap(({ id, name, size }) => (id ? [{ id, name, size }] : []));
    this.#list = this.#list.filter(({ id }) => !id);
    return taken;
  }

  destroy(): void {
    for (const { key } of this.#list) this.remove(key);
  }

  #send(file: File, key: number, { url, token }: Ticket): void {
    if (!this.#list.some((upload) => upload.key === key)) return;
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file);
    this.#requests.set(key, request);
    request.open("POST", this.origin + url);
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => this.#change(key, { part: loaded / (total || 1) });
    request.onloadend = () => {
      this.#requests.delete(key);
      const id = (request.response as { id?: unknown } | null)?.id;
      if (request.status === 201 && typeof id === "string") this.#change(key, { id, part: 1 });
      else this.#change(key, { fault: request.status === 413 ? "tooBig" : "notUploaded" });
    };
    request.send(form);
  }

  #change(key: number, news: Partial<Upload>): void {
    this.#list = this.#list.map((upload) => (upload.key === key ? { ...upload, ...news } : upload));
    this.changed();
  }
}
