/**
 * Shows text as text. Web addresses become links; in answers also list lines hang, and the marks
 * of a heading or of `**weight**` step back behind what they mean. Every character of the original
 * is still there, in order (`textContent` equals the input), and nothing is parsed as HTML.
 *
 * Above: message. Below: dom. Only http and https become links, and never one with a user name
 * in it, because `https://bank.example@evil.example` reads as something that it is not.
 */
import { el } from "./dom";

const ADDRESS = /https?:\/\/[^\s<>"'`\u00ab\u00bb\u201c-\u201f]+/giu;
const LIST_MARK = /^(\s*)([-*\u2022\u2013]|\d{1,2}[.)])(\s+)(?=\S)/u;
const HEADING = /^(#{1,6} +)(?=\S)/u;
const WEIGHT = /\*\*(?=\S)(.+?)(?<=\S)\*\*/gu;
const CLOSERS: Record<string, string> = { ")": "(", "]": "[", "}": "{" };

/** The address if it is one that may be opened, else null. */
export function safeUrl(address: string | undefined, base?: string): URL | null {
  if (!address) return null;
  try {
    const url = new URL(address, base);
    const plain = url.protocol === "https:" || url.protocol === "http:";
    return plain && !url.username && !url.password && url.hostname ? url : null;
  } catch {
    return null;
  }
}

export function link(url: URL, label: string): HTMLAnchorElement {
  return el("a", { href: url.href, target: "_blank", rel: "noopener noreferrer nofollow", title: url.href }, label);
}

/** Pieces of a line: plain text, or an address with the words that showed it. */
export function findLinks(line: string): (string | { url: URL; label: string })[] {
  const pieces: (string | { url: URL; label: string })[] = [];
  let from = 0;
  for (const match of line.matchAll(ADDRESS)) {
    const label = trimAddress(match[0]);
    const url = safeUrl(label);
    if (!url) continue;
    if (match.index > from) pieces.push(line.slice(from, match.index));
    pieces.push({ url, label });
    from = match.index + label.length;
  }
  if (from < line.length) pieces.push(line.slice(from));
  return pieces;
}

/** The words of the customer are shown bare, as they were typed. */
export function bareBlock(text: string): HTMLElement {
  return el("div", { class: "text", dir: "auto" }, el("span", {}, ...linked(text)));
}

export function textBlock(text: string, ...after: Node[]): HTMLElement {
  const lines = text.split(/(?<=\n)/u).map(lineBlock);
  if (lines.length === 0) lines.push(el("span"));
  lines.at(-1)?.append(...after);
  return el("div", { class: "text", dir: "auto" }, ...lines);
}

function lineBlock(line: string): HTMLElement {
  if (line.trim() === "") return el("span", { class: "gap" }, line);
  const heading = HEADING.exec(line)?.[1];
  if (heading) return el("span", { class: "heading" }, stepBack(heading), ...inline(line.slice(heading.length)));
  const mark = LIST_MARK.exec(line);
  if (!mark) return el("span", {}, ...inline(line));
  return el(
    "span",
    { class: "item" },
    mark[1] ?? "",
    el("span", { class: /\d/u.test(mark[2] ?? "") ? "mark" : "mark dot" }, `${mark[2]}${mark[3]}`),
    ...inline(line.slice(mark[0].length)),
  );
}

function inline(line: string): (Node | string)[] {
  const pieces: (Node | string)[] = [];
  let from = 0;
  for (const match of line.matchAll(WEIGHT)) {
    pieces.push(...linked(line.slice(from, match.index)));
    pieces.push(el("strong", {}, stepBack("**"), ...linked(match[1] ?? ""), stepBack("**")));
    from = match.index + match[0].length;
  }
  return [...pieces, ...linked(line.slice(from))];
}

/** A mark that the eye and the screen reader pass over, but that is part of the text. */
function stepBack(mark: string): HTMLElement {
  return el("span", { class: "mark-only", "aria-hidden": "true" }, mark);
}

function linked(line: string): (Node | string)[] {
  return findLinks(line).map((piece) => (typeof piece === "string" ? piece : link(piece.url, piece.label)));
}

/** Punctuation at the end belongs to the sentence, and so does a bracket that was not opened. */
function trimAddress(address: string): string {
  let end = address.length;
  while (end > 0) {
    const last = address[end - 1] ?? "";
    const opener = CLOSERS[last];
    const body = address.slice(0, end);
    const stray = opener !== undefined && body.split(last).length > body.split(opener).length;
    if (!stray && !/[.,;:!?*_]/u.test(last)) break;
    end -= 1;
  }
  return address.slice(0, end);
}
