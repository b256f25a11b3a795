/**
 * One line of the log as elements: a message, a draft, a stream, an event, the typing sign.
 *
 * Above: log. Below: dom, text. Stateless: what is drawn depends on the arguments alone.
 */
import type { Words } from "../i18n";
import type { Attachment, Author, Choice, Citation, Entry } from "../protocol";
import { isWithdrawn } from "../store/conversation";
import type { Draft } from "../store/outbox";
import { el, icon } from "./dom";
import { sizeText } from "./tray";
import { bareBlock, link, safeUrl, textBlock } from "./text";

export interface Acts {
  press(entry: Entry, choice: Choice): void;
  rate(seq: number, value: "up" | "down"): void;
  retry(clientId: string): void;
  discard(clientId: string): void;
}

export interface Setting {
  readonly words: Words;
  readonly time: Intl.DateTimeFormat;
  readonly locale: string;
  /** Where the gateway is: its links to files are relative. */
  readonly origin: string;
  readonly acts: Acts;
}

export interface EntryLook {
  /** First of several by one author: carries the name. */
  readonly first: boolean;
  /** The value of the button that was pressed, null if none, undefined if it is too late. */
  readonly chosen: string | null | undefined;
  readonly rating: string | undefined;
}

export function nameOf(author: Author, words: Words): string {
  if (author.role === "customer") return words.you;
  return author.name || (author.role === "human_agent" ? words.person : words.assistant);
}

export function faceOf(author: Author | null, large = false): HTMLElement {
  const person = author?.role === "human_agent";
  const shape = `face${person ? " person" : ""}${large ? " large" : ""}`;
  const initials = person && initialsOf(author.name);
  return el("span", { class: shape, "aria-hidden": "true" }, initials || icon(person ? "person" : "spark"));
}

function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => [...(word ?? "")][0] ?? "").join("").toLocaleUpperCase();
}

function byline(author: Author, setting: Setting, at?: string): HTMLElement {
  const { words } = setting;
  return el(
    "div",
    { class: "by" },
    faceOf(author),
    el("span", { class: "name", dir: "auto" }, nameOf(author, words)),
    author.role === "ai" && el("span", { class: "tag" }, words.ai),
    author.role === "human_agent" && author.name !== "" && el("span", {}, words.person),
    at ? timeOf(at, setting.time) : null,
  );
}

function timeOf(at: string, format: Intl.DateTimeFormat): HTMLElement | null {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? null : el("time", { datetime: at }, format.format(date));
}

export function entryLine(entry: Entry, look: EntryLook, setting: Setting): HTMLElement {
  const { role } = entry.author;
  const mine = role === "customer";
  const shape = `line${look.first ? " first" : ""}${mine ? " mine" : role === "human_agent" ? " person-said" : ""}`;
  return el(
    "div",
    { class: shape },
    mine
      ? el("span", { class: "unseen" }, `${setting.words.you}: `)
      : look.first && role !== "system" && byline(entry.author, setting, entry.at),
    isWithdrawn(entry) && el("p", { class: "withdrawn" }, setting.words.withdrawn),
    entry.text !== "" && (mine ? bareBlock : textBlock)(entry.text),
    entry.text !== "" && entry.edited && el("div", { class: "foot" }, setting.words.edited),
    entry.attachments.length > 0 && files(entry.attachments, setting),
    entry.citations.length > 0 && sources(entry.citations, setting.words),
    entry.buttons.length > 0 && choices(entry, look.chosen, setting),
    role === "ai" && entry.citations.length > 0 && rating(entry, look.rating, setting),
  );
}

export function draftLine(draft: Draft, online: boolean, first: boolean, setting: Setting): HTMLElement {
  const { words } = setting;
  const failed = draft.status === "failed";
  const shape = `line mine${first ? " first" : ""}${failed ? " failed" : draft.status === "sent" ? "" : online ? " pending" : " pending held"}`;
  return el(
    "div",
    { class: shape },
    el("span", { class: "unseen" }, `${words.you}: `),
    draft.post.text !== "" && bareBlock(draft.post.text),
    draft.post.kind === "message" && draft.post.files ? files(draft.post.files, setting) : null,
    failed ? failure(draft, setting) : draft.status !== "sent" && el("div", { class: "foot" }, online ? words.sending : words.waiting),
  );
}

