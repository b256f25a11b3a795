"""Acts told without a verb of the tables: by their result, or by a verb that nobody listed.

Above: `actions`. Below: nothing. Folded. `RESULTS` are "the refund is complete"; `OPEN` finds what
the speaker says to have done whatever the verb, and `HARMLESS` are the verbs of looking, reading
and talking, for which no tool is needed.
"""

from __future__ import annotations

import re

_WORDS = r"(?: [^\W_][\w'-]*)"
RESULTS: tuple[str, ...] = (
    rf"\b(?:your|the|this) (?:[\w-]+ ){{0,3}}?(?:refund|reimbursement|cancellation|return|booking"
    r"|reservation|address|change|update|subscription|plan|money|charge|payment|request|order"
    rf"|replacement|account|appointment|transfer|correction){_WORDS}{{0,5}}? (?:is|are|was|were"
    r"|has|have|went|got)(?: now| already| been| all| successfully| just)* (?:complete|completed"
    r"|confirmed|done|final|successful|through|approved|settled|finished|ended|saved|in place"
    r"|restored|lifted|sent back|reversed|on your (?:card|account)|back (?:on|in) your|cancelled"
    r"|refunded|terminated)\b(?! in | at | with )",
    r"^(?:refund|cancellation|return|booking|order|request|address)(?: status)?\s?[:–-]\s?"
    r"(?:completed?|done|confirmed|approved|processed|cancelled|changed|updated)\b",
    r"\byou(?:'re| are) all set\b",
    rf"\b(?:\w*erstattung|ruckzahlung|gutschrift|\w*stornierung|kundigung|buchung|\w*anderung"
    rf"|umstellung|geld|betrag|sperre|abo|termin|ersatz\w*){_WORDS}{{0,5}}? (?:ist|sind|war|wurde)"
    rf"{_WORDS}{{0,4}}? (?:abgeschlossen|bestatigt|erfolgreich|fertig|durch|raus|erledigt"
    r"|aufgehoben|beendet|gespeichert|angekommen|rausgegangen|auf ihre[rm] (?:karte|konto))\b",
    rf"\b(?:vraceni|refundace|storno|vypoved|zruseni|rezervace|zmena|penize|castka|platba"
    rf"|predplatne|ucet|dobropis|termin|zasilka){_WORDS}{{0,5}}? (?:hotov\w*|potvrzen\w?"
    r"|uspesn\w*|probehl\w*|dokoncen\w?|odemcen\w*|ulozen\w?|vyresen\w*|odesl[ao]"
    r"|na vas\w+ (?:kart\w|uct\w))\b",
    rf"\b(?:возврат|отмена|деньги|средства|бронь|изменени\w|подписка|доступ|списание|платеж"
    rf"|замена|заявка){_WORDS}{{0,5}}? (?:заверш\w+|подтвержд\w+|успешн\w+|прошл\w+|удален\w?"
    r"|восстановлен\w?|выехал\w?|выполнен\w?|готов\w?|отправлен\w?|на ваше\w (?:карт\w|счет\w))\b",
    rf"\b(?:reembolso|devolucion|cancelacion|anulacion|reserva|cambio|dinero|importe|suscripcion"
    rf"|acceso|reemplazo|solicitud|cargo|cita){_WORDS}{{0,5}}? (?:completad\w|confirmad\w"
    r"|con exito|restaurad\w|salio|hech[oa]|resuelt\w|guardad\w|en su (?:tarjeta|cuenta))\b",
    r"\bya esta (?:todo )?(?:hecho|listo)\b",
    r"\b(?:your|the) (?:[\w-]+ ){0,2}?(?:subscription|plan|order|address|account|membership)"
    r" (?:is|are) (?:now )?(?:paused|inactive|up to(?= date)|on hold|stopped)\b",
    r"\b(?:replacement|new (?:\w+ )?(?:one|parcel|grinder|machine)) (?:ships|leaves|goes out)\b",
    r"\b(?:predplatne|ucet|clenstvi|objednavka) (?:\w+ ){0,2}?(?:pozastaven|neaktivni|neexistuje)",
    r"\b(?:подписка|заказ|аккаунт) (?:\w+ ){0,2}?(?:приостановлен|не активен|не активна)",
    r"\b(?:abo|abonnement|konto|bestellung) (?:\w+ )?ist (?:\w+ )?(?:pausiert|inaktiv)\b",
    r"\b(?:suscripcion|cuenta|pedido) (?:\w+ )?esta (?:\w+ )?(?:en pausa|pausad|inactiv)",
)

