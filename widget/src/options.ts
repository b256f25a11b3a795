/** The attributes of the script element, read once. Above: main. Below: i18n. */
import { pickLanguage, type Language } from "./i18n";
import type { Theme } from "./view/frame";

export interface Options {
  readonly site: string;
  readonly origin: string;
  readonly language: Language;
  readonly theme: Theme;
  readonly accent: string | undefined;
  readonly title: string | undefined;
  readonly open: boolean;
  /** The link of a mail that led here. */
  readonly link: string | undefined;
}

const LINK = /(?:^#|&)switchboard=([\w-]{57,64})(?=&|$)/;

export function readOptions({ dataset, src }: HTMLScriptElement): Options {
  const site = dataset.site || "default";
  const fromMail = LINK.exec(location.hash)?.[1];
  return {
    site,
    origin: new URL(src || location.href, location.href).origin,
    language: pickLanguage([dataset.language, ...navigator.languages]),
    theme: readTheme(dataset.theme),
    accent: dataset.accent,
    title: dataset.title,
    open: (dataset.open !== undefined && dataset.open !== "false") || fromMail !== undefined,
    link: keepLink(site, fromMail),
  };
}

/** Out of the address, where it would be copied along; kept for this tab, which may be reloaded. */
function keepLink(site: string, link: string | undefined): string | undefined {
  const key = `switchboard:${site}:link`;
  if (link) history.replaceState(history.state, "", location.pathname + location.search);
  try {
    if (link) sessionStorage.setItem(key, link);
    return link ?? sessionStorage.getItem(key) ?? undefined;
  } catch {
    return link;
  }
}

export function readTheme(wish: unknown): Theme {
  return wish === "light" || wish === "dark" ? wish : "auto";
}
