"""Months, weekdays and words for times near today, in five languages. Above: `dates`.

All folded (`folding.fold`).
"""

from __future__ import annotations

_MONTHS: tuple[str, ...] = (
    "january jan leden ledna lednu января январь январе янв januar janner enero ene",
    "february feb unor unora unoru февраля февраль феврале фев februar febrero",
    "march mar brezen brezna breznu марта март марте marz marzo",
    "april apr duben dubna dubnu апреля апрель апреле апр abril abr",
    "may kveten kvetna kvetnu мая май мае mai mayo",
    "june jun cerven cervna cervnu июня июнь июне juni junio",
    "july jul cervenec cervence cervenci июля июль июле juli julio",
    "august aug srpen srpna srpnu августа август августе авг agosto ago",
    "september sep sept zari сентября сентябрь сентябре сен septiembre setiembre",
    "october oct rijen rijna rijnu октября октябрь октябре окт oktober okt octubre",
    "november nov listopad listopadu ноября ноябрь ноябре ноя noviembre",
    "december dec prosinec prosince prosinci декабря декабрь декабре дек dezember dez diciembre"
    " dic",
)
MONTHS: dict[str, int] = {
    name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()
}
_WEEKDAYS: tuple[str, ...] = (
    "monday mondays pondeli понедельник понедельника понедельникам montag montags lunes",
    "tuesday tuesdays utery uterka вторник вторника вторникам dienstag dienstags martes",
    "wednesday wednesdays streda stredu stredy среда среду среды mittwoch mittwochs miercoles",
    "thursday thursdays ctvrtek ctvrtka ctvrtku четверг четверга donnerstag donnerstags jueves",
    "friday fridays patek patku пятница пятницу пятницы freitag freitags viernes",
    "saturday saturdays sobota sobotu soboty суббота субботу субботы samstag samstags sonnabend"
    " sabado sabados",
    "sunday sundays nedele nedeli воскресенье воскресенья sonntag sonntags domingo domingos",
)
WEEKDAYS: dict[str, int] = {
    name: number for number, names in enumerate(_WEEKDAYS) for name in names.split()
}
WEEKDAYS_SHORT: dict[str, int] = {
    name: number
    for number, names in enumerate(
        ("mon mo po пн lu", "tue tues di ut вт ma", "wed mi st ср", "thu thurs do ct чт ju",
         "fri fr pa пт vi", "sat sa so сб", "sun ne вс")
    )
    for name in names.split()
}  # fmt: skip

# (label, pattern over folded text). `soon_*` are vague and stand on any figure of their unit.
RELATIVE: tuple[tuple[str, str], ...] = (
    (
        "tomorrow",
        r"(?<!after )\btomorrow\b|\bzitra\b|\bzitrejs\w+|\bзавтра(?:шн\w*)?\b"
        r"|(?<!guten )(?<!am )(?<!jeden )(?<!schonen )\bmorgen\b(?!s)"
        r"|(?<!la )(?<!pasado )(?<!cada )\bmanana\b",
    ),
    (
        "after_tomorrow",
        r"\bday after tomorrow\b|\bpozitri\b|\bпослезавтра\b|\bubermorgen\b"
        r"|\bpasado manana\b",
    ),
    ("yesterday", r"\byesterday\b|\bvcera\w*|\bвчера\w*|\bgestern\b|\bayer\b"),
    (
        "today",
        r"\b(?:by|until|before|later|still|end of|arrives?|arriving|ship\w*|delivered) today\b"
        r"|\btonight\b|\b(?:jeste|do|uz|behem) dnes\w*|\b(?:до конца|еще|уже) (?:дня|сегодня)\b"
        r"|\b(?:noch|bis|schon|im laufe des) heute\b|\bheute noch\b|\bhoy mismo\b"
        r"|\b(?:antes de|durante el dia de) hoy\b",
    ),
    (
        "next_week",
        r"\bnext week\b|\bpristi tyden\b|\bpristim tydnu\b|\bследующей неделе\b"
        r"|\bnachsten? woche\b|\bproxima semana\b|\bsemana que viene\b|\bsemana proxima\b",
    ),
    (
        "this_week",
        r"\bthis week\b|\btento tyden\b|\bэтой неделе\b|\bdiese woche\b|\besta semana\b",
    ),
    (
        "next_month",
        r"\bnext month\b|\bpristi mesic\b|\bследующем месяце\b|\bnachsten monat\b"
        r"|\bproximo mes\b|\bmes que viene\b|\bmes proximo\b",
    ),
    (
        "end_of",
        r"\bend of (?:the |this )?(?:week|month|year)\b|\bkonce (?:tydne|mesice|roku)\b"
        r"|\bконца (?:недели|месяца|года)\b|\bende (?:der woche|des monats|des jahres)\b"
        r"|\bfin(?:ales)? de (?:semana|mes|ano)\b",
    ),
    (
        "soon_day",
        r"\b(?:a few|a couple of|several) (?:\w+ )?days\b|\b(?:par|nekolika?) (?:\w+ )?dn[ui]\b"
        r"|\bнескольк\w+ (?:\w+ )?дн\w+|\b(?:wenigen?|ein paar|einigen?) (?:werk)?tagen?\b"
        r"|\b(?:unos|pocos|algunos|un par de) (?:pocos )?dias\b",
    ),
    (
        "soon_hour",
        r"\b(?:a few|a couple of|several) hours\b|\b(?:par|nekolika?) hodin\w*"
        r"|\bнескольк\w+ час\w+|\b(?:wenigen?|ein paar|einigen?) stunden\b"
        r"|\b(?:unas|pocas|algunas|un par de) (?:pocas )?horas\b|\b(?:within|in) (?:the|an) hour\b"
        r"|\bdo hodiny\b|\bв течение часа\b|\b(?:in|innerhalb) einer stunde\b"
        r"|\ben una hora\b",
    ),
    (
        "soon_week",
        r"\b(?:a few|a couple of|several) weeks\b|\b(?:par|nekolika?) tydn\w*"
        r"|\bнескольк\w+ недел\w+|\b(?:wenigen?|ein paar|einigen?) wochen\b"
        r"|\b(?:unas|pocas|algunas|un par de) (?:pocas )?semanas\b",
    ),
)
