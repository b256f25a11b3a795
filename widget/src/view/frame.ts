/**
 * The widget as a visitor sees it: launcher and panel in a shadow root of their own.
 *
 * Above: main. Below: log, composer, lines. The shadow root keeps the page's styles out and ours
 * in; the styles are constructed sheets, so a page with a strict style policy needs no exception.
 */
import type { Client, Snapshot } from "../client";
import { wordsOf, type Language, type Words } from "../i18n";
import base from "../styles/base.css";
import extras from "../styles/extras.css";
import frame from "../styles/frame.css";
import log from "../styles/log.css";
import { accentVariables } from "./accent";
import { Composer } from "./composer";
import { el, icon } from "./dom";
import { keepFocusInside } from "./focus";
import { linesOf } from "./lines";
import { Log } from "./log";
import { faceOf, type Setting } from "./message";

export type Theme = "auto" | "light" | "dark";

export interface Look {
  readonly theme: Theme;
  readonly accent: string | undefined;
  readonly title: string | undefined;
  readonly language: Language;
}

export interface Events {
  opened(): void;
  closed(): void;
}

export class Frame {
  readonly #host = document.createElement("switchboard-widget");
  readonly #root: HTMLElement;
  readonly #launcher: HTMLButtonElement;
  readonly #badge = el("span", { class: "badge", hidden: true, "aria-hidden": "true" });
  readonly #panel: HTMLElement;
  readonly #title = el("h2", { id: "title", dir: "auto" });
  readonly #status = el("p", { class: "status", role: "status" });
  readonly #face = el("span");
  readonly #closer: HTMLButtonElement;
  readonly #banner = el("div", { class: "banner", role: "status", hidden: true });
  readonly #log: Log;
  readonly #composer: Composer;
  readonly #dark = matchMedia("(prefers-color-scheme: dark)");
  readonly #abort = new AbortController();
  #words: Words;
  #theme: Theme;
  #language: Language;
  #returnTo: HTMLElement | null = null;
  #drafts = 0;