_OBJECT = (
    r"(?=\s(?:the|your|you|a|an|it|this|that|them|him|her|to|for|with|in|on|up|everything|all|our"
    r"|my|both|and)\b|[.!,]|$)"
)
_MADE = r"made(?! an? (?:mistake|error|typo))"
_ADVERBS = r"(?:(?:also|just|now|already|successfully|gladly|personally|then|since) )*"
OPEN: tuple[str, ...] = (
    rf"\b(?:i|we)(?:'ve| have) {_ADVERBS}(?P<v>[a-z]+ed|sent|{_MADE}|put|let|given|taken|done|told"
    rf"|paid|set|brought|begun|spoken|gotten){_OBJECT}",
    rf"\b(?:i|we) {_ADVERBS}(?P<v>[a-z]+ed|sent|{_MADE}|paid|told|gave|took|did)"
    r"(?=\s(?:the|your|it|this|that|all|a|an|you|everything)\b)",
    r"\bjs(?:em|me) (?:[\w-]+ ){0,5}?(?P<v>[a-z]{3,}l[aiyo]?)\b",
    r"\b(?P<v>[a-z]{3,}l[aiyo]?) (?:[\w-]+ ){0,1}?js(?:em|me)\b",
    r"\b(?:я|мы) (?:[\w-]+ ){0,4}?(?P<v>[а-я]{3,}л(?:а|и|ся|ась|ись)?)\b",
    r"\bhab(?:e|en) (?:ich|wir) [^.!?;,]{0,100}?\b(?P<v>[a-z]{3,}t)(?=[.!?,;:]|$| und )",
    r"\b(?:ich|wir) hab(?:e|en) [^.!?;,]{0,100}?\b(?P<v>[a-z]{3,}t)(?=[.!?,;:]|$| und )",
    r"\b(?:ich|wir) hab(?:e|en) [^.!?;,]{0,100}?\b(?P<v>[a-zß]*ge[a-zß]{2,}en)(?=[.!?,;:]|$)",
    r"\b(?:he|hemos) (?:(?:ya|le|les|lo|la|se) )*(?P<v>[a-z]{2,}(?:ado|ido)|hecho|puesto|resuelto"
    r"|dicho|devuelto|abierto)\b",
    r"\b(?:acabo|acabamos) de (?P<v>[a-z]{3,}[aei]r\w{0,4})\b",
)
_HARMLESS = """
checked looked found seen read understood received searched reviewed tried been had noted heard
noticed listed explained described mentioned said quoted summarised summarized included compared
considered wanted needed hoped asked talked apologised apologized attempted verified consulted
examined understood answered replied written provided based shared limited related translated
prepared gathered collected confirmed learned followed promised offered recommended suggested told
nasel nasla nasli zjistil zjistila overil overila zkontroloval zkontrolovala podival podivala
precetl precetla hledal hledala dohledal dohledala pochopil pochopila dostal dostala dostali
obdrzel obdrzela obdrzeli zkusil zkusila byl byla byli mel mela meli rekl rekla napsal napsala
uvedl uvedla zminil zminila mohl mohla chtel chtela vedel vedela myslel myslela proveril proverila
prosel prosla videl videla nahledl
pripravil pripravila popsal popsala vysvetlil vysvetlila doporucil doporucila doufal
нашел нашла нашли увидел увидела проверил проверила проверили посмотрел посмотрела прочитал
прочитала искал искала понял поняла поняли получил получила получили был была были мог могла могли
хотел хотела хотели сказал сказала написал написала указал указала знал знала смог смогла смогли
думал думала узнал узнала уточнил уточнила постарался постаралась попробовал попробовала если или
подготовил подготовила описал описала упомянул объяснил объяснила
просмотрел просмотрела сверился изучил изучила сожалел
geprueft gepruft uberpruft nachgeschaut geschaut gesucht gehort gesagt erwahnt gehabt erklart
geoffnet nicht bereits jetzt zuletzt erst recht selbst leicht sofort gefragt verglichen damit
durchsucht nachgefragt geklart schlecht angezeigt dort gut oft fast
vorbereitet gesehen nachgesehen gelesen durchgelesen angesehen gefunden gewesen gesprochen
geschrieben vorgelesen
preparado encontrado revisado comprobado buscado leido entendido
recibido consultado mirado podido sido tenido
mencionado verificado intentado indicado explicado notado oido dicho querido sabido comparado
comprendido comprobar revisar consultar mirar buscar ver verificar leer
"""
HARMLESS = frozenset(_HARMLESS.split())
RESULT_PATTERNS = [re.compile(pattern) for pattern in RESULTS]
OPEN_PATTERNS = [re.compile(pattern) for pattern in OPEN]
