/**
 * One accent colour in, a readable set out (WCAG AA), for light and dark.
 *
 * Above: frame. Below: nothing. The accent fills; text on it is black or white, whichever reads
 * better; for links the accent is darkened or lightened until it stands out from the surface.
 */

type Rgb = readonly [number, number, number];

export const DEFAULT_ACCENT = "#3d4ed1";
const SURFACES = { light: [244, 244, 246], dark: [46, 49, 56] } as const;
const AA = 4.6;

export function accentVariables(wish: string | undefined): Record<string, string> {
  const fill = parseHex(wish) ?? (parseHex(DEFAULT_ACCENT) as Rgb);
  const white: Rgb = [255, 255, 255];
  const black: Rgb = [17, 18, 22];
  // White is the calmer choice where both would do; a fill in between is moved until one does.
  const onWhite = contrast(fill, white) >= AA;
  const onDark = (tone: Rgb): boolean => contrast(tone, SURFACES.dark) >= AA;
  return {
    "--accent": css(onWhite ? fill : until(fill, white, (tone) => contrast(tone, black) >= AA)),
    "--on-accent": css(onWhite ? white : black),
    "--accent-ink-light": css(until(fill, black, (tone) => contrast(tone, SURFACES.light) >= AA)),
    "--accent-ink-dark": css(until(until(fill, brightened(fill), onDark), white, onDark)),
  };
}

/** `#rgb` or `#rrggbb`. */
export function parseHex(text: string | undefined): Rgb | null {
  const long = (text ?? "").trim().replace(/^#(.)(.)(.)$/u, "#$1$1$2$2$3$3");
  if (!/^#[\da-f]{6}$/iu.test(long)) return null;
  const value = Number.parseInt(long.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** The contrast ratio of WCAG 2, 1 to 21. */
export function contrast(one: Rgb, other: Rgb): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** The same hue at its brightest, a third of the way to white: grey is no part of lightening. */
function brightened(colour: Rgb): Rgb {
  const scale = 255 / Math.max(1, ...colour);
  return mix([colour[0] * scale, colour[1] * scale, colour[2] * scale], [255, 255, 255], 0.35);
}

function until(from: Rgb, towards: Rgb, good: (tone: Rgb) => boolean): Rgb {
  for (let share = 0; share < 1; share += 0.04) {
    const tone = mix(from, towards, share);
    if (good(tone)) return tone;
  }
  return towards;
}

function mix(from: Rgb, towards: Rgb, share: number): Rgb {
  const blend = (index: 0 | 1 | 2): number => Math.round(from[index] * (1 - share) + towards[index] * share);
  return [blend(0), blend(1), blend(2)];
}

function luminance(colour: Rgb): number {
  const [red = 0, green = 0, blue = 0] = colour.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const css = (colour: Rgb): string => `rgb(${colour.join(" ")})`;