  constructor(
    private readonly client: Client,
    private readonly look: Look,
    private readonly events: Events,
  ) {
    this.#theme = look.theme;
    this.#language = look.language;
    this.#words = wordsOf(look.language);
    this.#log = new Log(() => this.#read());
    this.#composer = new Composer({
      send: (text) => client.say(text),
      typed: () => client.typed(),
      attach: (files) => void client.uploads.add(files),
      remove: (key) => client.uploads.remove(key),
    });
    this.#launcher = el("button", { type: "button", class: "launcher", "aria-expanded": "false", "aria-haspopup": "dialog", onclick: () => this.open() }, icon("chat"), this.#badge);
    this.#closer = el("button", { type: "button", class: "icon", onclick: () => this.close() }, icon("close"));
    this.#panel = this.#buildPanel();
    this.#root = el("div", { class: "root" }, this.#launcher, this.#panel);
    this.#attach();
    this.setTheme(look.theme);
    this.setLanguage(look.language);
  }

  get isOpen(): boolean {
    return !this.#panel.hidden;
  }

  /** Opens the panel; without `focus` the page keeps the keyboard. */
  open(focus = true): void {
    if (!this.isOpen) {
      const active = document.activeElement;
      this.#returnTo = active instanceof HTMLElement && active !== this.#host ? active : null;
      this.#panel.hidden = false;
      this.#launcher.hidden = true;
      this.#launcher.setAttribute("aria-expanded", "true");
      this.#fitPhone();
      this.client.connect();
      this.render();
      this.#log.followAgain();
      this.#read();
      this.events.opened();
    }
    if (focus) this.#focusInside();
  }

  close(): void {
    if (!this.isOpen) return;
    const hadFocus = document.activeElement === this.#host;
    this.#panel.hidden = true;
    this.#launcher.hidden = false;
    this.#launcher.setAttribute("aria-expanded", "false");
    if (hadFocus) (this.#returnTo?.isConnected && this.#returnTo !== document.body ? this.#returnTo : this.#launcher).focus();
    this.events.closed();
  }

  setTheme(theme: Theme): void {
    this.#theme = theme;
    const dark = theme === "dark" || (theme === "auto" && this.#dark.matches);
    this.#root.classList.toggle("dark", dark);
  }

  setLanguage(language: Language): void {
    this.#language = language;
    const words = (this.#words = wordsOf(language));
    this.#root.lang = language;
    this.#title.textContent = this.look.title || words.title;
    this.#closer.setAttribute("aria-label", words.close);
    this.#closer.title = words.close;
    this.#log.speak(words);
    this.#composer.speak(words);
    this.render();
  }

  render(): void {
    const snapshot = this.client.snapshot;
    this.#renderLauncher(snapshot.unread);
    if (!this.isOpen) return;
    this.#renderHead(snapshot);
    this.#renderBanner(snapshot);
    if (snapshot.outbox.length > this.#drafts) this.#log.followAgain();
    this.#log.show(linesOf(snapshot, this.#setting(), this.#locale, new Date()));
    if (snapshot.outbox.length > this.#drafts) this.#log.followAgain();
    this.#drafts = snapshot.outbox.length;
    this.#composer.show(this.client.uploads.list, this.#locale);
    this.#read();
  }

  destroy(): void {
    this.#abort.abort();
    this.#host.remove();
  }

  #buildPanel(): HTMLElement {
    const head = el("div", { class: "head" }, this.#face, el("div", { class: "who" }, this.#title, this.#status), this.#closer);
    const panel = el("section", { class: "panel", role: "dialog", "aria-labelledby": "title", tabindex: "-1", hidden: true }, head, this.#banner, this.#log.element, this.#composer.element);
    panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing) {
        event.stopPropagation();
        this.close();
      } else keepFocusInside(panel, event);
    });
    this.#composer.takeDrops(panel);
    return panel;
  }

  #attach(): void {
    const shadow = this.#host.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = [base, frame, log, extras].map((css) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      return sheet;
    });
    shadow.append(this.#root);
    for (const [name, value] of Object.entries(accentVariables(this.look.accent))) this.#root.style.setProperty(name, value);
    document.body.append(this.#host);
    const { signal } = this.#abort;
    this.#dark.addEventListener("change", () => this.setTheme(this.#theme), { signal });
    document.addEventListener("visibilitychange", () => this.#read(), { signal });
    visualViewport?.addEventListener("resize", () => this.#fitPhone(), { signal });
    visualViewport?.addEventListener("scroll", () => this.#fitPhone(), { signal });
  }

  /** On a phone the keyboard covers part of the page: the panel takes what is left. */
  #fitPhone(): void {
    if (!this.isOpen || !visualViewport || visualViewport.scale > 1.01) return;
    this.#root.style.setProperty("--view-height", `${visualViewport.height}px`);
    this.#root.style.setProperty("--view-top", `${visualViewport.offsetTop}px`);
  }

  #focusInside(): void {
    // A focused field would bring up the keyboard of a phone over what there is to read.
    if (matchMedia("(pointer: coarse)").matches) this.#panel.focus();
    else this.#composer.field.focus();
  }

  #read(): void {
    if (this.isOpen && !document.hidden && this.#log.atEnd) this.client.markSeen();
  }

  /** The language with the visitor's own region, if they have one for it: it decides the clock. */
  get #locale(): string {
    return navigator.languages.find((tag) => tag.startsWith(this.#language)) ?? this.#language;
  }

  #setting(): Setting {
    const { client } = this;
    return {
      words: this.#words,
      time: new Intl.DateTimeFormat(this.#locale, { hour: "numeric", minute: "2-digit" }),
      locale: this.#locale,
      origin: client.origin,
      acts: {
        press: (entry, choice) => client.press(entry, choice),
        rate: (seq, value) => void client.rate(seq, value),
        retry: (clientId) => client.retry(clientId),
        discard: (clientId) => client.discard(clientId),
      },
    };
  }

  #renderLauncher(unread: number): void {
    const label = unread > 99 ? "99+" : String(unread);
    this.#badge.hidden = unread === 0;
    this.#badge.textContent = label;
    this.#launcher.setAttribute("aria-label", unread === 0 ? this.#words.open : this.#words.openUnread(label));
  }

  #renderHead({ conversation, line }: Snapshot): void {
    const { head, entries } = conversation;
    const words = this.#words;
    const person = entries.findLast(({ author }) => author.role === "human_agent")?.author ?? null;
    const human = head.owner === "human";
    this.#composer.note(human);
    const named = person?.name ? words.statusHuman(person.name) : words.statusHumanAnyone;
    const held = head.status === "closed" ? words.statusClosed : human ? named : words.statusAi;
    const text = line === "connecting" ? words.connecting : held;
    if (this.#status.textContent !== text) this.#status.textContent = text;
    this.#status.classList.toggle("down", line !== "online");
    const face = faceOf(human ? (person ?? { role: "human_agent", name: "" }) : null, true);
    this.#face.replaceChildren(face);
  }

  #renderBanner({ line }: Snapshot): void {
    const down = line === "offline" || line === "refused";
    if (this.#banner.hidden === !down) return;
    this.#banner.hidden = !down;
    this.#banner.replaceChildren(icon("plug"), el("span", {}, line === "refused" ? this.#words.refused : this.#words.offline));
  }
}
