"""Proper names in a text that stand in no evidence: people, brands, products.

Above: `evidence`. Below: `folding`. In German every noun is written large, so there a name is told
by its neighbours only; elsewhere a large letter inside a sentence is enough.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from core.specialists.checks.date_words import MONTHS, WEEKDAYS
from core.specialists.checks.folding import fold

_TOKEN = re.compile(r"[^\W\d_][\w’']*(?:-[^\W_]\w*)*")
_LONGEST_ACRONYM = 4  # what a text shortens so far is a kind of thing more often than a name
_CAMEL = re.compile(r"^[^\W\d_]*[a-z][A-Z]")
_BREAK = re.compile(
    r"[.!?…:;»“„\"”¿¡(\[/•|→>‘]\s*$|^\s*$|\n\s*(?:[-*•]|\d{1,2}[.)])?\s*$|[-–—]\s+$"
)
_TITLE = re.compile(
    r"\b(?:mr|mrs|ms|dr|herr|herrn|frau|pan|pani|panem|pana|panu|господин\w*|госпож\w*|sr|sra"
    r"|senor|senora|colleague|kolega|kolegyne|kolegou|kolegovi|kolegyni|коллег\w+|kollege"
    r"|kollegen|kollegin|companero|companera|agent|agentka|manager|manazer\w*|менеджер\w*"
    r"|specialista|специалист\w*|mitarbeiter|mitarbeiterin|agente|namens|heiße|heisse"
    r"|name is|jmenuji se|jmeno je|меня зовут|mein name ist|me llamo|mi nombre es|soy|i am|i'm)"
    r"\.?\s+$"
)
# Folded words that say where to press or look: large words beside them are labels.
_PRESSED = re.compile(
    r"\b(?:open|choose|select|click|tap|press|go to|navigate|visit|log in|sign in|button|tab|page"
    r"|menu|section|screen|team|department|klik\w*|vyber\w*|otevr\w*|zvol\w*|stiskn\w*|prejd\w*"
    r"|tlacit\w*|stran\w*|sekc\w*|zaloz\w*|oddelen\w*|нажм\w*|выбер\w*|откро\w*|перейд\w*|зайд\w*"
    r"|кнопк\w*|страниц\w*|раздел\w*|вкладк\w*|отдел\w*|wahlen|klick\w*|offnen|tippen|gehen sie"
    r"|schaltflache|seite|bereich|abteilung|pulsa\w*|seleccion\w*|elig[ea]\w*|abr[ae]\w*|haz clic"
    r"|haga clic|ve a|vaya a|boton|pagina|pestana|seccion|departamento|equipo)\b"
)
_COMMON_LISTED = """
eur usd gbp czk rub pln chf jpy huf
i ai ok faq pdf vat pin sms id url qr usb iban eu usa uk sepa wifi wi-fi wlan pc tv ip csv gdpr
dsgvo dph ico dic ндс инн mwst iva nif app sos ceo api mail email e-mail html internet web
online pos rma bic swift nfc led hd gps cet utc am pm etc vs mr mrs ms dr sr sra support team
customer service help center centre settings account order orders refund dear hello hi please
thank thanks sorry yes no you your we our the a an if vam vas vase vasi vasim vasich vas vami
vaseho vasemu vasem vasi vy вы вас вам вами ваш ваша ваше ваши вашего вашей вашему вашим ваших
вашу usted ustedes su sus ud uds sie ihnen ihr ihre ihrem ihren ihrer ihres english german czech
russian spanish french italian polish slovak european deutsch europe germany austria switzerland
czechia republic spain france europa deutschland espana cesko ceska ceske republika republiky
россия россии европа black friday easter christmas monday new year
technical billing sales general specialist agent assistant manager supervisor department server
system bot technicka technicky podpora oddeleni specialista asistent технический специалист отдел
поддержка ассистент techniker abteilung assistent kundendienst tecnico agente asistente soporte
profile login checkout cart plan subscription invoice invoices payment returns menu home
ucet uctu objednavky objednavka objednavek nastaveni profil kosik predplatne faktury platby menu
аккаунт аккаунте настройки настройках заказы заказ профиль корзина подписка счета оплата меню
конто konto einstellungen bestellungen warenkorb abo rechnungen zahlung profil
cuenta ajustes pedidos perfil cesta carrito suscripcion facturas pago
"""
_COMMON = frozenset(_COMMON_LISTED.split())


def invented_names(
    text: str, language: str, knows: Callable[[str], bool], *, translated: bool = False
) -> list[str]:
    """Names in `text` that `knows` (asked with a folded word) does not know.

    Where a sentence says what to press or open, and where the passages are in another language
    (`translated`), labels of pages and buttons may be anything; only what cannot be a label counts.
    """
    found: list[str] = []
    has_labels = translated or _PRESSED.search(fold(text)) is not None
    for run, opens, titled in _runs(text):
        strange = [word for word in run if not _is_common(word) and not knows(fold(word))]
        if not strange:
            continue
        camel = [word for word in strange if _CAMEL.match(word) or _is_foreign(word, language)]
        if has_labels:
            if titled or camel:
                found.append(" ".join(strange))
        elif language == "de":
            if titled or camel or (len(run) > 1 and len(strange) > 1 and not opens):
                found.append(" ".join(strange))
        elif titled or camel or not opens or (len(run) > 1 and strange != run[:1]):
            found.append(" ".join(strange))
    return found


def _runs(text: str) -> Iterator[tuple[list[str], bool, bool]]:
    """Neighbouring words with large letters; whether they open a sentence, follow a title."""
    run: list[str] = []
    opens = titled = False
    end = -1
    for match in _TOKEN.finditer(text):
        word = match[0]
        large = word[0].isupper() or _CAMEL.match(word) is not None
        joined = run and text[end : match.start()] in {" ", "\u00a0", ". "} and large
        if run and not joined:
            yield run, opens, titled
            run = []
        if large:
            if not run:
                before = text[max(0, match.start() - 40) : match.start()]
                opens = _BREAK.search(before) is not None
                titled = _TITLE.search(fold(before)) is not None
            run.append(word)
            end = match.end()
    if run:
        yield run, opens, titled


def _is_foreign(word: str, language: str) -> bool:
    """Latin letters within Russian are a name, wherever they stand."""
    return language == "ru" and word.isascii()


def _is_common(word: str) -> bool:
    folded = fold(word).removesuffix("'s").removesuffix("’s")
    if word.isupper() and len(word) <= _LONGEST_ACRONYM:
        return True
    return folded in _COMMON or folded in MONTHS or folded in WEEKDAYS
