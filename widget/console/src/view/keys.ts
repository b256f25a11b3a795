/**
 * One key, one act; never while somebody writes. Above: app. Below: store.
 *
 * Who types ahead is not left behind: a key for a conversation that is still on its way, or busy with
 * another act, is done when it can be done; moving on takes it back. It never reaches the one before.
 */
import { useEffect, useRef } from "preact/hooks";
import type { Store } from "../store";
import { readPlace } from "./place";
import { shown } from "./queue";

const click = (id: string): void => document.getElementById(id)?.click();
const write = (): void => document.getElementById("composer")?.focus();

/** On the conversation that is open. */
const ON_TALK: Record<string, () => void> = {
  r: write,
  n: () => { click("as-note"); write(); },
  t: () => click("take"),
  g: () => click("release"),
  e: () => click("resolve"),
};

interface Wish {
  talk: string;
  key: string;
}

function isAway(store: Store, talk: string): boolean {
  const opened = store.opened;
  if (opened?.id !== talk) return true;
  return !opened.missing && (opened.head === null || opened.busy !== null);
}

export function useKeys(store: Store): void {
  const wish = useRef<Wish | null>(null);
  const fulfil = (): void => {
    const wanted = wish.current;
    if (!wanted) return;
    if (readPlace().id !== wanted.talk) wish.current = null;
    else if (!isAway(store, wanted.talk)) {
      wish.current = null;
      ON_TALK[wanted.key]?.();
    }
  };
  const onTalk = (key: string): void => {
    const { id } = readPlace();
    // The first letters of an answer, typed before there was a field for them, are no acts.
    if (id === null || (wish.current?.talk === id && "rn".includes(wish.current.key))) return;
    wish.current = { talk: id, key };
    fulfil();
  };
  useEffect(fulfil);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => press(event, store, onTalk);
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [store]);
}

function press(event: KeyboardEvent, store: Store, onTalk: (key: string) => void): void {
  const target = event.target as HTMLElement;
  if (document.querySelector("dialog[open]")) return;
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/u.test(target.tagName)) return;
  const key = event.key.toLowerCase();
  const step = (by: number): void => {
    const items = shown(store.tab, store.cases, store.list, store.holders, store.name) ?? [];
    const at = items.findIndex((item) => item.id === readPlace().id);
    const next = items[at < 0 ? 0 : at + by];
    if (next) location.hash = `#/c/${next.id}`;
  };
  const acts: Record<string, () => void> = {
    j: () => step(1),
    k: () => step(-1),
    "/": () => document.getElementById("search")?.focus(),
    "?": () => (location.hash = "#/more"),
    escape: () => (location.hash = "#/inbox"),
  };
  const act = key in ON_TALK ? () => onTalk(key) : acts[key];
  if (!act) return;
  event.preventDefault();
  act();
}
