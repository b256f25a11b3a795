"""Finds what stands under a mail: signatures, "sent from my phone", legal footers. Pure.

Above: `trimming`. Below: nothing. Works on the lines of one stretch of text and never takes all of
it: a mail that says "Thanks!" says something.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_DASHES = re.compile(r"\s*(?:--|—|__)\s*\Z")
_DEVICE = re.compile(
    r"^[\s_*]*(?:sent (?:from|via|with) (?:my |the |yahoo|outlook|mail|proton|samsung|gmail"
    r"|iphone|ipad)"
    r"|get outlook for|gesendet (?:von|mit|aus) (?:mein|der|outlook|mail|yahoo|web\.de|gmx"
    r"|iphone|proton)"
    r"|von mein\w+ (?:iphone|ipad|samsung|smartphone|handy|mobil|android)\w* gesendet"
    r"|diese nachricht wurde von meinem \w+"
    r"|odesl[aá]no (?:z|ze|pomoc[ií]) |posl[aá]no z |odesl[aá]no z m[eé]ho"
    r"|отправлено (?:с|из|от) |отправлено с моего|посл[аa]но с "
    r"|enviado (?:desde|con) (?:mi |el |outlook|yahoo|correo|proton|gmail)"
    r"|envoy[eé] de(?:puis)? mon|inviato da|wys[lł]ano z|verzonden vanaf"
    r"|(?:outlook|mail) (?:for|für|pro|для|para) (?:ios|android|windows)"
    r"|holen sie sich outlook|z[ií]skat outlook|получить outlook|obtener outlook"
    r"|virus-free|virenfrei|без вирусов|libre de virus|neobsahuje [zž][aá]dn[eé] viry"
    r"|this (?:e-?mail|message) (?:has been|was) (?:checked|scanned) for viruses)", re.IGNORECASE
)  # fmt: skip
_CLOSING = re.compile(
    r"^\s*(?:(?:with |my )?(?:best|kind|warm|many)(?: regards| wishes| greetings)?|regards"
    r"|all the best"
    r"|cheers|sincerely(?: yours)?|yours (?:sincerely|faithfully|truly)"
    r"|(?:many )?thanks(?: a lot)?|thank you"
    r"|thanks (?:and|in advance|&).{0,30}|br|kr"
    r"|(?:mit )?(?:freundlich|best|lieb|viel|herzlich|sch[oö]n)\w*(?: und \w+)? gr(?:ü|ue)(?:ß"
    r"|ss)\w*.{0,30}"
    r"|(?:liebe |viele |schöne |beste )?gr(?:ü|ue|u)(?:ß|ss)e?|mfg|lg|vg|hochachtungsvoll"
    r"|(?:vielen |besten |herzlichen )?dank(?: im voraus)?|danke"
    r"|s (?:pozdravem|[uú]ctou|p[rř][aá]n[ií]m .{0,40}|d[ií]ky)|(?:hezk[yý]|kr[aá]sn[yý]"
    r"|p[eě]kn[yý]) den"
    r"|(?:moc |p[rř]edem )?d[eě]kuj[ui](?: moc| p[rř]edem)?|d[ií]ky(?: moc)?|zdrav[ií]m"
    r"|с уважением|с наилучшими пожеланиями|всего (?:доброго|хорошего|наилучшего)"
    r"|спасибо(?: большое| заранее)?"
    r"|заранее (?:спасибо|благодар\w+)|благодарю|искренне ваш\w?"
    r"|(?:un |muchos |cordiales |atentos )?saludos?(?: cordial(?:es)?)?|atentamente"
    r"|(?:muchas )?gracias(?: de antemano)?"
    r"|reciba .{0,40}|un abrazo"
    r"|quedo .{0,60})\s*[,.!–-]*\s*(?P<name>[^\W\d_][^?\d@]{0,40})?\s*\Z", re.IGNORECASE
)  # fmt: skip
_LEGAL_START = re.compile(
    r"^[\s*_]*(?:(?:confidential|disclaimer|privacy|legal|important)[\w ]{0,30}(?:notice|note|:)"
    r"|disclaimer\b"
    r"|this (?:e-?mail|message|communication|transmission)|the (?:information"
    r"|contents?) (?:contained )?(?:in|of) this"
    r"|please consider the environment|(?:rechtlicher |wichtiger )?hinweis:?|diese (?:e-?mail"
    r"|nachricht|mitteilung)"
    r"|der inhalt dieser|d[uů]v[eě]rn[eé]|upozorn[eě]n[ií]|tat?o (?:e-?mailov[aá] )?(?:zpr[aá]va"
    r"|e-?mail)|obsah t[eé]to|tento e-?mail"
    r"|(?:данное|это|настоящее)\s+(?:электронное\s+)?(?:сообщение|письмо)"
    r"|информация,? содержащаяся|конфиденциальн\w+"
    r"|(?:este|el presente) (?:mensaje|correo)|aviso (?:legal|de confidencialidad)"
    r"|la informaci[oó]n contenida)", re.IGNORECASE
)  # fmt: skip
_LEGAL_WORDS = re.compile(
    r"confidential|privileged|intended (?:solely|only|recipient)|unauthori[sz]ed"
    r"|print(?:ing)? this|vertraulich|"
    r"unbefugt|irrt(?:ü|ue)mlich|rechtlich gesch|d[uů]v[eě]rn|ur[cč]en[aoy]? (?:pouze"
    r"|v[yý]hradn)|adres[aá]t|ochran[aeuy]|"
    r"конфиденциальн|предназначен|адресат|confidencial|destinatari|privilegiad|medio ?ambiente"
    r"|protecci[oó]n de datos",
    re.IGNORECASE,
)
_MOST_SIGNATURE_LINES = 8
_MOST_SIGNATURE_LINE = 70


def cut_signature(lines: Sequence[str]) -> list[str]:
    """The lines without what stands under them; all of them if nothing would be left."""
    kept = list(lines)
    for cut in (_cut_dashes, _cut_devices, _cut_legal, _cut_devices, _cut_closing):
        shorter = cut(kept)
        if any(line.strip() for line in shorter):
            kept = shorter
    return kept


def _cut_dashes(lines: list[str]) -> list[str]:
    """From a line of two dashes on. Later dashes first: people part paragraphs with them too."""
    for place, line in enumerate(lines):
        if line == "-- " or (_DASHES.match(line) and len(lines) - place <= 15):
            return lines[:place]
    return lines


def _cut_devices(lines: list[str]) -> list[str]:
    return [line for line in lines if len(line) > 120 or not _DEVICE.match(line)]


def _cut_legal(lines: list[str]) -> list[str]:
    """From a legal footer on, if that is what the rest is."""
    for place, line in enumerate(lines):
        if _LEGAL_START.match(line) and (not place or not lines[place - 1].strip("_-=* ")):
            rest = " ".join(lines[place : place + 12])
            if _LEGAL_WORDS.search(rest) and not rest.rstrip().endswith("?"):
                return lines[:place]
    return lines


def _cut_closing(lines: list[str]) -> list[str]:
    """From "Best regards" on, if short lines are all that follows."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    for place in range(max(0, end - _MOST_SIGNATURE_LINES - 4), end):
        if _CLOSING.match(lines[place]) is None or len(lines[place]) > 90:
            continue
        rest = [line for line in lines[place + 1 : end] if line.strip()]
        short = all(len(line) <= _MOST_SIGNATURE_LINE and "?" not in line for line in rest)
        if len(rest) <= _MOST_SIGNATURE_LINES and short and not _says_more(rest):
            return lines[:place]
    return lines


def _says_more(rest: Sequence[str]) -> bool:
    """True if a line under a closing is a sentence: a postscript, or "Thanks" in the middle."""
    return any(
        re.match(r"\s*(?:P\.? ?S|PPS|NB|З\.?Ы|N\.?B)\b", line, re.IGNORECASE)
        or (line.rstrip().endswith((".", "!")) and len(line.split()) >= 4)
        or len(line.split()) >= 9
        for line in rest
    )
