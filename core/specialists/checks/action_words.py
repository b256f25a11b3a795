"""How one says, in five languages, that something was done. Above: `actions`, `promise`.

Participles and past forms by class of act, folded (`folding.fold`), as stems with the endings each
language puts on them. `light` and `ask` say little themselves: the noun beside them tells the act.
"""

from __future__ import annotations

# class -> stems, by language. The order of languages is that of the rest of the house.
DONE: dict[str, dict[str, str]] = {
    "en": {
        "refund": "refunded reimbursed credited repaid paid_back paid_out",
        "cancel": "cancelled canceled terminated voided deactivated unsubscribed stopped closed",
        "change": "changed updated modified corrected adjusted edited amended switched upgraded "
        "downgraded extended reset unlocked unblocked activated enabled disabled restored deleted "
        "removed replaced fixed applied added rerouted redirected",
        "send": "sent e-mailed emailed mailed shipped dispatched resent delivered handed_over_to",
        "book": "booked scheduled reserved ordered",
        "create": "created opened filed registered logged raised submitted generated",
        "escalate": "escalated forwarded handed passed transferred referred notified informed "
        "contacted alerted connected assigned called spoken_to",
        "note": "recorded saved documented",
        "light": "processed completed approved granted initiated issued started triggered "
        "authorised authorized waived put_through arranged taken_care_of set_up sorted resolved",
        "ask": "requested asked_for applied_for",
    },
    "cs": {
        "refund": "vracen refundovan proplacen pripsan dobropisovan vratil refundoval proplatil "
        "pripsal",
        "cancel": "zrusen stornovan ukoncen deaktivovan zrusil stornoval ukoncil deaktivoval",
        "change": "zmenen upraven aktualizovan opraven odblokovan resetovan aktivovan obnoven "
        "smazan odstranen vymenen prodlouzen pridan uplatnen zmenil upravil aktualizoval opravil "
        "odblokoval resetoval aktivoval obnovil smazal odstranil vymenil prodlouzil pridal "
        "uplatnil prepsal",
        "send": "odeslan zaslan poslan expedovan dorucen odeslal zaslal poslal expedoval",
        "book": "rezervovan zarezervovan objednan naplanovan domluven sjednan rezervoval "
        "zarezervoval objednal naplanoval domluvil sjednal",
        "create": "vytvoren zalozen zaregistrovan podan vystaven zaevidovan nahlasen vytvoril "
        "zalozil zaregistroval podal vystavil zaevidoval nahlasil",
        "escalate": "predan eskalovan preposlan postoupen informovan kontaktovan predal eskaloval "
        "preposlal postoupil informoval kontaktoval upozornil prepojil spojil oslovil",
        "note": "poznamenan zapsan ulozen zaznamenan poznamenal zapsal ulozil zaznamenal",
        "light": "zpracovan vyrizen schvalen proveden dokoncen zarizen zahajen zpracoval vyridil "
        "schvalil provedl dokoncil zaridil zahajil zajistil",
        "ask": "pozadal zazadal vyzadal",
    },
    "ru": {
        "refund": "возвращен возмещен зачислен компенсирован вернул возместил зачислил "
        "возвратил компенсировал",
        "cancel": "отменен аннулирован расторгнут отключен отменил аннулировал отключил",
        "change": "изменен обновлен исправлен сброшен разблокирован активирован восстановлен "
        "удален заменен продлен добавлен применен изменил обновил поменял исправил сбросил "
        "разблокировал активировал восстановил удалил заменил продлил добавил применил",
        "send": "отправлен выслан доставлен отправил выслал переслал",
        "book": "забронирован зарезервирован заказан назначен запланирован забронировал "
        "зарезервировал заказал назначил запланировал",
        "create": "создан заведен зарегистрирован оформлен подан создал завел зарегистрировал "
        "оформил подал",
        "escalate": "передан эскалирован перенаправлен передал эскалировал перенаправил сообщил "
        "уведомил связался связалась связались подключил переключил перевел",
        "note": "записан сохранен зафиксирован записал отметил сохранил зафиксировал",
        "light": "обработан одобрен выполнен завершен проведен запущен сделан обработал одобрил "
        "выполнил завершил провел запустил",
        "ask": "запросил попросил",
    },
    "de": {
        "refund": "erstattet zuruckerstattet ruckerstattet zuruckgezahlt gutgeschrieben "
        "zuruckuberwiesen uberwiesen",
        "cancel": "storniert gekundigt abgebrochen annulliert beendet deaktiviert abgemeldet",
        "change": "geandert aktualisiert angepasst korrigiert umgestellt zuruckgesetzt entsperrt "
        "freigeschaltet aktiviert wiederhergestellt geloscht entfernt ausgetauscht ersetzt "
        "verlangert hinzugefugt eingelost",
        "send": "versendet versandt gesendet geschickt zugeschickt verschickt zugesandt gemailt",
        "book": "gebucht reserviert vereinbart bestellt eingeplant",
        "create": "erstellt angelegt eroffnet eingereicht registriert aufgenommen ausgestellt",
        "escalate": "weitergeleitet eskaliert ubergeben weitergegeben informiert kontaktiert "
        "benachrichtigt verbunden",
        "note": "gespeichert vermerkt festgehalten",
        "light": "bearbeitet veranlasst genehmigt durchgefuhrt abgeschlossen eingeleitet erledigt "
        "ausgelost bewilligt",
        "ask": "beantragt angefordert",
    },
    "es": {
        "refund": "reembolsad devuelt abonad reintegrad",
        "cancel": "cancelad anulad",
        "change": "cambiad actualizad modificad corregid restablecid desbloquead activad "
        "restaurad eliminad borrad reemplazad sustituid ampliad anadid aplicad",
        "send": "enviad mandad expedid despachad remitid",
        "book": "reservad agendad programad concertad",
        "create": "cread abiert registrad presentad emitid generad",
        "escalate": "transferid escalad derivad reenviad pasad informad notificad contactad avisad",
        "note": "anotad guardad apuntad",
        "light": "procesad aprobad tramitad completad realizad gestionad iniciad efectuad concedid",
        "ask": "solicitad",
    },
}
_ENDINGS = {"en": "", "cs": "[aoyi]?", "ru": "[аоыи]?", "de": "", "es": "[oa]s?"}
_FILL = r"(?:[\w’'-]+[ ,]\s?)"

