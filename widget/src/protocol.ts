/**
 * The wire: what the gateway and the widget say to each other, and the checks at its edge.
 *
 * Above: connection, store. Below: nothing. Whatever arrives is `unknown` until one of the
 * `read…` functions here has looked at it; a malformed payload is null, never an exception.
 */

export type Role = "customer" | "ai" | "human_agent" | "system";

export interface Author {
  readonly role: Role;
  readonly name: string;
  readonly specialist?: string;
}

export interface Citation {
  readonly document: string;
  readonly title: string;
  readonly url?: string;
  readonly span: string;
}

export interface Choice {
  readonly label: string;
  readonly value: string;
}

export interface Attachment {
  readonly name: string;
  readonly size?: number;
  readonly url?: string;
}

/** A file that was uploaded, as a message names it. */
export interface FileRef {
  readonly id: string;
  readonly name: string;
  readonly size: number;
}

/** Where files go up, and the token for it. */
export interface Ticket {
  readonly url: string;
  readonly token: string;
  readonly most: number;
}

export interface Entry {
  readonly seq: number;
  readonly id: string;
  readonly at: string;
  readonly kind: "message" | "control";
  readonly author: Author;
  readonly text: string;
  readonly buttons: readonly Choice[];
  readonly citations: readonly Citation[];
  readonly attachments: readonly Attachment[];
  readonly clientId?: string;
  readonly action?: string;
  readonly value?: string;
  readonly inReplyTo?: number;
  readonly edited: boolean;
}

export interface Delta {
  readonly id: string;
  readonly attempt: number;
  readonly part: number;
  readonly text: string;
}

/** Who holds the conversation now. */
export interface Head {
  readonly owner: "ai" | "human" | "nobody";
  readonly specialist?: string;
  readonly status: string;
}

export interface Ready {
  readonly visitor?: string;
  readonly conversation: string | null;
  readonly head: Head | null;
  readonly last: number;
}

export type Ack =
  | { readonly ok: true; readonly seq: number; readonly id: string; readonly conversation?: string }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly retryAfter?: number };

export interface Replay {
  readonly entries: readonly Entry[];
  readonly head: Head | null;
}

export const MAX_TEXT = 4000;

type Fields = Record<string, unknown>;

const ROLES: readonly string[] = ["customer", "ai", "human_agent", "system"];

function fields(value: unknown): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const optional = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
const count = (value: unknown): number | null =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;

function list<T>(value: unknown, read: (item: Fields) => T | null): T[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => {
    const shape = fields(item);
    const made = shape && read(shape);
    return made ? [made] : [];
  });
}

export function readAuthor(value: unknown): Author | null {
  const shape = fields(value);
  if (!shape || !ROLES.includes(text(shape.role))) return null;
  const specialist = optional(shape.specialist);
  return { role: shape.role as Role, name: text(shape.name), ...(specialist && { specialist }) };
}

function readCitation(shape: Fields): Citation | null {
  const title = text(shape.title) || text(shape.document);
  if (!title) return null;
  const url = optional(shape.url);
  return { document: text(shape.document), title, span: text(shape.span), ...(url && { url }) };
}

function readChoice(shape: Fields): Choice | null {
  const label = text(shape.label);
  return label ? { label, value: text(shape.value) || label } : null;
}

function readAttachment(shape: Fields): Attachment | null {
  const name = text(shape.name);
  const url = optional(shape.url);
  const size = count(shape.size);
  return name ? { name, ...(size !== null && { size }), ...(url && { url }) } : null;
}

function readButtons(parts: unknown): Choice[] {
  return list(parts, (part) => part).flatMap((part) =>
    part.type === "buttons" ? list(part.buttons, readChoice) : [],
  );
}

/** An entry that the customer may see; null for notes, drafts and garbage. */
export function readEntry(value: unknown): Entry | null {
  const shape = fields(value);
  if (!shape) return null;
  const seq = count(shape.seq);
  const id = text(shape.id);
  const author = readAuthor(shape.author);
  if (seq === null || seq < 1 || !id || !author) return null;
  if (shape.kind !== "message" && shape.kind !== "control") return null;
  const clientId = optional(shape.client_id);
  const action = optional(shape.action);
  const chosen = optional(shape.value);
  const inReplyTo = count(shape.in_reply_to);
  return {
    seq,
    id,
    author,
    at: text(shape.at),
    kind: shape.kind,
    text: text(shape.text),
    buttons: readButtons(shape.parts),
    citations: list(shape.citations, readCitation),
    attachments: list(shape.attachments, readAttachment),
    edited: shape.edited === true,
    ...(clientId && { clientId }),
    ...(action && { action }),
    ...(chosen && { value: chosen }),
    ...(inReplyTo !== null && { inReplyTo }),
  };
}

export function readDelta(value: unknown): Delta | null {
  const shape = fields(value);
  if (!shape) return null;
  const id = text(shape.id);
  const attempt = count(shape.attempt);
  const part = count(shape.part);
  if (!id || attempt === null || part === null || typeof shape.text !== "string") return null;
  return { id, attempt, part, text: shape.text };
}

export function readHead(value: unknown): Head | null {
  const shape = fields(value);
  if (!shape) return null;
  const { owner } = shape;
  if (owner !== "ai" && owner !== "human" && owner !== "nobody") return null;
  const specialist = optional(shape.specialist);
  return { owner, status: text(shape.status) || "open", ...(specialist && { specialist }) };
}

export function readReady(value: unknown): Ready | null {
  const shape = fields(value);
  if (!shape) return null;
  const visitor = optional(shape.visitor);
  return {
    conversation: optional(shape.conversation) ?? null,
    head: readHead(shape.state),
    last: count(shape.last) ?? 0,
    ...(visitor && { visitor }),
  };
}

export function readTicket(value: unknown): Ticket | null {
  const shape = fields(value);
  const url = text(shape?.url);
  const token = text(shape?.token);
  return url.startsWith("/") && token ? { url, token, most: count(shape?.max_bytes) ?? Infinity } : null;
}

export function readReplay(value: unknown): Replay | null {
  const shape = fields(value);
  if (!shape || !Array.isArray(shape.entries)) return null;
  return { entries: list(shape.entries, readEntry), head: readHead(shape.state) };
}

/**
 * The answer to a `message`. An empty acknowledgement is none: a server that was cut down in the
 * middle of its work sends one, so it reads as null and the sender tries again.
 */
export function readAck(value: unknown): Ack | null {
  const shape = fields(value);
  if (!shape) return null;
  const error = fields(shape.error);
  if (error) {
    const retryAfter = typeof error.retry_after === "number" ? error.retry_after : undefined;
    return {
      ok: false,
      code: text(error.code) || "internal",
      message: text(error.message),
      ...(retryAfter !== undefined && { retryAfter }),
    };
  }
  const seq = count(shape.seq);
  if (seq === null || seq < 1) return null;
  const conversation = optional(shape.conversation);
  return { ok: true, seq, id: text(shape.id), ...(conversation && { conversation }) };
}
