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
}

export function readOptions({ dataset, src }: HTMLScriptElement): Options {
  return {
    site: dataset.site || "default",
    origin: new URL(src || location.href, location.href).origin,
    language: pickLanguage([dataset.language, ...navigator.languages]),
    theme: readTheme(dataset.theme),
    accent: dataset.accent,
    title: dataset.title,
    open: dataset.open !== undefined && dataset.open !== "false",
  };
}

export function readTheme(wish: unknown): Theme {
  return wish === "light" || wish === "dark" ? wish : "auto";
}
