/**
 * What the browser keeps: the token and unsent words for this tab only, tastes for longer.
 *
 * Above: store, views. Below: web storage, which may be forbidden: then memory serves.
 */
class Drawer {
  readonly #memory = new Map<string, string>();
  constructor(private readonly open: () => Storage) {}

  get(name: string): string | null {
    try {
      return this.open().getItem(`switchboard.${name}`);
    } catch {
      return this.#memory.get(name) ?? null;
    }
  }

  set(name: string, value: string | null): void {
    try {
      if (value === null) this.open().removeItem(`switchboard.${name}`);
      else this.open().setItem(`switchboard.${name}`, value);
    } catch {
      if (value === null) this.#memory.delete(name);
      else this.#memory.set(name, value);
    }
  }
}

export const tab = new Drawer(() => sessionStorage);
export const tastes = new Drawer(() => localStorage);

/** Unsent words; `id` is set once they were tried to be sent, so that trying again says them once. */
export interface Unsent {
  text: string;
  note: boolean;
  id?: string;
  /** The draft that these words came from, and are sent instead of. */
  draft?: string;
}

export function readUnsent(conversation: string): Unsent {
  try {
    const found = JSON.parse(tab.get(`unsent.${conversation}`) ?? "null") as Unsent | null;
    if (found && typeof found.text === "string") return found;
  } catch {
    // Not ours: begin anew.
  }
  return { text: "", note: false };
}

export function keepUnsent(conversation: string, unsent: Unsent): void {
  tab.set(`unsent.${conversation}`, unsent.text ? JSON.stringify(unsent) : null);
}
