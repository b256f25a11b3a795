"""How people say things about themselves, in five languages: words and patterns, nothing else.

Above: `finding`, `summary`. Below: `fold`: every pattern here is matched against folded text (small
letters, no accents; so Russian й is и and ё is е).
"""

from __future__ import annotations

import re
from functools import lru_cache


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


COPULA = {
    "en": r"is called|is named|is|are|has been moved to|was moved to|is moved to|will be"
    r"|should be|would be|has changed to|changed to|=|:",
    "cs": r"(?:se )?jmenuji?e?|byl\w* presunut\w* na|je|jsou|zni|bude|ma byt|se zmenil[ao]? na|:",
    "ru": r"зовут|называется|называются|перенесен\w* на|это|будет|теперь|изменил(?:ся|ась"
    r"|ось) на|—|–|-|:",
    "de": r"wurde (?:verschoben )?auf|ist verschoben auf|ist|sind|lautet|heißt|heisst|wird"
    r"|hat sich geandert auf|:",
    "es": r"se llaman?|se ha (?:movido|cambiado) a(?:l)?|es|son|esta|sera|ha cambiado a|:",
}
OWNER = {
    "en": r"my|our",
    "cs": r"muj|moje|moji|mou|nas|nase|nasi",
    "ru": r"мои|моя|мое|наш|наша|наше|моего|моеи|моих|мою|нашего|нашеи|у меня",
    "de": r"mein|meine|meinen|unser|unsere",
    "es": r"mi|mis|nuestro|nuestra",
}
# "Мой бюджет 500 евро": Russian says it without a verb.
OWNED_WITHOUT_VERB = (
    r"\b(?:мои|моя|мое|наш"
    r"|наша)\s+(?P<key>[^\W\d_]+(?: [^\W\d_]+){0,2}?)\s+(?:теперь\s+)?(?P<value>\d.*)"
)
# Words beside a value or a key that say nothing of it.
FILLERS = _set(
    """
    actually now really in fact currently correctly instead rather new current correct right
    still just simply also called exactly old vlastne ted nyni opravdu nova novy nove novou
    spravna spravne spravny aktualni take presne uz proste на самом деле теперь сеичас новыи
    новая новое правильныи правильная правильно также точно ровно уже eigentlich jetzt neue
    neuer neues neuen aktuelle aktueller richtige richtig tatsachlich auch genau doch
    inzwischen ahora realmente nuevo nueva actual correcto correcta correctamente en
    realidad tambien exactamente ya the a an der die das el la
    """
)
GENERIC = _set(
    """
    number no no. id code nr nr. cislo c. номер код № nummer numero preferred my your
    contact kontaktni контактныи kontakt de do of dne
    """
)
# What a key is, by the stems of its words.
KINDS: dict[str, str] = {
    "order": r"order\w*|objednav\w*|заказ\w*|bestell\w*|auftrag\w*|pedidos?",
    "invoice": r"invoice|faktur\w*|счет\w*|rechnung\w*|factura",
    "ticket": r"ticket\w*|tiket\w*|тикет\w*",
    "serial": r"serial|serijn\w*|serio\w*|vyrobni\w*|сериин\w*|seriennummer|serie",
    "phone": r"phone|telephone|mobile|cell|cellphone|telefon\w*|mobil\w*|телефон\w*|handy\w*|movil",
    "email": r"e-?mail\w*|mail|почт\w*|имеил|correo(?: electronico)?|electronico|электронн\w*",
    "address": r"address|adres\w*|адрес\w*|anschrift|direccion",
    "name": r"name|jmeno|имя|nombre",
    "product": r"product|model|device|produkt|vyrobek|pristroj|товар|модель|устроиство|gerat|modell"
    r"|producto|modelo|dispositivo",
    "language": r"language|jazyk|язык|sprache|idioma",
}
NUMBERED = ("order", "invoice", "ticket", "serial")
NAMED = (
    r"\b(?:my name is|my name's|i am called|i'm called|please call me|you can call me|jmenuji se"
    r"|jmenuju se|(?:moje|me) jmeno je|rikejte mi|меня зовут|мое имя|зовите меня|ich heisse"
    r"|ich heiße|mein name ist|nennen sie mich|me llamo|mi nombre es|llamame|llameme)\b"
)
PERHAPS_NAMED = (
    r"\b(?:i am|i'm|i go by|jsem|ich bin|this is|tady(?: je)?|u telefonu|это|я"
    r"|hier ist|hier spricht|soy)\b"
)
LIVES = (
    r"\b(?:i live (?:at|in|on)|(?:deliver|ship|send) (?:it |them |everything )?to"
    r"|(?:i|we)(?:'ve| have)?(?: just)? moved to"
    r"|bydlim (?:na adrese|na|ve|v)"
    r"|(?:doructe|poslete|posilejte) (?:to |mi to )?(?:na adresu|na|do)"
    r"|(?:pre)?stehoval[ai]? jsem se (?:na|do)"
    r"|я живу (?:по адресу|в|на)|(?:доставьте|отправьте|пришлите) (?:по адресу|в|на)"
    r"|я переехал[аи]? (?:в|на)"
    r"|ich wohne (?:in der|in|am|an der|auf)|(?:liefern|schicken|senden) sie (?:es |alles |bitte )?"
    r"(?:bitte )?(?:an|in|nach)|ich bin (?:in|nach) (?:die )?"
    r"|vivo en|env[ií](?:en|e|a)(?:lo|la|melo)? a|me he mudado a)\s+"
)
OWNS = (
    r"\b(?:i (?:have|own|bought|use|ordered|got)(?: an?| the| your)?"
    r"|(?:mam|koupil[ai]? jsem(?: si)?|pouzivam|vlastnim|objednal[ai]? jsem(?: si)?)"
    r"|(?:у меня(?: есть)?|я купил[аи]?|я пользуюсь|использую|я заказал[аи]?)"
    r"|ich (?:habe|besitze|benutze|nutze|verwende)(?: (?:ein|eine|einen|den|die|das|ihr|ihren))?"
    r"|(?:tengo|compre|he comprado|uso|utilizo)(?: (?:un|una|el|la|su))?)\s+"
)
LANGUAGES = {
    "en": r"english|anglick\w*|anglicti\w*|английск\w*|englisch\w*|ingles",
    "cs": r"czech|cesk[yéu]\w*|cesky|cestin\w*|чешск\w*|tschechisch\w*|checo",
    "ru": r"russian|rusk[yu]\w*|rusky|rustin\w*|русск\w*|russisch\w*|ruso",
    "de": r"german|nemeck\w*|nemecky|nemcin\w*|немецк\w*|deutsch\w*|aleman",
    "es": r"spanish|spanelsk\w*|spanelsky|spanelstin\w*|испанск\w*|spanisch\w*|espanol",
}
WANTS_LANGUAGE = (
    r"\b(?:continue|switch|weiter|wechseln|seguir|seguimos|cambiar|pokrac\w*|prejit|продолж\w*"
    r"|переид\w*|prefer\w*|please|write|answer|reply|speak|talk|communicate|respond"
    r"|piste|odpovidejte"
    r"|odpovidat|mluvte|mluvit|radsi|radeji|prosim|komunikovat|пишите|отвечаите|отвечать|говорите"
    r"|предпочитаю|лучше|пожалуиста|общаться|schreiben|antworten|sprechen|bitte|lieber|bevorzug\w*"
    r"|prefiero|prefiere|escrib\w*|respond\w*|habl\w*|contest\w*|por favor)\b"
)
CHANNELS = {
    "email": r"e-?mail\w*|mailem|почт\w*|имеил\w*|correo",
    "phone": r"phone|call|telefon\w*|zavol\w*|позвон\w*|звон\w*|телефон\w*|anruf\w*"
    r"|rufen|telefono|llam\w*",
    "telegram": r"telegram\w*|телеграм\w*",
    "whatsapp": r"whats ?app\w*|ватсап\w*",
    "sms": r"sms|text message|смс",
    "slack": r"slack\w*",
    "web": r"chat\w*|чат\w*",
}
WANTS_CHANNEL = (
    r"\b(?:prefer\w*|contact me|reach me|get in touch|get back to me|write to me|best way"
    r"|kontaktujte|ozvete|radsi|radeji|nejlepe|kontaktovat"
    r"|свяжитесь|связ\w*|предпочитаю|лучше|kontaktieren|erreichen|melden|lieber|am besten"
    r"|bevorzug\w*|contact(?:en|e|ar)me|prefiero|comuniq\w*|mejor por)\b"
)
CORRECTS = (
    r"\b(?:actually|i meant|i mean|correction|my mistake|my bad|i was wrong|i made a mistake|typo"
    r"|mistyped|misspoke|instead|or rather|scratch that|oops|wrong (?:number|one)|it has changed"
    r"|has changed|changed my mind|in fact|should be|not right"
    r"|myslel[ai]? jsem|имел[аи]? в виду|ich meinte|ich meine|queria decir|quise decir|debe ser"
    r"|vlastne|oprava|opravuji|opravuju|splet\w*|preklep\w*|spatne|spravne|ve skutecnosti|pardon"
    r"|zmenil\w*|misto toho|mylil\w*"
    r"|на самом деле|точнее|вернее|исправл\w*|ошиб\w*|поправк\w*|опечат\w*|неправильно|изменил\w*"
    r"|doch nicht|sondern|eigentlich|korrektur|korrigiere|vertan|vertippt|stimmt nicht|falsch"
    r"|genauer gesagt|richtig ist|geandert|verschrieben|tatsachlich|versehen"
    r"|en realidad|mejor dicho|corrijo|correccion|equivo\w*|perdon|en verdad|sino"
    r"|ha cambiado|cambie"
    r"|rectifico)\b|^(?:no|ne|nein|нет|sorry|wait|pockat|moment|подождите|стоп"
    r"|espere?)\b[\s,.:;!–—-]"
)
# "not OLD but NEW", and the other way round.
CONTRASTS = (
    r"\bnot (?P<old>.+?),? (?:but|it's|it is) (?P<new>.+)",
    r"\bneni(?: to)? (?P<old>.+?),? (?:ale|nybrz)(?: je to)? (?P<new>.+)",
    r"\bne (?P<old>[^,]+?),? (?:ale|nybrz) (?P<new>.+)",
    r"\bне (?P<old>.+?),? а (?P<new>.+)",
    r"\bnicht (?P<old>.+?),? sondern (?P<new>.+)",
    r"\bno (?:es |son )?(?P<old>.+?),? sino (?P<new>.+)",
    r"^(?P<new>.+?),? (?:and )?not (?P<old>.+)",
    r"^(?P<new>.+?),? (?:instead of|rather than|misto|вместо|statt|anstatt"
    r"|en lugar de|en vez de) (?P<old>.+)",
    r"^(?P<new>.+?),? (?:a )?nikoliv? (?P<old>.+)",
    r"^(?P<new>.+?), (?:a )?ne (?P<old>.+)",
    r"^(?P<new>.+?),? а не (?P<old>.+)",
    r"^(?P<new>.+?),? (?:und )?nicht (?P<old>.+)",
    r"^(?P<new>.+?),? (?:y )?no (?P<old>.+)",
)
# "it is NEW" with nothing that says what: the thing spoken of last is meant.
BARE = (
    r"\b(?:it is|it's|its|that's|that is|it should be|make it|should be|i meant|i mean"
    r"|je to|ma to byt|spravne je(?: to)?|bude to|myslel[ai]? jsem"
    r"|должно быть|правильно|имел[аи]? в виду|это"
    r"|es ist|ist es|es sind|es lautet|richtig ist|sondern|ich meinte|ich meine"
    r"|es|son|sino|queria decir|quise decir|debe ser|deberia ser|seria)\s*[:—–-]?\s*"
)
# "My question is …" tells nothing of the customer.
NO_KEYS = _set(
    """
    mind question problem issue point concern opinion guess fault turn dotaz otazka nazor chyba
    вопрос проблема вина frage meinung schuld pregunta problema duda opinion culpa
    """
)
# "The new address is …", "Name: …": what it is shows without "my".
PLAIN_KINDS = ("address", "product", "name")
# "I have the Premium plan".
PLANS = r"plan|subscription|tariff|package|membership|tarif|abo"
# Not a value: what is said after "it is" about how things go.
STATES = _set(
    """
    fine ok okay good working broken not still all done gone solved bad late wrong true the
    a an very too so here there urgent about when where what why how if because that this my
    your is are ist sind je jsou es son esta wir ich i we you sie v dobre fajn porad jeste
    uz hotovo spatne rozbite pozde jedno нормально хорошо ок все еще не сломан плохо верно
    так уже gut nicht kaputt noch immer schon fertig zu sehr in dass weil mein meine bien
    mal no todavia ya muy urgente que mi
    """
)
AND = {
    "en": r"and|but|because|so|which|if|when|can|could|please",
    "cs": r"a|ale|protoze|takze|a tak|muzete|prosim",
    "ru": r"и|но|а|потому|поэтому|можете|пожалуиста",
    "de": r"und|aber|weil|also|bitte|konnen",
    "es": r"y|pero|porque|asi|puede|por favor",
}


@lru_cache(maxsize=256)
def pattern(text: str) -> re.Pattern[str]:
    """A pattern of this module, made once."""
    return re.compile(text)
