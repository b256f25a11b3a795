/** REST with the desk's token. Above: store, views. Below: fetch. A fault is a `Problem`. */
import type { Attachment } from "./types";

const WITHIN = 15_000;
const UPLOAD_WITHIN = 120_000;

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

export class Api {
  constructor(
    private readonly token: string,
    private readonly onRefused: () => void,
  ) {}

  get<T>(path: string, query: Record<string, string | number | undefined> = {}): Promise<T> {
    const given = Object.entries(query).filter((pair) => pair[1] !== undefined && pair[1] !== "");
    const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    return this.#ask<T>("GET", text ? `${path}?${text}` : path);
  }

  /** `key` makes a repeat of the same act be done once. */
  post<T>(path: string, body: object, key: string = crypto.randomUUID()): Promise<T> {
    return this.#ask<T>("POST", path, body, key);
  }

  send<T>(method: "PUT" | "PATCH", path: string, body: object): Promise<T> {
    return this.#ask<T>(method, path, body);
  }

  /** A file for a message of this conversation. */
  async upload(conversation: string, file: File): Promise<Attachment> {
    const form = new FormData();
    form.append("file", file, file.name);
    return this.#ask<Attachment>("POST", `/conversations/${conversation}/attachments`, form);
  }

  async #ask<T>(method: string, path: string, body?: object, key?: string): Promise<T> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.token}` };
    const form = body instanceof FormData;
    if (body && !form) headers["Content-Type"] = "application/json";
    if (key) headers["Idempotency-Key"] = key;
    let answer: Response;
    try {
      answer = await fetch(`/api/v1${path}`, {
        method,
        headers,
        body: form ? body : body ? JSON.stringify(body) : null,
        credentials: "omit",
        cache: "no-store",
        signal: AbortSignal.timeout(form ? UPLOAD_WITHIN : WITHIN),
      });
    } catch {
      throw new Problem(0, "offline", "");
    }
    if (answer.status === 401) this.onRefused();
    const read = (await answer.json().catch(() => null)) as { code?: string; detail?: string; title?: string } | null;
    if (!answer.ok) throw new Problem(answer.status, read?.code ?? "unknown", read?.detail ?? read?.title ?? "");
    return read as T;
  }
}

/** What this gateway offers: `GET /cases` and the like, from its own description. */
export async function readOffer(): Promise<ReadonlySet<string>> {
  try {
    const answer = await fetch("/api/openapi.json", { signal: AbortSignal.timeout(WITHIN) });
    const description = (await answer.json()) as { paths?: Record<string, object> };
    const offer = new Set<string>();
    for (const [path, acts] of Object.entries(description.paths ?? {}))
      for (const act of Object.keys(acts)) offer.add(`${act.toUpperCase()} ${path.replace("/api/v1", "")}`);
    return offer;
  } catch {
    return new Set();
  }
}