function failure(draft: Draft, { words, acts }: Setting): HTMLElement {
  return el(
    "div",
    { class: "foot", role: "alert" },
    el("span", { class: "why" }, `${words.failed}. ${draft.error?.message ?? ""}`),
    el("button", { type: "button", onclick: () => acts.retry(draft.clientId) }, words.tryAgain),
    el("button", { type: "button", onclick: () => acts.discard(draft.clientId) }, words.discard),
  );
}

/** The answer while it is being written. It is announced when it is whole, not word by word. */
export function streamLine(author: Author, text: string, setting: Setting): HTMLElement {
  const caret = el("span", { class: "caret", "aria-hidden": "true" });
  return el("div", { class: "line first", "aria-live": "off" }, byline(author, setting), textBlock(text, caret));
}

export function typingLine(author: Author, setting: Setting): HTMLElement {
  const dots = el("div", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
  const said = el("span", { class: "unseen" }, setting.words.typing(nameOf(author, setting.words)));
  return el("div", { class: "line first" }, byline(author, setting), dots, said);
}

/** What to say of a control entry or a word of the system; null for what needs no line. */
export function eventText(entry: Entry, words: Words): string | null {
  switch (entry.action) {
    case "take":
      return words.joined(entry.author.name || words.person);
    case "release":
      return words.released;
    case "escalate":
      return words.escalated;
    case "close":
      return words.closed;
    case "reopen":
      return words.reopened;
    case "rate":
    case "button":
    case "edit":
    case "delete":
      return null;
    default:
      return entry.text || null;
  }
}

export function eventLine(text: string): HTMLElement {
  return el("div", { class: "event", dir: "auto" }, el("span", {}, text));
}

function sources(citations: readonly Citation[], words: Words): HTMLElement {
  const items = citations.map((citation) => {
    const url = safeUrl(citation.url);
    return el(
      "li",
      {},
      el(
        "details",
        { ontoggle: (event) => (event.target as HTMLDetailsElement).scrollIntoView({ block: "nearest" }) },
        el("summary", {}, icon("page"), el("span", { dir: "auto" }, citation.title), turnMark()),
        el(
          "div",
          { class: "proof" },
          citation.span !== "" && el("blockquote", { tabindex: "0" }, textBlock(citation.span)),
          url && link(url, `${words.openSource} (${url.host})`),
        ),
      ),
    );
  });
  return el("div", { class: "sources" }, el("p", {}, words.sources(citations.length)), el("ul", {}, ...items));
}

function turnMark(): SVGSVGElement {
  const mark = icon("down");
  mark.classList.add("turn");
  return mark;
}

function choices(entry: Entry, chosen: string | null | undefined, { acts }: Setting): HTMLElement {
  const buttons = entry.buttons.map((choice) => {
    const shape = choice.value === chosen ? "chosen" : "";
    const press = (): void => acts.press(entry, choice);
    return el("button", { type: "button", class: shape, disabled: chosen !== null, dir: "auto", onclick: press }, choice.label);
  });
  return el("div", { class: "choices" }, ...buttons);
}

function rating(entry: Entry, given: string | undefined, { words, acts }: Setting): HTMLElement {
  const button = (value: "up" | "down", label: string): HTMLElement =>
    el(
      "button",
      {
        type: "button",
        class: value,
        "aria-label": label,
        title: label,
        "aria-pressed": String(given === value),
        onclick: () => acts.rate(entry.seq, value),
      },
      icon("thumb"),
    );
  return el(
    "div",
    { class: "rate" },
    button("up", words.helpful),
    button("down", words.unhelpful),
    given !== undefined && el("span", {}, words.thanks),
  );
}

function files(attachments: readonly Attachment[], { locale, origin }: Setting): HTMLElement {
  const items = attachments.map(({ name, url, size }) => {
    const address = url ? safeUrl(url, origin) : null;
    const label = address ? link(address, name) : el("span", { dir: "auto" }, name);
    return el("li", {}, icon("page"), label, size !== undefined && el("span", { class: "state" }, sizeText(size, locale)));
  });
  return el("ul", { class: "files" }, ...items);
}
