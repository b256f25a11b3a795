/**
 * The scrolling log: keeps its elements in step with the lines, and the reader at their place.
 *
 * Above: frame. Below: lines. Follows new words while the reader is at the end, but never past
 * the beginning of an answer that is longer than the window; a reader who has scrolled up stays.
 */
import type { Words } from "../i18n";
import { el, icon } from "./dom";
import type { Line } from "./lines";

interface Drawn {
  readonly node: HTMLElement;
  readonly signature: string;
}

const NEAR_END = 40;
const ABOVE_ANSWER = 14;

export class Log {
  readonly element: HTMLElement;
  readonly #scroller: HTMLElement;
  readonly #list = el("div", { class: "lines" });
  readonly #welcome = el("div", { class: "welcome" });
  readonly #jump: HTMLButtonElement;
  readonly #jumpLabel = el("span");
  #drawn = new Map<string, Drawn>();
  #follows = true;
  #top = 0;
  #filled = false;

  constructor(private readonly onRead: () => void) {
    this.#scroller = el("div", { class: "log", role: "log", "aria-live": "polite", tabindex: "0" });
    this.#scroller.append(this.#welcome, this.#list);
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#jump = el("button", { type: "button", class: "jump", hidden: true, onclick: () => this.toEnd() }, icon("arrow"), this.#jumpLabel);
    this.element = el("div", { class: "body" }, this.#scroller, this.#jump);
  }

  get atEnd(): boolean {
    return this.#follows;
  }

  speak(words: Words): void {
    this.#scroller.setAttribute("aria-label", words.conversation);
    this.#jumpLabel.textContent = words.newMessages;
    this.#welcome.replaceChildren(el("p", {}, words.greeting), el("p", {}, words.greetingMore));
    this.#drawn.clear();
    this.#list.replaceChildren();
    this.#filled = false;
  }

  show(lines: readonly Line[]): void {
    const grown = this.#reconcile(lines);
    this.#filled = true;
    if (this.#follows) this.#keepUp();
    else if (grown) this.#jump.hidden = false;
  }

  toEnd(): void {
    this.#follows = true;
    this.#scroller.scrollTo({ top: this.#scroller.scrollHeight, behavior: "smooth" });
    this.#jump.hidden = true;
    this.onRead();
  }

  /** The reader has written something or opened the panel: show the end. */
  followAgain(): void {
    this.#follows = true;
    this.#jump.hidden = true;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #reconcile(lines: readonly Line[]): boolean {
    const wanted = new Set(lines.map(({ key }) => key));
    for (const [key, { node }] of this.#drawn) if (!wanted.has(key)) node.remove();
    const next = new Map<string, Drawn>();
    let after: Element | null = null;
    for (const line of lines) {
      const before = this.#drawn.get(line.key);
      const drawn = before?.signature === line.signature ? before : this.#draw(line, before);
      const place: Element | null = after ? after.nextElementSibling : this.#list.firstElementChild;
      if (place !== drawn.node) this.#list.insertBefore(drawn.node, place);
      next.set(line.key, drawn);
      after = drawn.node;
    }
    const grown = lines.some(({ key }) => !this.#drawn.has(key));
    this.#drawn = next;
    return grown;
  }

  #draw(line: Line, before: Drawn | undefined): Drawn {
    const node = line.draw();
    if (before) {
      const focused = carryOver(before.node, node);
      before.node.replaceWith(node);
      focused?.focus();
    } else if (this.#filled && !line.settled) {
      node.classList.add("fresh");
    }
    return { node, signature: line.signature };
  }

  #keepUp(): void {
    const { scrollHeight, clientHeight } = this.#scroller;
    const last = this.#list.lastElementChild;
    const answer = last instanceof HTMLElement && !last.classList.contains("mine") ? last : null;
    const end = scrollHeight - clientHeight;
    const start = answer ? answer.offsetTop - this.#scroller.offsetTop - ABOVE_ANSWER : end;
    const target = Math.min(end, Math.max(start, this.#scroller.scrollTop));
    if (target > this.#scroller.scrollTop) this.#scroller.scrollTop = target;
    this.#top = this.#scroller.scrollTop;
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    if (scrollHeight - clientHeight - scrollTop < NEAR_END) {
      this.#follows = true;
      this.#jump.hidden = true;
      this.onRead();
    } else if (scrollTop < this.#top - 4) {
      this.#follows = false;
    }
    this.#top = scrollTop;
  }
}

/** What the reader has opened or focused in the old element stays so in the new one. */
function carryOver(from: HTMLElement, to: HTMLElement): HTMLElement | null {
  const opened = [...from.querySelectorAll("details")];
  to.querySelectorAll("details").forEach((details, index) => (details.open = opened[index]?.open ?? false));
  const focused = (from.getRootNode() as Document | ShadowRoot).activeElement;
  const index = [...from.querySelectorAll("button, summary, a")].indexOf(focused as Element);
  return index < 0 ? null : (to.querySelectorAll<HTMLElement>("button, summary, a")[index] ?? null);
}
