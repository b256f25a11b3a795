"""Promises of an act to come: a transfer, a call back, a refund, a change.

Above: `answer`. Below: `excuses`. Such words are true only if the act has been set going; offers,
questions and conditions ("I can connect you", "if you like, …") promise nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.specialists.checks.excuses import is_conditional, is_negated
from core.specialists.checks.folding import bare, fold

_I_WILL = r"\b(?:i|we)(?:'ll| will| shall|'m going to|'re going to| am going to| are going to)\s+(?:\w+ ){0,2}?"  # noqa: E501  # fmt: skip
_SOMEBODY = (
    r"(?:colleagues?|agents?|specialists?|team|someone|somebody|human|person|manager|supervisor"
    r"|representative|technician|department|they|we|i)"
)
_HUMAN: tuple[str, ...] = (
    _I_WILL + r"(?:connect|transfer|hand|pass|forward|escalate|put you|get you|bring in|call|phone"
    r"|ring)\b",
    r"\bi(?:'m| am) (?:now )?(?:connecting|transferring|handing|forwarding|escalating|passing)\b",
    r"^(?:connecting|transferring) you\b",
    rf"\b{_SOMEBODY}(?:'ll| will| shall| is going to)\s+(?:\w+ ){{0,3}}?(?:contact|call|reach out"
    r"|get back|get in touch|be in touch|follow up|take over|be with you|phone)\b",
    r"\blet me (?:connect|transfer|hand|escalate|forward|put you)",
    r"\byou(?:'ll| will) (?:be (?:contacted|called|transferred|connected)|hear (?:back )?from"
    r"|receive a call)",
    r"\b(?:predam|predavam|predame|prepojim|prepojuji|prepojime|spojim|spojuji|spojime|eskaluji"
    r"|preposilam|preposlu|preposleme)\b",
    r"\b(?:ozve|ozveme|ozvou) se\b|\bse (?:vam |s vami |brzy |co nejdrive )*(?:ozve|ozveme|ozvou"
    r"|spoji)\b|\b(?:zavola|zavolame|zavolam|zatelefonuje) vam\b|\bvam (?:\w+ )?(?:zavola"
    r"|zavolame|zavolam)\b|\b(?:bude|budeme|budou) vas (?:\w+ )?kontaktovat\b|\bkontaktuje vas\b"
    r"|\bvas (?:\w+ ){0,2}(?:bude kontaktovat|kontaktuje)\b",
    r"\b(?:передам|передаю|передадим|соединю|соединяю|соединим|переключаю|переключу|переведу"
    r"|перевожу вас|эскалирую|подключу|подключаю)\b",
    r"\bс вами (?:\w+ ){0,3}свяж\w+|\bсвяж(?:ется|утся|емся|усь) с вами|\bперезвон(?:ит|им|ят|ю)\b"
    r"|\bвам (?:\w+ ){0,2}(?:позвон\w+|напиш\w+)|\b(?:позвонит|позвоним|позвоню) вам",
    r"\bich (?:verbinde|leite|ubergebe|eskaliere|stelle sie)\b|\b(?:verbinde|leite|ubergebe) ich\b"
    r"|\bich werde (?:sie |ihre? |das |es )[^.!?]{0,60}(?:verbinden|weiterleiten|ubergeben"
    r"|eskalieren|weitergeben)",
    r"\bmeldet sich\b|\bwird sich [^.!?]{0,60}melden\b|\bwir melden uns\b|\bmelden uns bei ihnen\b"
    r"|\bruf(?:t|en|e) sie [^.!?]{0,30}?(?:zuruck|an)\b|\bwerden sie [^.!?]{0,40}"
    r"(?:kontaktieren|anrufen|zuruckrufen)\b|\bwird sie [^.!?]{0,40}(?:kontaktieren|anrufen"
    r"|zuruckrufen)\b|\bkollegen?(?:in)? (?:kontaktiert|ruft)\b",
    r"\b(?:le|te|lo|la|os|les) (?:\w+ )?(?:contactara|contactaremos|llamara|llamaremos|llamare"
    r"|escribira|paso|transfiero|conecto|comunico|derivo|pongo en contacto|transferire|pasare"
    r"|conectare|pondre)\b|\bse pondra\w* en contacto\b|\bnos pondremos en contacto\b"
    r"|\bse comunicaran? con usted\b|\bvoy a (?:transferir|pasar|conectar|derivar|comunicar"
    r"|escalar)\w*|\b(?:transferire|escalare|derivare)\b",
)
# Somebody is on the way, whoever brings them.
_COMING: tuple[str, ...] = (
    r"\b(?:hold|wait|stay|moment)\b[^.!?]{0,30}\bwhile (?:i|we) (?:connect|transfer|get|bring|find"
    r"|put|fetch)\b|\byou(?:'re| are) now (?:talking|speaking|chatting|connected) (?:to|with)\b"
    r"|\bi(?:'m| am) (?:now )?(?:getting|fetching|bringing in|calling) (?:a |an |my |our |you )*"
    r"(?:someone|somebody|colleague|human|agent|manager|supervisor|person)\b",
    r"\b(?:colleague|agent|specialist|human|manager|supervisor|representative|technician|operator)"
    r"(?:'ll| will| shall| is going to| is)\s+(?:\w+ ){0,2}?(?:join|joining|taking over|step in"
    r"|stepping in|be here|be right with|on (?:the|their|his|her) way)\b",
    r"\b(?:operator|koleg|specialist|pracovni|technik)\w* (?:\w+ ){0,3}?(?:pripoji|prevezme"
    r"|ujme)\b"
    r"|\b(?:pripoji|prevezme|ujme) (?:\w+ ){0,3}?(?:operator|koleg|specialist|pracovni|technik)",
    r"\b(?:оператор|коллег|специалист|сотрудник|менеджер)\w* (?:\w+ ){0,3}?(?:подключит"
    r"|присоединит)ся|\b(?:подключит|присоединит)ся (?:\w+ ){0,3}?(?:оператор|коллег|специалист"
    r"|сотрудник|менеджер)",
    r"\b(?:mitarbeiter|kolleg|berater|techniker)\w* (?:\w+ ){0,3}?(?:ubernimmt|schaltet sich"
    r"|kommt)\b|\b(?:ich hole|hole ich) (?:\w+ ){0,3}?(?:kolleg|mitarbeiter|jemand)",
    r"\b(?:agente|companer|persona|especialista|tecnico|asesor)\w* (?:\w+ ){0,2}?(?:se unira"
    r"|se incorporara|(?:le|te) (?:atendera|atiende))\b|\b(?:le|te) (?:atendera|atiende)"
    r" (?:\w+ )?(?:agente|companer|persona|asesor)",
)
_ACT: tuple[tuple[str, str], ...] = (
    (
        "refund",
        r"\b(?:money|refund|reimbursement|credit) (?:\w+ ){0,3}?(?:will|should|is going to)"
        r" (?:\w+ ){0,2}?(?:arrive|appear|show up|reach|land|hit|be (?:\w+ )?(?:in|on) your)\b"
        r"|\byou(?:'ll| will| should) (?:\w+ )?(?:get|receive|see|have) (?:\w+ ){0,2}?"
        r"(?:refund|money|reimbursement)\b|\bexpect (?:your|the|a) (?:refund|money)\b"
        r"|\bpenize (?:\w+ ){0,4}?(?:prijdou|dorazi|obdrzite|dostanete|budete mit|budou na)\b"
        r"|\b(?:obdrzite|dostanete) (?:\w+ ){0,2}?(?:penize|refundaci)\b"
        r"|\b(?:деньги|средства|возврат) (?:\w+ ){0,3}?(?:поступ[яи]т|придут|придет|вернутся"
        r"|зачислят)|\bвы получите (?:\w+ ){0,2}?(?:деньги|возврат|средства)\b"
        r"|\b(?:geld|betrag|\w*erstattung) (?:\w+ ){0,4}?(?:trifft|erscheint|eintreffen|ankommen)\b"
        r"|\b(?:sie )?(?:erhalten|bekommen) (?:sie )?(?:ihr|das|den|die) (?:\w+ )?(?:geld|betrag"
        r"|\w*erstattung)\b|\b(?:dinero|reembolso|importe) (?:\w+ ){0,2}?(?:llegara|aparecera)\b"
        r"|\b(?:recibira|tendra) (?:\w+ ){0,2}?(?:dinero|reembolso)\b",
    ),
    (
        "refund",
        _I_WILL + r"(?:refund|reimburse|credit|pay back|issue (?:a|the|your)|give you)\b"
        r"|\bi(?:'m| am) (?:now )?(?:refunding|reimbursing|crediting)\b"
        r"|\b(?:vratim|vratime|proplatim|proplatime|refunduji|refundujeme) (?:vam|celou|castku"
        r"|penize)\b|\bvam (?:\w+ )?(?:vratim|vratime|proplatim|proplatime)\b"
        r"|\b(?:верну|вернем|возместим|возмещу|компенсируем) (?:вам|деньги|сумму|всю|полную)\b"
        r"|\bвам (?:\w+ )?(?:верну|вернем|возместим|компенсируем)\b"
        r"|\b(?:ich|wir) erstatten?\b|\b(?:ich|wir) werden? [^.!?]{0,80}erstatten\b"
        r"|\b(?:le|te|les) (?:reembolsare|reembolsaremos|devolvere|devolveremos|abonaremos)\b"
        r"|\b(?:voy|vamos) a (?:reembolsar|devolver)\w*",
    ),
    (
        "cancel",
        _I_WILL + r"(?:cancel|terminate)\b|\bi(?:'m| am) (?:now )?cancelling\b"
        r"|\b(?:zrusim|zrusime|stornuji|stornujeme)\b|\b(?:отменю|отменим|аннулируем)\b"
        r"|\b(?:ich|wir) (?:storniere|stornieren|kundige)\b"
        r"|\b(?:ich|wir) werden? [^.!?]{0,80}(?:stornieren|kundigen)\b"
        r"|\b(?:cancelare|cancelaremos|anulare|anularemos)\b|\b(?:voy|vamos) a (?:cancelar|anular)",
    ),
    (
        "change",
        _I_WILL + r"(?:change|update|correct|reset|unlock)\b"
        r"|\b(?:zmenim|zmenime|upravim|upravime|aktualizuji|odblokuji)\b"
        r"|\b(?:изменю|изменим|обновлю|обновим|поменяю|разблокирую)\b"
        r"|\b(?:ich|wir) (?:andere|andern|aktualisiere|entsperre)\b"
        r"|\b(?:ich|wir) werden? [^.!?]{0,80}(?:andern|aktualisieren|entsperren)\b"
        r"|\b(?:cambiare|cambiaremos|actualizare|actualizaremos|modificare)\b"
        r"|\b(?:voy|vamos) a (?:cambiar|actualizar|modificar)",
    ),
    (
        "create",
        _I_WILL + r"(?:create|open|file|raise) (?:a|an|the) (?:ticket|case|complaint|request)"
        r"|\b(?:vytvorim|vytvorime|zalozim|zalozime) (?:\w+ ){0,2}(?:tiket|ticket|pripad|hlaseni)"
        r"|\b(?:создам|создадим|заведу|оформлю|оформим) (?:\w+ ){0,2}(?:тикет|обращение|заявку"
        r"|возврат)|\b(?:ich|wir) (?:erstelle|erstellen|lege|legen) [^.!?]{0,30}ticket"
        r"|\b(?:creare|crearemos|abrire|abriremos) (?:un|el) (?:ticket|caso)",
    ),
    (
        "book",
        _I_WILL + r"(?:book|schedule|reserve)\b|\b(?:zarezervuji|zarezervujeme|objednam vam)\b"
        r"|\b(?:забронирую|забронируем)\b|\b(?:ich|wir) (?:buche|buchen|reserviere|reservieren)\b"
        r"|\b(?:reservare|reservaremos|agendare|agendaremos)\b",
    ),
)
_HUMAN_RE = [re.compile(pattern) for pattern in (*_HUMAN, *_COMING)]
_ACT_RE = [(act, re.compile(pattern)) for act, pattern in _ACT]


def promises_in(sentence: str) -> Iterator[tuple[str, str]]:
    """(act, words): `human` for a transfer or a call, else the class of the act."""
    folded = fold(bare(sentence))
    if is_conditional(folded):
        return
    for pattern in _HUMAN_RE:
        for match in pattern.finditer(folded):
            if not is_negated(folded, match.start(), match.end()):
                yield "human", match[0]
    for act, pattern in _ACT_RE:
        for match in pattern.finditer(folded):
            if not is_negated(folded, match.start(), match.end()):
                yield act, match[0]