# Templates with {P} for a participle: (first person, pattern).
TEMPLATES: dict[str, tuple[tuple[bool, str], ...]] = {
    "en": (
        (True, r"\b(?:i|we)(?:['’]ve| have| had)?\s+(?:also |just |now |already |successfully "
         r"|since |then |gladly |personally |manually |today )*{P}\b"),
        (True, rf"\b(?:i|we)(?:['’]ve| have)\s+{_FILL}{{0,3}}?{{P}}\b"),
        (True, r"^(?:just |already |successfully )?(?!reset |set up |put through ){P} "
         r"(?:your|the|it|you|a|an)\b"),
        (False, rf"\b(?:has|have|had)(?: now| just| already| successfully| also)* been\s+"
         rf"{_FILL}{{0,2}}?{{P}}\b"),
        (False, r"\b(?:was|were|got)\s+(?:just |now |already |successfully |also |today )*{P}\b"),
        (False, r"\b(?:is|are)\s+(?:now|already|hereby|successfully|officially|all)\s+{P}\b"),
        (False, r"\b(?:your|the) (?:[\w-]+ ){1,3}(?:is|are) {P}(?=[.!]|$| and)"),
        (False, r"^(?:[\w’'-]+ ){1,4}{P}[.!]*$"),
    ),
    "cs": (
        (True, rf"\bjs(?:em|me)\s+{_FILL}{{0,5}}?{{P}}\b"),
        (True, rf"\b{{P}}\s+{_FILL}{{0,2}}?js(?:em|me)\b"),
        (False, rf"\bbyl[aoyi]?\s+{_FILL}{{0,5}}?{{P}}\b"),
        (False, r"\b{P}\s+byl[aoyi]?\b"),
        (False, rf"\b(?:jiz|uz|prave|nyni)\s+(?:je|jsou|mate)?\s?{_FILL}{{0,3}}?{{P}}\b"),
        (False, rf"\b(?:je|jsou|mate)\s+(?:jiz|uz|nyni|uspesne)\s+{_FILL}{{0,3}}?{{P}}\b"),
        (False, r"\bvas[ei]? (?:\w+ ){1,3}(?:je|jsou) {P}(?=[.!]|$| a)"),
        (False, r"^(?:\w+ ){1,4}{P}[.!]*$"),
    ),
    "ru": (
        (True, rf"\b(?:я|мы)\s+{_FILL}{{0,5}}?{{P}}\b"),
        (True, r"^(?:уже |только что |успешно |сразу |сам )?{P}(?=\s(?:ваш\w*|вам|вас|для вас|все"
         r"|заказ"
         r"|запрос|деньги|возврат|адрес|подписк|\d))"),
        (True, r"(?<=[,;] )(?:и )?(?:уже |только что |успешно )?{P} (?:ваш|вам|запрос|заказ|день)"),
        (False, rf"\b(?:был[аои]?|уже|успешно|теперь)\s+{_FILL}{{0,3}}?{{P}}\b"),
        (False, rf"\b(?:ваш\w*|заказ|возврат|деньги|запрос|обращение|подписка|адрес|платеж|"
         rf"средства|заявка|бронь|сумма)\s+{_FILL}{{0,3}}?{{P}}\b"),
    ),
    "de": (
        (True, r"\b(?:ich|wir)\s+hab(?:e|en)?\b[^.!?;]{0,140}?\b{P}\b"),
        (True, r"\bhab(?:e|en)\s+(?:ich|wir)\b[^.!?;]{0,140}?\b{P}\b"),
        (True, r"^hab(?:e|en)?\s+(?!sie\b)[^.!?;]{0,140}?\b{P}\b"),
        (True, r"^{P}(?: und {P})?[.!]"),
        (False, r"\bwurden?\b[^.!?;,]{0,120}?\b{P}\b"),
        (False, r"\b{P} (?:wurden?|worden)\b"),
        (False, r"\b(?:ist|sind)\b[^.!?;,]{0,100}?\b{P} worden\b"),
        (False, r"\b(?:ist|sind)\s+(?:\w+ )?(?:nun|jetzt|bereits|soeben|hiermit|schon|"
         r"erfolgreich)\s+[^.!?;,]{0,60}?\b{P}\b"),
        (False, r"\bihr[e]? (?:[\w-]+ ){1,3}(?:ist|sind) {P}(?=[.!]|$| und)"),
        (False, r"^(?:[\w-]+ ){1,4}{P}[.!]*$"),
    ),
    "es": (
        (True, rf"\b(?:he|hemos)\s+{_FILL}{{0,2}}?{{P}}\b"),
        (True, r"^{P} (?:su|tu|el|la)\b"),
        (False, rf"\b(?:ha|han) sido\s+{_FILL}{{0,2}}?{{P}}\b"),
        (False, rf"\bse (?:le |les |te |lo |la )?han?\s+{_FILL}{{0,2}}?{{P}}\b"),
        (False, rf"\b(?:fue|fueron|quedo|quedaron|queda|quedan|ya esta|ya estan)\s+"
         rf"{_FILL}{{0,2}}?{{P}}\b"),
        (False, r"\b(?:su|tu) (?:\w+ ){1,3}(?:esta|estan) (?:ya )?{P}(?=[.!]|$| y)"),
        (False, r"^(?:\w+ ){1,4}{P}[.!]*$"),
    ),
}  # fmt: skip

