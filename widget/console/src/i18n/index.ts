/** The five languages of the console. Above: views. Below: the words. */
import { tastes } from "../keep";
import { cs } from "./cs";
import { de } from "./de";
import { en, type Words } from "./en";
import { es } from "./es";
import { ru } from "./ru";

export const LANGUAGES: Record<string, { name: string; words: Words }> = {
  en: { name: "English", words: en },
  cs: { name: "Čeština", words: cs },
  ru: { name: "Русский", words: ru },
  de: { name: "Deutsch", words: de },
  es: { name: "Español", words: es },
};

/** The chosen language, else the browser's, else English. */
export function pickLanguage(): string {
  for (const wish of [tastes.get("language"), ...navigator.languages]) {
    const primary = wish?.toLowerCase().split(/[-_]/)[0];
    if (primary && Object.hasOwn(LANGUAGES, primary)) return primary;
  }
  return "en";
}

/** `{name}` in the text is replaced. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/gu, (whole, name: string) => String(values[name] ?? whole));
}
