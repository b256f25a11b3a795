/** A pause that can be restarted, and ids that are the widget's own. Above: client. */

export class Pause {
  #handle: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly milliseconds: number,
    private readonly run: () => void,
  ) {}

  restart(): void {
    this.cancel();
    this.#handle = setTimeout(() => {
      this.#handle = undefined;
      this.run();
    }, this.milliseconds);
  }

  startUnlessRunning(): void {
    if (this.#handle === undefined) this.restart();
  }

  cancel(): void {
    clearTimeout(this.#handle);
    this.#handle = undefined;
  }
}

/** 128 random bits; `crypto.randomUUID` would want a page served over https. */
export function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `w-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
