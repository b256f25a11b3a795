/**
 * The files that wait for the next message: name, size, how far they are, a button to let them go.
 *
 * Above: composer. Below: dom. An element is kept as long as its file, so that focus stays.
 */
import type { Words } from "../i18n";
import type { Upload } from "../uploads";
import { el, icon } from "./dom";

export function sizeText(bytes: number, locale: string): string {
  const [value, unit] = bytes < 999_500 ? [bytes / 1e3, "kilobyte"] : [bytes / 1e6, "megabyte"];
  return new Intl.NumberFormat(locale, { style: "unit", unit, maximumFractionDigits: 1 }).format(value);
}

export class Tray {
  readonly element = el("ul", { class: "files tray" });
  readonly #drawn = new Map<number, { signature: string; item: HTMLElement; state: HTMLElement }>();

  constructor(private readonly remove: (key: number) => void) {}

  show(uploads: readonly Upload[], words: Words, locale: string): void {
    for (const [key, { item }] of this.#drawn) {
      if (uploads.some((upload) => upload.key === key)) continue;
      item.remove();
      this.#drawn.delete(key);
    }
    for (const upload of uploads) this.#draw(upload, words, locale);
    this.element.hidden = uploads.length === 0;
  }

  #draw({ key, name, size, part, id, fault }: Upload, words: Words, locale: string): void {
    const drawn = this.#drawn.get(key) ?? this.#make(key, name, words);
    const signature = `${id}|${fault}|${Math.round(part * 50)}`;
    if (drawn.signature === signature) return;
    drawn.signature = signature;
    const bar = el("progress", { max: "1", value: String(part), "aria-label": name });
    const said = fault ? el("span", { class: "why", role: "alert" }, words[fault]) : id ? sizeText(size, locale) : bar;
    drawn.state.replaceChildren(said);
  }

  #make(key: number, name: string, words: Words): { signature: string; item: HTMLElement; state: HTMLElement } {
    const state = el("span", { class: "state" });
    const label = words.remove(name);
    const drop = el("button", { type: "button", class: "icon", "aria-label": label, title: label, onclick: () => this.remove(key) }, icon("close"));
    const item = el("li", {}, icon("page"), el("span", { dir: "auto" }, name), state, drop);
    this.element.append(item);
    const made = { signature: "", item, state };
    this.#drawn.set(key, made);
    return made;
  }
}
