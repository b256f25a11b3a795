/** The five languages, and which of them a visitor gets. Above: view. Below: nothing. */
import { cs } from "./cs";
import { de } from "./de";
import { en, type Words } from "./en";
import { es } from "./es";
import { ru } from "./ru";

export type { Words };
export type Language = "en" | "cs" | "ru" | "de" | "es";

const LANGUAGES: Record<Language, Words> = { en, cs, ru, de, es };

/** The first of the wishes (BCP 47 tags) that we speak; English if none. */
export function pickLanguage(wishes: readonly (string | null | undefined)[]): Language {
  for (const wish of wishes) {
    const primary = wish?.toLowerCase().split(/[-_]/)[0];
    if (primary && Object.hasOwn(LANGUAGES, primary)) return primary as Language;
  }
  return "en";
}

export function wordsOf(language: Language): Words {
  return LANGUAGES[language];
}