# Wordings that no participle carries: (first person, class, pattern).
PLAIN: tuple[tuple[bool, str, str], ...] = (
    (True, "any", r"^(?:all )?(?:done|hotovo|vyrizeno|готово|сделано|erledigt|listo|hecho)\b"
     r"(?=[.!,:]|$| -| –)"),
    (True, "any", r"\b(?:consider it|it is|it's|that is|that's|this is|all is) done\b"),
    (True, "refund", r"\b(?:went ahead and|took the liberty of|managed to|was able to|were able to"
     r"|gone ahead and) (?:refund|reimburs|issu|credit)\w*"),
    (True, "cancel", r"\b(?:went ahead and|took the liberty of|managed to|was able to|were able to"
     r"|gone ahead and) (?:cancel|terminat)\w*"),
    (True, "change", r"\b(?:went ahead and|took the liberty of|managed to|was able to|were able to"
     r"|gone ahead and) (?:chang|updat|correct|reset|unlock)\w*"),
    (True, "any", r"\b(?:i|we)(?:['’]ve| have)? (?:issued|processed|made|arranged|put through|given"
     r"|initiated|started) (?:you )?(?:a |an |the |your |this )?(?:\w+ )?(?:refund|cancellation"
     r"|replacement|change|booking|credit|discount|voucher)"),
    (True, "any", r"\b(?:i|we)(?:['’]ve| have)? (?:took|taken) care of\b"),
    (True, "cancel", r"\bpodarilo se (?:mi|nam) (?:\w+ ){0,3}(?:zrusit|stornovat)"),
    (True, "refund", r"\bpodarilo se (?:mi|nam) (?:\w+ ){0,3}(?:vratit|refundovat)"),
    (True, "cancel", r"\b(?:мне|нам) удалось отменить"),
    (True, "refund", r"\b(?:мне|нам) удалось вернуть"),
    (True, "cancel", r"\b(?:ich|wir) konnten? [^.!?;]{0,80}stornieren\b"),
    (True, "refund", r"\b(?:ich|wir) konnten? [^.!?;]{0,80}erstatten\b"),
    (True, "cancel", r"\b(?:pude|pudimos|logre|he podido|hemos podido) (?:cancelar|anular)"),
    (True, "refund", r"\b(?:pude|pudimos|logre|he podido|hemos podido) (?:reembolsar|devolver)"),
    (False, "send", r"\b(?:your|the|it) ?(?:[\w-]+ ){0,3}(?:is|are) (?:already |now )?on (?:its|the"
     r"|their) way\b|\b(?:je|jsou) (?:jiz |uz )?na ceste\b|\bуже в пути\b"
     r"|\b(?:ist|sind) (?:bereits |schon )?(?:auf dem weg|unterwegs)\b"
     r"|\besta(?:n)? (?:ya )?en camino\b"),
)  # fmt: skip
# With their accents: without them these are other words.
SPANISH_PAST = (
    (
        r"\b(?P<refund>reembols[ée]|devolv[íi]|abon[ée])\b|\b(?P<cancel>cancelé|anulé)\b"
        r"|\b(?P<change>cambié|actualicé|modifiqué|corregí)\b|\b(?P<send>envié|mandé)\b"
        r"|\b(?P<book>reservé|agendé|programé)\b|\b(?P<create>creé|abrí|registré)\b"
        r"|\b(?P<escalate>transferí|escalé|pasé|derivé|avisé)\b|\b(?P<light>procesé|tramité|aprobé)\b"
        r"|\b(?P<ask>solicité)\b"
    )
    .replace("[ée]", "é")
    .replace("[íi]", "í")
)
# The noun that tells what `light` words did.
NOUNS: tuple[tuple[str, str], ...] = (
    ("refund", r"refund|reimburs|money|vrace?n[io]|vratk|refundac|dobropis|penize|возврат"
     r"|деньг|средств|erstattung|ruckzahlung|gutschrift|reembolso|devolucion"),
    ("cancel", r"cancel|storn|zrusen|отмен|kundigung|anulacion"),
    ("book", r"booking|appointment|pick-?up|rezervac|schuzk|брон|termin|abholung|reserva|cita"),
    ("create", r"ticket|complaint|tiket|reklamac|stiznost|тикет|жалоб|обращен|beschwerde|queja"),
    ("change", r"change|update|address|zmen|adres|измен|anderung|cambio|direccion"),
)  # fmt: skip


# Every stem of every language: what starts with one is told by the tables.
LISTED: tuple[str, ...] = tuple(
    stem.replace("_", " ") for table in DONE.values() for listed in table.values()
    for stem in listed.split()
)  # fmt: skip


def participles(language: str) -> str:
    """All of a language as one alternation, endings included."""
    stems = [stem for listed in DONE[language].values() for stem in listed.split()]
    stems.sort(key=len, reverse=True)
    forms = [stem.replace("_", " ") + _ending(stem, language) for stem in stems]
    return f"(?P<p>{'|'.join(forms)})"


def _ending(stem: str, language: str) -> str:
    # Czech `vrácení` is a noun, `vráceno` is done; `vrátili` is done again.
    return "[aoy]?" if language == "cs" and stem.endswith("n") else _ENDINGS[language]


def class_of(participle: str, language: str) -> str:
    """The class of act that a participle belongs to."""
    best, found = 0, "light"
    for name, listed in DONE[language].items():
        for stem in listed.split():
            plain = stem.replace("_", " ")
            if participle.startswith(plain) and len(plain) > best:
                best, found = len(plain), name
    return found
