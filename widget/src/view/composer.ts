/**
 * Where the customer writes: grows with the text, counts near the limit, sends on Enter.
 *
 * Above: frame. Below: dom.
 */
import type { Words } from "../i18n";
import { MAX_TEXT } from "../protocol";
import type { Upload } from "../uploads";
import { el, icon } from "./dom";
import { Tray } from "./tray";

const COUNT_FROM = 400;

interface Hooks {
  send(text: string): void;
  typed(): void;
  attach(files: Iterable<File>): void;
  remove(key: number): void;
}

export class Composer {
  readonly element: HTMLFormElement;
  readonly field: HTMLTextAreaElement;
  readonly #send: HTMLButtonElement;
  readonly #attach: HTMLButtonElement;
  readonly #tray: Tray;
  #uploads: readonly Upload[] = [];
  readonly #notice = el("span", { dir: "auto" });
  readonly #counter = el("span", { class: "counter", role: "status" });
  readonly #hint = el("span", { class: "unseen", id: "hint" });
  #words: Words | null = null;

  constructor(private readonly hooks: Hooks) {
    this.field = el("textarea", { rows: "1", dir: "auto", enterkeyhint: "send", autocomplete: "off", "aria-describedby": "hint" });
    this.field.addEventListener("input", () => this.#changed());
    this.field.addEventListener("keydown", (event) => this.#pressed(event));
    this.#send = el("button", { type: "submit", class: "send", "aria-disabled": "true" }, icon("send"));
    const picker = el("input", { type: "file", multiple: true, hidden: true });
    picker.addEventListener("change", () => {
      this.hooks.attach([...(picker.files ?? [])]);
      picker.value = "";
      this.field.focus();
    });
    this.field.addEventListener("paste", (event) => this.#take(event, event.clipboardData));
    this.#attach = el("button", { type: "button", class: "attach", onclick: () => picker.click() }, icon("clip"));
    this.#tray = new Tray((key) => {
      hooks.remove(key);
      this.field.focus();
    });
    this.element = el(
      "form",
      { class: "composer" },
      this.#tray.element,
      el("div", { class: "field" }, this.#attach, picker, this.field, this.#send),
      el("div", { class: "under" }, this.#notice, this.#counter),
      this.#hint,
    );
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  speak(words: Words): void {
    this.#words = words;
    this.field.placeholder = words.placeholder;
    this.field.setAttribute("aria-label", words.placeholder);
    this.#send.setAttribute("aria-label", words.send);
    this.#send.title = words.send;
    this.#attach.setAttribute("aria-label", words.attach);
    this.#attach.title = words.attach;
    this.note(false);
    this.#hint.textContent = words.sendHint;
    this.#count();
  }

  /** What stands under the field: who answers, or how to send when that is a person. */
  note(human: boolean): void {
    const words = this.#words;
    if (words) this.#notice.textContent = human ? words.sendHint : words.notice;
  }

  /** The files that wait for the next message. */
  show(uploads: readonly Upload[], locale: string): void {
    this.#uploads = uploads;
    if (this.#words) this.#tray.show(uploads, this.#words, locale);
    this.#count();
  }

  /** Files may be dropped anywhere on `target`. */
  takeDrops(target: HTMLElement): void {
    target.addEventListener("dragover", (event) => {
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
    });
    target.addEventListener("drop", (event) => this.#take(event, event.dataTransfer));
  }

  #take(event: Event, data: DataTransfer | null): void {
    if (!data?.files.length) return;
    event.preventDefault();
    this.hooks.attach([...data.files]);
  }

  /** There is something to send, it fits, and no file is still on its way. */
  #isReady(text: string): boolean {
    const waits = this.#uploads.some(({ id, fault }) => !id && !fault);
    const has = text !== "" || this.#uploads.some(({ id }) => id);
    return has && !waits && lengthOf(text) <= MAX_TEXT;
  }

  #pressed(event: KeyboardEvent): void {
    // While an input method composes, Enter belongs to it (229: Safari says so by key code only).
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#submit();
  }

  #submit(): void {
    const text = this.field.value.trim();
    if (!this.#isReady(text)) return;
    this.field.value = "";
    this.#changed();
    this.field.focus();
    this.hooks.send(text);
  }

  #changed(): void {
    this.#fit();
    this.#count();
    if (this.field.value.trim()) this.hooks.typed();
  }

  #fit(): void {
    this.field.style.height = "0";
    this.field.style.height = `${this.field.scrollHeight}px`;
  }

  #count(): void {
    const left = MAX_TEXT - lengthOf(this.field.value.trim());
    const words = this.#words;
    const shown = left <= COUNT_FROM;
    const label = left < 0 ? words?.tooLong(String(-left)) : words?.left(String(left));
    this.#counter.textContent = shown ? (label ?? "") : "";
    this.#counter.classList.toggle("over", left < 0);
    this.#notice.hidden = shown;
    this.#send.setAttribute("aria-disabled", String(!this.#isReady(this.field.value.trim())));
  }
}

/** Counted as the server counts: characters, not UTF-16 halves. */
function lengthOf(text: string): number {
  return [...text].length;
}
