"""Names of columns in the languages that exports are written in.

Patterns are for names as `plain` gives them: lower case, no accents, words separated by single blanks. Their
order counts: a name that fits an earlier pattern of a role is a better one for it.
"""

from __future__ import annotations

import re
import unicodedata

_LETTERS = str.maketrans(
    {"ø": "o", "æ": "ae", "ł": "l", "đ": "d", "œ": "oe", "№": " no ", "°": " o ", "º": " o ", "#": " no "}
)
_NUMBER = (
    r" ?(?:id|nos?|n|n o|nr|num|number|nummer|numero|nro|code|kode|kod|codigo|codice|ref|reference|referenz|key)\b"
)
_ORDER = (
    r"(?:order|ordre|bestell\w*?|bestillings?|bestallnings?|auftrags?|commande|pedido|ordine|encomenda|sales order)"
)
_INVOICE = r"(?:invoice|rechnungs?|faktura?|facture|factura|fattura|fatura|factuur)"
_RECEIPT = (
    r"(?:receipt|kassenbon|bon|beleg|ticket|kvitterings?|bilags?|verifikats?|verifikations?|journal|"
    r"scontrino|recibo|kassabon|voucher|document|doc|dokument)"
)
_PAYMENT = r"(?:transaction|transaktions?|transaccion|transazione|transacao|transactie|payment|charge|sale|basket|cart)"
_NUMBERED_AFTER = r"(?:numero|num|n|no|n o|nr|id|code|codice|codigo|ref)(?: (?:de|di|do|da|d|du|della|del))? ?"
_CUSTOMER = (
    r"(?:customer|cust|client|kunden?|kund|kunde|cliente|klant|klanten|buyer|kober|kopare|acheteur|"
    r"comprador|acquirente|koper)"
)
_WEAK_CUSTOMER = (
    r"(?:debitor(?:en)?|member|medlems?|mitglieds?|subscriber|abonnent|user|account|konto|conto|cuenta|"
    r"compte|company|firma|bill to|sold to)"
)
_PRODUCT = (
    r"(?:product|produkt|produit|producto|prodotto|produto|item|artikel|article|articulo|articolo|artigo|"
    r"vare?|material)"
)
_NAME = (
    r"(?:name|navn|namn|naam|nom|nombre|nome|title|titel|titre|titulo|bezeichnung|beschreibung|"
    r"description|desc|beskrivelse|beskrivning|libelle|designation|omschrijving|descripcion|descrizione|"
    r"descricao|text|tekst|betegnelse|benamning)"
)

