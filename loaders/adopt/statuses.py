"""Which rows don't count, or give money back, by what their status or kind says in several languages."""

from __future__ import annotations

import re

from loaders.contract.quoting import literal

# Statuses of a row that does not count, and of one that does, by language.
_STATUSES = {
    "en": (
        (
            "failed void voided cancelled canceled pending draft declined expired uncollectible abandoned error "
            "test deleted rejected incomplete"
        ),
        "paid completed complete shipped delivered open closed succeeded active processing fulfilled invoiced",
    ),
    "de": (
        "storniert abgebrochen fehlgeschlagen ausstehend entwurf abgelehnt gelöscht ungültig",
        "bezahlt abgeschlossen versendet versandt geliefert erledigt offen",
    ),
    "fr": (
        "annulé annulée annule échoué échouée echoue en_attente brouillon refusé refusée",
        "payé payée paye terminé terminée expédié expédiée livré livrée",
    ),
    "es": (
        "cancelado cancelada anulado anulada fallido fallida pendiente borrador rechazado rechazada",
        "pagado pagada completado completada enviado enviada entregado entregada",
    ),
    "it": (
        "annullato annullata fallito fallita in_attesa in_sospeso bozza rifiutato rifiutata stornato",
        "pagato pagata completato completata spedito spedita consegnato consegnata",
    ),
    "pt": (
        "cancelado cancelada falhado falhou pendente rascunho recusado recusada anulado",
        "pago paga concluído concluída enviado enviada entregue",
    ),
    "nl": (
        "geannuleerd mislukt in_behandeling concept openstaand geweigerd vervallen",
        "betaald voltooid verzonden geleverd afgerond",
    ),
    "scandinavian": (
        (
            "annulleret annullert annullerad makulerad fejlet mislykket misslyckad afventer venter väntar kladde "
            "utkast afvist avvist slettet"
        ),
        "betalt betald afsluttet fullført slutförd sendt skickad leveret levert levererad gennemført",
    ),
}
# Rows that give money back, and rows that aren't sales, in the column that says what a row is.
REFUND_KINDS = (
    *("refund", "refunded", "return", "returned", "credit note", "credit memo", "credit_note", "creditnote", "credit"),
    *("gutschrift", "retoure", "rückgabe", "erstattung", "storno", "rechnungskorrektur", "avoir", "remboursement"),
    *("retour", "abono", "devolución", "nota de crédito", "reembolso", "nota di credito", "reso", "rimborso"),
    *("devolução", "creditnota", "creditfactuur", "terugbetaling", "kreditnota", "kreditfaktura", "kreditnote"),
    *("retur", "refusion", "returnering", "återbetalning", "tilbagebetaling"),
)
# What a row says that adds up others.
SUMS = (
    *("total", "grand total", "subtotal", "sum", "opening balance", "closing balance", "balance", "summe", "gesamt"),
    *("zwischensumme", "tagessumme", "gesamtsumme", "endsumme", "saldo", "anfangssaldo", "i alt", "ialt", "sum i alt"),
    *("dagstotal", "primosaldo", "ultimosaldo", "summa", "totalt", "totale", "totaal", "somme", "suma", "soma"),
)
# The sides of a ledger, as a column next to the amount says them.
SIDES = ({"s", "h"}, {"d", "c"}, {"d", "k"}, {"dr", "cr"}, {"soll", "haben"}, {"debit", "credit"}, {"debet", "kredit"})
PAYMENT_KINDS = (
    *("payment", "payout", "transfer", "fee", "zahlung", "zahlungseingang", "überweisung", "auszahlung", "paiement"),
    *("règlement", "pago", "cobro", "pagamento", "incasso", "pagamento recebido", "betaling", "indbetaling"),
    *("innbetaling", "inbetalning", "betalning", "opening balance", "anfangsbestand", "payment received"),
)
# What a column that marks rows as void says of a void one.
YES = ("1", "y", "yes", "true", "t", "x", "j", "ja", "o", "oui", "s", "si", "sí", "sì", "sim", "v", "void", "storno")


def excluded_statuses(found: list[str]) -> list[str]:
    """Return the statuses of rows that don't count, in English and the languages of the statuses in a file.

    A status of several words, such as `payment failed`, doesn't count if one of them says so.
    """
    lower = sorted({status.strip().lower() for status in found})
    listed: list[str] = []
    for language, (bad, good) in _STATUSES.items():
        words = [word.replace("_", " ") for word in bad.split()]
        known = [status for status in lower if _has_word(status, words) and not set(status) & set("'{}\\\n")]
        if language == "en" or known or any(_has_word(status, good.split()) for status in lower):
            listed += [word for word in dict.fromkeys([*words, *known]) if word not in listed]
    return listed


def known_kinds(found: list[str], words: tuple[str, ...]) -> list[str]:
    """Return the values of a file that are among the words."""
    return sorted({value.strip().lower() for value in found} & set(words))


def condition(name: str, words: tuple[str, ...] | list[str], *, within: bool) -> str:
    """Return the SQL that a text is one of some words, or begins with one of them or has it after a blank."""
    value = f"lower(trim({name}))"
    if not within:
        return f"{value} in ({', '.join(map(literal, words))})"
    return " or ".join(f"' ' || {value} like {literal(f'% {word}%')}" for word in words)


def is_status(found: list[str]) -> bool:
    """Return whether one of the values of a column is a status of an order or a payment."""
    words = [word.replace("_", " ") for bad, good in _STATUSES.values() for word in (*bad.split(), *good.split())]
    return any(_has_word(value.strip().lower(), words) for value in found)


def _has_word(status: str, words: list[str]) -> bool:
    """Return whether a status is one of some words, or has one in it."""
    return status in words or any(re.search(rf"\b{re.escape(word)}\b", status.replace("_", " ")) for word in words)
