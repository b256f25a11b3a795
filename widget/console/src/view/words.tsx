/** Text as text, with web addresses as links. Above: views. Below: the widget's finder of links. */
import { findLinks } from "../../../src/view/text";

export function Text({ text }: { text: string }) {
  return (
    <p class="text" dir="auto">
      {findLinks(text).map((piece) =>
        typeof piece === "string" ? (
          piece
        ) : (
          <a href={piece.url.href} target="_blank" rel="noopener noreferrer nofollow" title={piece.url.href}>
            {piece.label}
          </a>
        ),
      )}
    </p>
  );
}