# A column that marks rows as void by a yes.
FLAG = (
    r"^(?:is |ist )?(?:stornos?|storniert|void|voided|cancell?ed|deleted|annulleret|annullert|annullerad|"
    r"makulerad|annule|anulado|annullato|geannuleerd)$"
)
# A column that says on which side of a ledger the amount is.
SIDE = r"^(?:s h|sh|d c|dc|dr cr|cr dr|soll haben|debit credit|debet kredit|soll haben kennzeichen|posting side|side)$"
# Roles whose columns hold texts, dates or codes.
NAMES = {
    "email": [r"\be ?mail|\bmail\b|mailadresse|courriel|correo|e ?post(?:adress)?\b"],
    "currency": [r"\b(?:waerk|wkz)\b|currency|wahrung|waehrung|devise\b|moneda|divisa|valuta\b|moeda|\bccy\b|\bcurr\b"],
    "date": [
        (
            rf"{_ORDER} ?(?:date|datum|dato|day|tag)|(?:order|sale|sold|purchase|transaction|trans|booking|"
            r"buchungs?) ?(?:date|datum|day|time|at|on)\b"
        ),
        (
            rf"(?:date|fecha|data|dato|datum) (?:(?:de|di|do|da|du|della|del|of) )?(?:la |l )?{_ORDER}|kob(?:s|"
            r"e)?dato|kopdatum"
        ),
        rf"{_INVOICE} ?(?:date|datum|dato)|(?:date|fecha|data) (?:(?:de|di|do|da|du|della|del) )?(?:la |l )?{_INVOICE}",
        (
            rf"{_RECEIPT} ?(?:date|datum|dato)|posting date|bogforingsdato|bokforingsdatum|(?:date|fecha|"
            r"data) .*(?:vente|venta|vendita|venda|operation|operacion)"
        ),
        (
            r"^(?:date|datum|dato|fecha|data|dag|tag|day|jour|dia|giorno|tidspunkt|zeitpunkt|timestamp|date ?time|"
            r"datetime)\b"
        ),
        (
            r"\b(?:erdat|audat|fkdat)\b|created|creation|erstellt|oprettet|skapad|opprettet|cree|creado|creato|criado|aangemaakt|issued|"
            r"udstedt|ausgestellt|emission|emision"
        ),
        r"date|datum|dato|fecha|\bdata\b|paid at|\bpaid\b|betalt|bezahlt",
    ],
    "time": [r"^(?:time|uhrzeit|zeit|heure|hora|ora|tid|klokkes\w+|klokslag|tijd|tijdstip)\b|(?:uhrzeit|time of day)"],
    "status": [
        (
            rf"(?:{_ORDER}|{_INVOICE}|{_PAYMENT})s? ?(?:status|state)|^(?:status|state|zustand|etat|statut|estado|"
            r"stato|situacao|tilstand|betalingsstatus)\b"
        ),
        r"status|statut|\bstato\b|\bestado\b",
        FLAG,
    ],
    "kind": [
        SIDE,
        (
            r"^(?:type|typ|art|tipo|soort|kind|event|event type|vorgang|belegart|bilagstype|transaktionstype|"
            r"buchungsart|buchungstyp|vorgangsart)$"
        ),
        (
            rf"(?:{_ORDER}|{_INVOICE}|{_RECEIPT}|{_PAYMENT}|entry|buchungs?|posterings?) ?(?:type|typ|art)\b|"
            r"(?:type|tipo) (?:de |di |du |d )?(?:document|documento|operation|piece|movimiento)"
        ),
    ],
    "order_id": [
        rf"\b{_ORDER}{_NUMBER}|{_NUMBERED_AFTER}{_ORDER}\b",
        rf"\b{_INVOICE}{_NUMBER}|{_NUMBERED_AFTER}{_INVOICE}\b",
        rf"\b{_RECEIPT}{_NUMBER}|{_NUMBERED_AFTER}{_RECEIPT}\b",
        rf"\b{_PAYMENT}{_NUMBER}",
        rf"^(?:{_ORDER}|{_INVOICE}|{_RECEIPT}|{_PAYMENT})$",
        r"^(?:id|nr|no|number|numero|nummer|vbeln)$",
    ],
    "line_id": [
        (
            r"(?:line|zeilen?|positions?|pos|ligne|linea|riga|linha|regel|linje|rad|row|"
            rf"detail)(?: item)?{_NUMBER}|(?:{_ORDER}|{_INVOICE}|sales) ?(?:line|item|detail){_NUMBER}"
        ),
        r"^(?:posnr|line|zeile|position|pos|ligne|linea|riga|linha|regel|linje|rad|row|linjenr)$",
    ],
    "customer_id": [
        rf"\b{_CUSTOMER}{_NUMBER}|{_NUMBERED_AFTER}{_CUSTOMER}\b",
        rf"\b{_WEAK_CUSTOMER}{_NUMBER}|{_NUMBERED_AFTER}{_WEAK_CUSTOMER}\b",
        r"\b(?:kunnr|kunag|nif|cif|cvr|siret|partita iva|org ?nr)\b",
        rf"^(?:{_CUSTOMER}|household)s?$",
        rf"^{_WEAK_CUSTOMER}s?$",
    ],
    "customer_name": [
        (
            rf"\b(?:{_CUSTOMER}|{_WEAK_CUSTOMER}|billing|ship(?:ping)?|full|contact) ?{_NAME}\b|{_NAME} (?:(?:de|"
            rf"di|do|da|du|del|of) )?(?:l |la )?(?:{_CUSTOMER}|{_WEAK_CUSTOMER})"
        ),
        rf"^(?:{_CUSTOMER}|{_WEAK_CUSTOMER})s?$",
        r"^(?:name|navn|namn|naam|nom|nombre|nome)$",
    ],
    "product_id": [
        rf"\b{_PRODUCT}{_NUMBER}|{_NUMBERED_AFTER}(?:l )?{_PRODUCT}\b|varunummer|varunr|varenr",
        r"\b(?:matnr|sku|stock ?code|ean|plu|gtin|asin|barcode|upc)\b",
        r"plan ?(?:id|code)|^price id$",
        rf"^{_PRODUCT}s?$|^plan$",
    ],
    "product_name": [
        (
            rf"\b{_PRODUCT}s? ?{_NAME}\b|{_NAME} (?:(?:de|di|do|da|du|del|des) )?(?:l |la )?{_PRODUCT}|"
            r"varebeskrivelse|varenavn|varunamn"
        ),
        rf"^(?:{_PRODUCT}s?|plan|plan ?name|service|leistung)$",
        (
            r"^(?:bezeichnung|beschreibung|description|beskrivelse|beskrivning|libelle|designation|omschrijving|"
            r"descripcion|descrizione|descricao|text|tekst|title|titel|betegnelse|benamning)$"
        ),
    ],
    "category": [
        (
            r"categ|kategori|warengruppe|waren gruppe|(?:produkt|vare|varu|artikel|product|item|"
            r"article) ?(?:gruppe?|groep|group|type|kategori)|famill?[ei]|department|abteilung|afdeling|rayon|"
            r"reparto"
        )
    ],
}
# Roles whose columns hold numbers. What isn't the money of a sale is found first.
NUMBERS = {
    "refund": [
        (
            r"refund|ruckerstatt|rueckerstatt|erstatt|rembours|reembols|devoluc|rimbors|terugbetal|tilbagebetal|"
            r"tilbakebetal|aterbetal|refusion|retourn\w*|returned|gutschrift|storno|avoir|kreditert|credited|"
            r"credit note|credit notes|abono|retur\w*"
        )
    ],
    "discount": [r"discount|rabatt?|nachlass|remise|reduction|descuento|sconto|desconto|korting|coupon|promo"],
    "tax": [
        (
            r"\b(?:sales ?)?tax|\bvat\b|mwst|mehrwertsteuer|\bust\b|umsatzsteuer|steuer|\btva\b|\biva\b|\bbtw\b|"
            r"\bmoms|\bmva\b|\bgst\b|impost|impuest"
        )
    ],
    "shipping": [
        (
            r"shipping|freight|versand|\bporto\b|portokosten|fracht|frais d|livraison|\benvio|spediz|\bfrete\b|"
            r"verzend|fragt|frakt|levering|delivery|postage"
        )
    ],
    "cost": [
        (
            r"\bcost|einkauf|\bek\b|kostpris|einstand|prix d achat|coste?\b|costo|\bfee|gebuhr|gebuehr|gebyr|"
            r"commission|provision|balance|saldo|\bsolde"
        )
    ],
    "debit": [r"\bdebit\b|^soll\b|^debe\b|^dare\b|^debet\b|^debito\b|^debit(?:belob|betrag|belopp)"],
    "credit": [r"\bcredit\b|^haben\b|^haber\b|^avere\b|^kredit\b|^credito\b|^kredit(?:belob|betrag|belopp)"],
    "quantity": [
        r"kwmeng|\bqty|quant|menge|anzahl|cantidad|\bqte\b|\bqtd\b|\bqta\b|aantal|antall?\b|\bcant\b",
        r"\bunits?\b(?! ?p)|pieces|\bpcs\b|\bstuck\b|stueck|\bstk\b|\bst\b|\bcount\b|seats",
    ],
    "unit_price": [
        (
            r"(?:unit|einzel|stuck|stueck|stuk|styk|enheds|enhets|a|per unit|list|net|item) ?(?:price|preis|prijs|"
            r"pris)|prix unit|precio unit|prezzo unit|preco unit|price per|pris per|\bpu\b|prix ht|\bp u\b"
        ),
        r"^(?:price|preis|prix|precio|prezzo|preco|prijs|pris)\b",
        r"price|preis|\bprix\b|precio|prezzo|preco|prijs|pris\b",
    ],
    "amount": [
        (
            r"(?:line|net|netto|zeilen|linje|linea|ligne|positions?) ?(?:total|amount|sales|value|betrag|summe?|"
            r"belob|belop|montant|importe|importo|omsat\w*|umsatz|wert)|(?:montant|importe|importo|total) (?:net|"
            r"ht|neto|netto|ligne|linea)|umsatz netto|belob (?:ex|eks|uden)|valor liquido"
        ),
        (
            r"\bnetwr\b|\bnet\b|\bnetto\b|\bht\b|subtotal|sub total|zwischensumme|sous total|imponibile|imponible|"
            r"bemessungsgrundlage|excl|exkl|ekskl|ex moms|uden moms|hors tax"
        ),
        (
            r"^(?:amount|betrag|belob|belop|montant|importe|importo|valor|bedrag|summe|sum|sales|revenue|umsatz|"
            r"omsatning|omsaetning|omzet|ventas|vendite|chiffre d affaires|ca)\b"
        ),
        (
            r"total|gesamt|i alt|ialt|summ?a?e?\b|amount|betrag|belob|belop|montant|importe?o?\b|valor|bedrag|"
            r"umsatz|omsat|omzet|revenue|sales|\bsales|value|\bwert\b|gross|brutto|\bttc\b|bruto"
        ),
    ],
}
# What a number is that is none of the money of a sale.
NO_MONEY = (
    r"\bdue\b|outstanding|remaining|rest\b|offen|balance|saldo|points|punkte|weight|gewicht|vaegt|zip|"
    r"postal|postnr|plz|phone|telefon|\bage\b|alter|year|month|\bpaid\b|bezahlt|betalt|tax rate|\brate\b|"
    r"\bsatz\b|(?:mwst|ust|steuer) ?satz|margin|stock|lager|\blines|\bcount\b"
)
GROSS = r"gross|brutto|\bttc\b|incl|inkl|bruto|total due|grand|inc vat|con iva|iva incl"
# A total with or without the tax, and a price after the discount, are neither tax nor discount.
WITH_OR_WITHOUT = (
    r"\b(?:incl?|inkl|inc|excl?|exkl|ekskl|ex|ohne|hors|uden|sin|sans|con|med|mit|zzgl|before|after|"
    r"net of|utan|exclu\w*|inclu\w*)\b"
)
# Columns that say of a row's moment what is not the sale's.
NO_SALE_DATE = (
    r"due|fallig|faellig|forfald|ship|versand|liefer|deliver|levering|birth|geburt|fodsel|update|modified|"
    r"geandert|period|valid|expir|echeance|vencimiento|scadenza|required|refund|cancel"
)


def plain(header: str) -> str:
    """Return a name as the patterns expect it: `"OrderDate"` and `"Order-Date "` are `order date`."""
    parted = re.sub(
        r"(?<=[a-zà-ÿ])(?=[A-Z][a-zà-ÿ]|(?:ID|NR|NO)\b)",
        " ",
        re.sub("MwSt|USt", lambda word: word[0].capitalize(), header.strip()),
    )
    letters = unicodedata.normalize("NFKD", parted.casefold().translate(_LETTERS))
    return re.sub(r"[\W_]+", " ", "".join(c for c in letters if not unicodedata.combining(c))).strip()


def rank(name: str, patterns: list[str]) -> int | None:
    """Return the number of the first pattern that a plain name fits; None if it fits none."""
    return next((i for i, pattern in enumerate(patterns) if re.search(pattern, name)), None)


def is_known(header: str) -> bool:
    """Return whether a header is a name for anything."""
    name = plain(header)
    return any(rank(name, patterns) is not None for patterns in (*NAMES.values(), *NUMBERS.values()))
