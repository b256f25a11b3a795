/** What every view needs: the store, the words, the language. Above: views. Below: preact. */
import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import { Problem } from "../api";
import { fill } from "../i18n";
import type { Words } from "../i18n/en";
import type { DeskEvent, Store } from "../store";

export interface House {
  store: Store;
  w: Words;
  language: string;
}

export const HouseContext = createContext<House | null>(null);

export function useHouse(): House {
  const house = useContext(HouseContext);
  if (!house) throw new Error("no house");
  return house;
}

/** Draw again when the store changes. */
export function useChanges(store: Store): void {
  const [, draw] = useState(0);
  useEffect(() => store.watch(() => draw((count) => count + 1)), [store]);
}

/** The time, a step every so many seconds. */
export function useNow(seconds: number): number {
  const [now, set] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds]);
  return now;
}

/** Something asked of the gateway: null while it is on its way. */
export function useLoad<T>(ask: () => Promise<T>, on: readonly unknown[]): { got: T | null; failed: boolean; again: () => void } {
  const [state, set] = useState<{ got: T | null; failed: boolean }>({ got: null, failed: false });
  const [turn, again] = useState(0);
  useEffect(() => {
    let live = true;
    ask().then(
      (got) => live && set({ got, failed: false }),
      () => live && set({ got: null, failed: true }),
    );
    return () => {
      live = false;
    };
  }, [...on, turn]);
  return { ...state, again: () => again((count) => count + 1) };
}

/** Does something to the open conversation; what went wrong is said. True: it is done. */
export function useAct(): (event: DeskEvent, fields?: object) => Promise<boolean> {
  const { store, w } = useHouse();
  return async (event, fields = {}) => {
    const answer = await store.act(event, fields);
    if (answer === null) return true;
    if (answer === "unsure") store.say(w.unsure, true);
    else if (answer.holder) store.say(fill(w.held, { name: answer.holder }), true);
    else store.say(fill(w.notDone, { why: answer.message }), true);
    return false;
  };
}

/** Asks the gateway for something; what went wrong is said, and gives null. */
export function useAttempt(): <T>(ask: () => Promise<T>) => Promise<T | null> {
  const { store, w } = useHouse();
  return async (ask) => {
    try {
      return await ask();
    } catch (error) {
      const { status, message } = error instanceof Problem ? error : { status: 0, message: "" };
      store.say(status === 403 ? w.adminOnly : status === 0 ? w.unsure : fill(w.notDone, { why: message }), true);
      return null;
    }
  };
}

/** The word for a value of the API; the value itself where it has none (reasons can be configured). */
export const say = (w: Words, value: string | null | undefined): string =>
  value ? (w.values[value] ?? value.replaceAll("_", " ")) : "";
