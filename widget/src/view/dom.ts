/**
 * Elements without HTML: text becomes text nodes, nothing is ever parsed.
 *
 * Above: the rest of view. Below: nothing.
 */

type Props = Record<string, string | boolean | EventListener>;
type Child = Node | string | null | false;

/** An element with attributes (`true` sets an empty one), `on…` listeners and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== false));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** Line drawings on a 24 × 24 grid, our own. */
const ICONS = {
  chat: "M12 3.5c-5 0-9 3.4-9 7.7 0 2.3 1.2 4.4 3 5.8L5.2 20.5l4-1.9c.9.2 1.8.3 2.8.3 5 0 9-3.4 9-7.7s-4-7.7-9-7.7Z M8.5 11.2h.01 M12 11.2h.01 M15.5 11.2h.01",
  clip: "M8.5 12.5l6-6a3 3 0 0 1 4.2 4.2l-8 8a5 5 0 0 1-7-7l7.5-7.5",
  close: "M6 6l12 12 M18 6L6 18",
  send: "M12 19V5 M5.5 11.5L12 5l6.5 6.5",
  spark: "M12 4c.6 4.4 3.6 7.4 8 8-4.4.6-7.4 3.6-8 8-.6-4.4-3.6-7.4-8-8 4.4-.6 7.4-3.6 8-8Z",
  person: "M12 11.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z M4.5 20.5c.5-4 3.5-6 7.5-6s7 2 7.5 6",
  page: "M7 3.5h6.5L18 8v11a1.5 1.5 0 0 1-1.5 1.5h-9.5A1.5 1.5 0 0 1 5.5 19V5A1.5 1.5 0 0 1 7 3.5Z M13.5 3.5V8H18 M9 12.5h6 M9 16h4",
  down: "M6.5 9.5L12 15l5.5-5.5",
  arrow: "M12 5v14 M5.5 12.5L12 19l6.5-6.5",
  thumb: "M7.5 11v9 M7.5 11l4-7.5c1.5 0 2.5 1 2.5 2.5V9h4.2c1.2 0 2.1 1.1 1.8 2.3l-1.5 6.7c-.2 1.2-1.2 2-2.4 2H7.5 M7.5 11H4v9h3.5",
  plug: "M4 4l16 16 M4.5 13a7.5 7.5 0 0 1 2-6 M10 5a7.5 7.5 0 0 1 9.5 9 M16.5 18a7.5 7.5 0 0 1-9 0",
};

export type IconName = keyof typeof ICONS;

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}
