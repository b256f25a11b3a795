/**
 * The script a page includes: reads its own attributes, answers `Switchboard(…)`.
 *
 * Above: the page. Below: client, view. Calls made before the script has arrived wait in a queue
 * that the page's stub keeps: `window.Switchboard ||= (...a) => (Switchboard.q ||= []).push(a)`.
 */
import { readOptions } from "./options";
import { Widget } from "./widget";

type Call = ArrayLike<unknown>;

interface Api {
  (...call: unknown[]): unknown;
  q?: Call[];
}

declare global {
  interface Window {
    Switchboard?: Api;
  }
}

function start(script: HTMLScriptElement): void {
  const waiting = window.Switchboard?.q ?? [];
  const widget = new Widget(readOptions(script), () => delete window.Switchboard);
  window.Switchboard = (name, ...rest) => widget.call(name, rest);
  for (const call of Array.from(waiting)) {
    const [name, ...rest] = Array.from(call);
    widget.call(name, rest);
  }
}

const script =
  document.currentScript instanceof HTMLScriptElement
    ? document.currentScript
    : document.querySelector<HTMLScriptElement>("script[data-site]");

// A page that includes the script twice gets one widget.
if (script && !document.querySelector("switchboard-widget")) {
  if (document.body) start(script);
  else addEventListener("DOMContentLoaded", () => start(script), { once: true });
}
