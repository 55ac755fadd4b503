"""Random journeys, written as the files of the source, and their stages found without SQL."""

from __future__ import annotations

import csv
import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
GRACE_DAYS = 30
RANKS = {"lead": 1, "prospect": 2, "customer": 3, "churned": 4}
STAGES = {
    "user_created": "lead",
    "shop_created": "prospect",
    "invoice_issued": "prospect",
    "payment_failed": "prospect",
    "payment_succeeded": "customer",
    "shop_deleted": "churned",
    "invoice_lapsed": "churned",
    "user_deleted": "churned",
}
Stage = tuple[str, str, datetime]


@dataclass(frozen=True)
class Fact:
    """Something that happened to a user, told by the log, by a table or by both."""

    at: datetime
    kind: str
    user: str
    shop: str = ""
    invoice: str = ""
    due: datetime | None = None
    told_by: str = "both"


def make_facts(users: int, seed: int) -> list[Fact]:
    """Make journeys of a year: several shops, payments that fail, come late or never, deletions, returns."""
    chance = random.Random(seed)
    facts = []

    def tell(at: datetime, kind: str, *ids: str, due: datetime | None = None) -> None:
        facts.append(Fact(at, kind, *ids, due=due, told_by=chance.choice(["log", "table", "both"])))

    for number in range(users):
        user = f"U{number}"
        created = FIRST + timedelta(seconds=chance.randrange(200 * 86_400))
        tell(created, "user_created", user)
        for shop_number in range(chance.choice([0, 1, 1, 1, 2, 3])):
            shop = f"S{number}-{shop_number}"
            opened = created + timedelta(seconds=chance.randrange(40 * 86_400))
            tell(opened, "shop_created", user, shop)
            months = chance.randrange(6)
            for month in range(months):
                invoice = f"I{number}-{shop_number}-{month}"
                issued = opened + timedelta(days=30 * month, seconds=60)
                tell(issued, "invoice_issued", user, shop, invoice, due=issued + timedelta(days=14))
                if chance.random() < 0.3:
                    tell(issued + timedelta(hours=1), "payment_failed", user, shop, invoice)
                if chance.random() < 0.85:
                    late = chance.choice([1, 5, 14, 43, 44, 45, 46, 80])
                    paid = issued + timedelta(days=late, seconds=chance.randrange(86_400))
                    tell(paid, "payment_succeeded", user, shop, invoice)
            if chance.random() < 0.3:
                closed = opened + timedelta(days=30 * months + 1, seconds=chance.randrange(50 * 86_400))
                tell(closed, "shop_deleted", user, shop)
        if chance.random() < 0.15:
            tell(created + timedelta(seconds=chance.randrange(40 * 86_400, 250 * 86_400)), "user_deleted", user)
    return facts


def find_stages(facts: list[Fact], until: datetime) -> dict[str, Stage]:
    """Walk through each user's facts, one after the other, and return stage, cause and moment of the last change."""
    known = [fact for fact in facts if fact.at <= until]
    paid: dict[str, datetime] = {}
    for fact in known:
        if fact.kind == "payment_succeeded":
            paid[fact.invoice] = min(fact.at, paid.get(fact.invoice, fact.at))
    for fact in [fact for fact in known if fact.due]:
        assert fact.due
        day = fact.due.date() + timedelta(days=GRACE_DAYS + 1)
        lapse = datetime.combine(day, time.min, tzinfo=UTC)
        if lapse <= until and (fact.invoice not in paid or paid[fact.invoice] > lapse):
            known.append(Fact(lapse, "invoice_lapsed", fact.user, fact.shop, fact.invoice))
    stages: dict[str, Stage] = {}
    highest: dict[str, str] = {}
    open_shops: dict[str, set[str]] = {}
    for fact in sorted(known, key=lambda fact: (fact.at, RANKS[STAGES[fact.kind]], fact.kind)):
        stage = STAGES[fact.kind]
        shops = open_shops.setdefault(fact.user, set())
        before = stages.get(fact.user, ("", "", fact.at))[0]
        if stage == "churned":
            shops.clear() if fact.kind == "user_deleted" else shops.discard(fact.shop)
            after = before if shops else "churned"
        else:
            if fact.kind in ("shop_created", "payment_succeeded"):
                shops.add(fact.shop)
            highest[fact.user] = max(stage, highest.get(fact.user, stage), key=RANKS.__getitem__)
            after = before if before == "churned" and stage != "customer" else highest[fact.user]
        if after != before:
            stages[fact.user] = (after, fact.kind, fact.at)
    return stages


def write_files(facts: list[Fact], until: datetime, folder: Path, seed: int) -> list[Path]:
    """Write what was known by then as the source's files: out of order, twice, with identifiers here and there."""
    chance = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    paid = {fact.invoice for fact in facts if fact.kind == "payment_succeeded" and fact.at <= until}
    # Nobody's event of a type that nobody knows: it moves no user, but says how far the log goes.
    events = [{"event_id": "end", "event_time": until.isoformat(), "event_type": "export_finished"}]
    tables: dict[str, dict[str, dict[str, str]]] = {"users": {}, "shops": {}, "invoices": {}, "payments": {}}
    for number, fact in enumerate(facts):
        if fact.at > until:
            continue
        at = fact.at.isoformat()
        if fact.told_by != "table":
            ids = {"user_id": fact.user, "shop_id": fact.shop, "invoice_id": fact.invoice}
            hidden = {name: value for name, value in ids.items() if value and chance.random() < 0.3}
            shown = {name: value for name, value in ids.items() if name not in hidden}
            metadata = {**hidden, "due_at": fact.due.isoformat()} if fact.due else hidden
            event = {"event_time": at, "event_type": fact.kind, "metadata": json.dumps(metadata), **shown}
            events += [{"event_id": f"E{number}-{copy}", **event} for copy in range(1 if number % 10 else 2)]
        name, verb = fact.kind.split("_")
        key = {"user": fact.user, "shop": fact.shop, "invoice": fact.invoice, "payment": f"M{number}"}[name]
        row = {f"{name}_id": key}
        if name == "shop":
            row["user_id"] = fact.user
        elif name == "invoice":
            row |= {"shop_id": fact.shop, "due_at": fact.due.isoformat() if fact.due else ""}
            row["status"] = "paid" if key in paid else "open"
        elif name == "payment":
            row |= {"invoice_id": fact.invoice, "status": verb}
        if fact.told_by != "log":
            row["paid_at" if name == "payment" else f"{verb}_at"] = at
            tables[f"{name}s"].setdefault(key, {}).update(row)
    chance.shuffle(events)
    half = len(events) // 2
    paths = [_write(folder / "events_1.csv", events[:half]), _write(folder / "events_2.csv", events[half:])]
    return paths + [_write(folder / f"{name}.csv", list(rows.values())) for name, rows in tables.items()]


def _write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, sorted({name for row in rows for name in row}))
        writer.writeheader()
        writer.writerows(rows)
    return path
