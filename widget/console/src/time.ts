/** Times and numbers in the reader's language. Above: views. Below: Intl. */
export function ago(at: string | null | undefined, now: number): string {
  return at ? span((now - Date.parse(at)) / 1000) : "";
}

/** A length of time, in the two units that matter. */
export function span(length: number): string {
  const seconds = Math.max(0, Math.round(length));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d`;
}

export const clock = (at: string, language: string): string =>
  new Date(at).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });

export const day = (at: string, language: string): string =>
  new Date(at).toLocaleDateString(language, { weekday: "short", day: "numeric", month: "short" });

export const number = (value: number, language: string, digits = 0): string =>
  value.toLocaleString(language, { maximumFractionDigits: digits });

export function languageName(code: string | null, language: string): string {
  if (!code) return "";
  try {
    return new Intl.DisplayNames([language], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}
