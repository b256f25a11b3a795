/**
 * What the desk knows now, and what a person may do. Views read it and are drawn anew on a change.
 *
 * Above: views. Below: api, line, keep. The log is the truth: an act is shown as done when the
 * gateway has said so, and a gap in the live line is filled by asking the log.
 */
import { Api, Problem, readOffer } from "./api";
import { keepUnsent, tab, type Unsent } from "./keep";
import { Line, type Answer, type Fault } from "./line";
import type { Attachment, Author, Case, Conversation, Entry, Person, Standing, State } from "./types";

export type Tab = "waiting" | "mine" | "people" | "all";

export interface Filters {
  q: string;
  status: string;
  channel: string;
}

/** One conversation as it is open on the screen. */
export interface Opened {
  id: string;
  head: Conversation | null;
  holder: string | null;
  entries: Entry[];
  streams: Map<string, { attempt: number; parts: string[] }>;
  typing: { author: Author; until: number } | null;
  case: Case | null;
  standing: Standing | null;
  /** The last entry that the customer has had before their eyes. */
  seen: number;
  missing: boolean;
  busy: string | null;
}

const RELOAD_AFTER = 500;
const AGAIN_AFTER = 2_500;
const PAGE = 500;
/** So many cases a list of the gateway holds. */
export const MOST = 200;
const LOOK_EVERY = 5_000;
export type DeskEvent =
  | "take" | "release" | "close" | "assign" | "snooze" | "prioritise" | "escalate" | "inside" | "save"
  | "draft_send" | "draft_discard" | "edit" | "delete";

export class Store {
  online = false;
  refused = false;
  name: string;
  offer: ReadonlySet<string> = new Set();
  tab: Tab = "waiting";
  filters: Filters = { q: "", status: "open", channel: "" };
  cases: Conversation[] | null = null;
  list: Conversation[] | null = null;
  next: string | null = null;
  holders: Record<string, string | null> = {};
  people: Person[] = [];
  me = "";
  opened: Opened | null = null;
  notice: { text: string; bad: boolean } | null = null;
  readonly api: Api;
  readonly #line: Line;
  readonly #watchers = new Set<() => void>();
  #reload: ReturnType<typeof setTimeout> | undefined;
  #drawn = false;
  readonly #looking: ReturnType<typeof setInterval>;

