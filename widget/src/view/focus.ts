/** Keeps the Tab key inside the open panel; Escape is the way out. Above: frame. */

const REACHABLE = "a[href], button:not(:disabled), textarea, summary, [tabindex='0']";

export function keepFocusInside(panel: HTMLElement, event: KeyboardEvent): void {
  if (event.key !== "Tab") return;
  const stops = [...panel.querySelectorAll<HTMLElement>(REACHABLE)].filter((stop) => stop.checkVisibility());
  const active = (panel.getRootNode() as ShadowRoot).activeElement;
  const edge = event.shiftKey ? stops[0] : stops.at(-1);
  if (active !== edge && active !== panel) return;
  event.preventDefault();
  (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
}