  constructor(token: string, name: string, onRefused: () => void) {
    this.name = name;
    this.api = new Api(token, onRefused);
    this.#line = new Line(token, name, {
      onUp: (known, id) => this.#up(known, id),
      onDown: (refused) => (refused ? onRefused() : this.#set({ online: false })),
      onEntry: (conversation, entry) => this.#entry(conversation, entry),
      onState: (conversation, state) => this.#state(conversation, state),
      onDelta: (conversation, delta) => this.#delta(conversation, delta),
      onTyping: (conversation, author) => this.#typing(conversation, author),
    });
    void readOffer().then((offer) => this.#set({ offer }));
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY);
  }

  watch(onChange: () => void): () => void {
    this.#watchers.add(onChange);
    return () => this.#watchers.delete(onChange);
  }

  has(route: string): boolean {
    return this.offer.has(route);
  }

  close(): void {
    clearTimeout(this.#reload);
    clearInterval(this.#looking);
    this.#line.close();
    this.#watchers.clear();
  }

  /** Draw once for all changes of a moment. */
  changed(): void {
    if (this.#drawn) return;
    this.#drawn = true;
    queueMicrotask(() => {
      this.#drawn = false;
      for (const watcher of this.#watchers) watcher();
    });
  }

  readonly say = (text: string, bad = false): void => {
    this.#set({ notice: text ? { text, bad } : null });
  };

  choose(tab: Tab, filters: Filters = this.filters): void {
    this.#set({ tab, filters, list: null, next: null });
    void this.load();
  }

  /** The lists, fresh. */
  async load(more = false): Promise<void> {
    const wanted = { tab: this.tab, filters: this.filters };
    try {
      // One's own are asked for apart: on a bad day more wait than a list holds.
      const queue = [{}, { holder: this.name }].map((which) => this.api.get<{ cases: Conversation[] }>("/cases", { ...which, limit: MOST }));
      if (wanted.tab === "all") await this.#loadList(more);
      const found = (await Promise.all(queue)).flatMap((one) => one.cases);
      const cases = [...new Map(found.map((item) => [item.id, item])).values()];
      if (wanted.tab !== this.tab || wanted.filters !== this.filters) return;
      const holders = Object.fromEntries(cases.map((item) => [item.id, item.holder ?? null]));
      this.#set({ cases, holders: { ...this.holders, ...holders } });
      if (this.opened && this.opened.id in holders) this.#know(this.opened.id, { holder: this.opened.holder });
    } catch (error) {
      if (error instanceof Problem && error.status === 404) this.#set({ cases: [] });
    }
  }

  async open(id: string | null): Promise<void> {
    if (this.opened && this.opened.id !== id) this.#line.hint("unwatch", { conversation: this.opened.id });
    if (id === null) return this.#set({ opened: null });
    if (this.opened?.id !== id) {
      const opened: Opened = {
        id, head: null, holder: null, entries: [], streams: new Map(), typing: null, case: null, standing: null, seen: 0,
        missing: false, busy: null,
      };
      this.#set({ opened });
    }
    await this.#fill(id);
  }

  /** What a person does to the open conversation; what the gateway answered is what is shown. */
  async act(event: DeskEvent, fields: object = {}): Promise<Fault | null | "unsure"> {
    const opened = this.opened;
    if (!opened || opened.busy) return null;
    opened.busy = event;
    this.changed();
    const answer = await this.#line.ask(event, { conversation: opened.id, ...fields });
    opened.busy = null;
    if (answer && !answer.error) this.#know(opened.id, answer);
    if (answer?.error?.holder) this.#know(opened.id, { holder: answer.error.holder });
    this.changed();
    this.#soon();
    return answer === null ? "unsure" : (answer.error ?? null);
  }

  /** True once the log has it. The same words under the same id are said once. */
  async send(conversation: string, unsent: Unsent, files: readonly Attachment[] = []): Promise<Fault | null | "unsure"> {
    const id = (unsent.id ??= crypto.randomUUID());
    keepUnsent(conversation, unsent);
    const attachments = files.map((file) => ({ id: file.id }));
    const asDraft = unsent.draft && !unsent.note && files.length === 0;
    const answer = asDraft
      ? await this.#line.ask("draft_send", { conversation, draft: unsent.draft, text: unsent.text })
      : await this.#line.ask(unsent.note ? "note" : "reply", { conversation, text: unsent.text, client_id: id, attachments });
    if (answer === null) return "unsure";
    if (answer.error) return answer.error;
    keepUnsent(conversation, { text: "", note: unsent.note });
    if (this.opened?.id === conversation) void this.#fill(conversation);
    return null;
  }

  async goOnDuty(on: boolean): Promise<void> {
    const { people } = await this.api.send<{ people: Person[] }>("PUT", "/duty", { on, name: this.name });
    this.#set({ people });
  }

  get isOnDuty(): boolean {
    return this.people.some((one) => one.id === this.me);
  }

  isTyping(): void {
    if (this.opened) this.#line.hint("typing", { conversation: this.opened.id });
  }

  #set(change: Partial<Store>): void {
    Object.assign(this, change);
    this.changed();
  }

  #up(name: string, me: string): void {
    this.#set({ online: true, name, me });
    tab.set("name", name);
    void this.#readPeople();
    void this.load();
    if (this.opened) void this.#fill(this.opened.id);
  }

  async #readPeople(): Promise<void> {
    const found = await this.api.get<{ people: Person[] }>("/duty").catch(() => ({ people: [] }));
    this.#set({ people: found.people });
  }

  /** Has the customer seen what a person said last? Nobody tells, so ask while it matters. */
  #look(): void {
    const opened = this.opened;
    const last = opened?.entries.findLast((entry) => entry.kind === "message" && entry.author.role === "human_agent");
    if (opened && last && last.seq > opened.seen && !document.hidden && opened.head?.owner === "human") void this.#stand(opened);
  }

  /** How it stands now, after something that may have changed it. */
  async #stand(opened: Opened): Promise<void> {
    const after = opened.entries.at(-1)?.seq ?? 0;
    const answer = await this.#line.ask("watch", { conversation: opened.id, after });
    if (!answer || answer.error) return;
    this.#add(opened, answer.entries ?? []);
    this.#know(opened.id, answer);
    this.changed();
  }

  async #loadList(more: boolean): Promise<void> {
    const { q, status, channel } = this.filters;
    const filters = this.filters;
    const page = await this.api.get<{ conversations: Conversation[]; next: string | null }>("/conversations", {
      q, status, channel, limit: 50, cursor: more && this.next ? this.next : undefined,
    });
    if (filters !== this.filters) return;
    const kept = more ? (this.list ?? []) : [];
    this.#set({ list: [...kept, ...page.conversations], next: page.next });
    const people = page.conversations.filter((item) => item.owner === "human" && item.status === "open");
    await this.#askHolders(people.map((item) => item.id));
  }

  async #askHolders(conversations: string[]): Promise<void> {
    if (conversations.length === 0) return;
    const answer = await this.#line.ask("holders", { conversations: conversations.slice(0, 200) });
    if (answer?.holders) this.#set({ holders: { ...this.holders, ...answer.holders } });
  }

  /** Everything after the last sequence we have; the head; the case of the last hand-over. */
  async #fill(id: string): Promise<void> {
    const opened = this.opened;
    if (opened?.id !== id) return;
    const after = opened.entries.at(-1)?.seq ?? 0;
    try {
      const [head, watched] = await Promise.all([
        this.api.get<Conversation>(`/conversations/${id}`),
        this.#line.ask("watch", { conversation: id, after }),
      ]);
      opened.head = head;
      this.#add(opened, watched?.entries ?? (await this.#entries(id, after)));
      if (watched && !watched.error) this.#know(id, watched);
      this.changed();
      await this.#findCase(opened);
    } catch (error) {
      opened.missing = error instanceof Problem && error.status === 404;
    }
    this.changed();
  }

  async #entries(id: string, after: number): Promise<Entry[]> {
    return (await this.api.get<{ entries: Entry[] }>(`/conversations/${id}/entries`, { after, limit: PAGE })).entries;
  }

  async #findCase(opened: Opened): Promise<void> {
    const listed = this.cases?.find((item) => item.id === opened.id)?.case;
    if (listed) opened.case = listed;
    const handed = opened.entries.findLast((entry) => entry.action === "escalate");
    if (opened.case || !handed) return;
    const turn = await turnOf(this.api, opened.id, opened.entries, handed.seq);
    opened.case = turn?.case ?? null;
  }

  #add(opened: Opened, entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (opened.entries.some((known) => known.seq === entry.seq)) continue;
      opened.entries.push(entry);
      opened.streams.delete(entry.id);
      if (opened.typing?.author.role === entry.author.role) opened.typing = null;
    }
    opened.entries.sort((one, other) => one.seq - other.seq);
  }

  #entry(conversation: string, entry: Entry): void {
    const opened = this.opened;
    if (opened?.id === conversation) {
      const gap = entry.seq > (opened.entries.at(-1)?.seq ?? 0) + 1;
      this.#add(opened, [entry]);
      if (gap) void this.#refill(opened, entry.seq);
      if (entry.kind === "control" || entry.author.role !== "ai") void this.#stand(opened);
      if (entry.action === "escalate") opened.case = null;
    }
    this.changed();
    this.#soon();
  }

  /** Entries were missed: read the log from before the gap. */
  async #refill(opened: Opened, seq: number): Promise<void> {
    const before = opened.entries.filter((entry) => entry.seq < seq).at(-1)?.seq ?? 0;
    this.#add(opened, await this.#entries(opened.id, before).catch(() => []));
    this.changed();
  }

  #state(conversation: string, state: State): void {
    this.#know(conversation, { state });
    this.changed();
    this.#soon();
  }

  #know(conversation: string, { state, holder, standing, seen }: Answer): void {
    const opened = this.opened?.id === conversation ? this.opened : null;
    if (opened && standing) opened.standing = standing;
    if (opened && seen !== undefined) opened.seen = seen;
    if (state && opened?.head) opened.head = { ...opened.head, ...state };
    if (state) {
      const change = (item: Conversation): Conversation => (item.id === conversation ? { ...item, ...state } : item);
      this.cases = this.cases?.map(change) ?? null;
      this.list = this.list?.map(change) ?? null;
    }
    if (holder !== undefined) {
      this.holders = { ...this.holders, [conversation]: holder };
      if (opened) opened.holder = holder;
    }
  }

  #delta(conversation: string, delta: { id: string; attempt: number; part: number; text: string }): void {
    const opened = this.opened;
    if (opened?.id !== conversation || opened.entries.some((entry) => entry.id === delta.id)) return;
    let stream = opened.streams.get(delta.id);
    if (stream && stream.attempt > delta.attempt) return;
    if (!stream || stream.attempt < delta.attempt) stream = { attempt: delta.attempt, parts: [] };
    stream.parts[delta.part] = delta.text;
    opened.streams.set(delta.id, stream);
    this.changed();
  }

  #typing(conversation: string, author: Author): void {
    const own = author.role === "human_agent" && author.name === this.name;
    if (this.opened?.id !== conversation || own) return;
    this.opened.typing = { author, until: Date.now() + 6_000 };
    this.changed();
    setTimeout(() => this.changed(), 6_100);
  }

  /** The archive lags the log by a moment: look soon, and once more. */
  #soon(): void {
    clearTimeout(this.#reload);
    this.#reload = setTimeout(() => {
      void this.load();
      this.#reload = setTimeout(() => void this.load(), AGAIN_AFTER);
    }, RELOAD_AFTER);
  }
}

/** The receipt of the turn that wrote this entry: it is kept under the turn's first sequence. */
export async function turnOf(
  api: Api, id: string, entries: readonly Entry[], seq: number,
): Promise<import("./types").Receipt | null> {
  const before = entries.filter((entry) => entry.seq <= seq && entry.author.role !== "customer");
  for (const entry of before.slice(-4).reverse()) {
    try {
      return await api.get(`/conversations/${id}/turns/${entry.seq}`);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) throw error;
    }
  }
  return null;
}
