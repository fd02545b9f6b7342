"""Holds exported tables against the items of /api/v1/responses: foreign.py ITEMS TREE CSV NDJSON PARQUET.

Nothing of ours is used but the files; days and times are reckoned here from the moment and the offset.
"""

import csv
import datetime
import json
import os
import sys

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet

ITEMS, TREE, CSV, NDJSON, PARQUET = sys.argv[1:]
MOMENT = pa.timestamp("ms", tz="UTC")
TYPES = {
    "id": (pa.string(), False),
    "device": (pa.string(), False),
    "device_name": (pa.string(), False),
    "store": (pa.string(), True),
    "received_at": (MOMENT, False),
    "started_at": (MOMENT, True),
    "local_day": (pa.date32(), True),
    "local_time": (pa.time32("ms"), True),
    "utc_offset_min": (pa.int64(), False),
    "clock": (pa.string(), False),
    "survey": (pa.string(), False),
    "survey_version": (pa.int64(), False),
    "variant": (pa.string(), True),
    "language": (pa.string(), False),
    "touchpoint": (pa.string(), True),
    "moment": (pa.string(), True),
    "outcome": (pa.string(), False),
    "took_ms": (pa.int64(), False),
    "flags": (pa.string(), True),
    "left_at": (pa.string(), True),
    "rating_question": (pa.string(), True),
    "rating_scale": (pa.string(), True),
    "rating": (pa.int64(), True),
    "comment": (pa.string(), True),
    "left_contact": (pa.bool_(), False),
    "answers": (pa.string(), False),
}


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def expected(item):
    """The row of an item, with Python's own types."""
    row = {name: item[name] for name in TYPES if name in item}
    started = moment(item["started_at"])
    local = started + datetime.timedelta(minutes=item["utc_offset_min"])
    ratings = [answer for answer in item["answers"] if answer["rating"] is not None]
    words = [answer["comment"] for answer in item["answers"] if answer["kind"] == "comment"]
    first = ratings[0] if ratings else {"question": None, "kind": None, "rating": None}
    row.update(
        received_at=moment(item["received_at"]),
        started_at=started,
        local_day=local.date(),
        local_time=local.time().replace(tzinfo=None),
        flags=" ".join(item["flags"]) or None,
        rating_question=first["question"],
        rating_scale=first["kind"],
        rating=first["rating"],
        comment=words[0] if words else None,
        left_contact=any(answer["kind"] == "contact" for answer in item["answers"]),
        answers=item["answers"],
    )
    return row


def same(found, wanted, where):
    assert list(found) == list(TYPES), f"{where}: {list(found)}"
    for name, value in wanted.items():
        assert found[name] == value, f"{where}, {wanted['id']}, {name}: {found[name]!r} for {value!r}"


def text(value):
    """A value as it stands in CSV."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03}Z"
    if isinstance(value, datetime.time):
        return value.strftime("%H:%M:%S.") + f"{value.microsecond // 1000:03}"
    value = str(value)
    # A spreadsheet would take it for a formula.
    return "'" + value if value.lstrip().startswith(tuple("=+-@＝＋－＠")) else value


with open(ITEMS, encoding="utf-8") as file:
    WANTED = {item["id"]: expected(item) for item in json.load(file)}


def parquet(table, where):
    found = table.to_pylist()
    assert len(found) == len(WANTED) == len({row["id"] for row in found}), f"{where}: {len(found)}"
    for row in found:
        row["answers"] = json.loads(row["answers"])
        same({name: row[name] for name in row if name != "day"}, WANTED[row["id"]], where)
    return found


# The folder, as a Hive partitioning whose days are those of the receipt.
days = pa.dataset.HivePartitioning(pa.schema([("day", pa.date32())]))
tree = pa.dataset.dataset(TREE, format="parquet", partitioning=days)
for row in parquet(tree.to_table(), "tree"):
    assert row["day"] == row["received_at"].date(), row["id"]
one_day = sorted(os.listdir(TREE))[3]
assert one_day.startswith("day="), one_day
some = tree.to_table(filter=pa.dataset.field("day") == datetime.date.fromisoformat(one_day[4:]))
assert 0 < some.num_rows < len(WANTED), some.num_rows

# One file: what types it says it has, without anybody who guesses.
schema = pa.parquet.read_schema(PARQUET)
for field in schema:
    assert (field.type, field.nullable) == TYPES[field.name], field
parquet(pa.parquet.read_table(PARQUET), "file")
assert pa.parquet.ParquetFile(PARQUET).metadata.row_group(0).column(0).compression == "ZSTD"

with open(CSV, encoding="utf-8", newline="") as file:
    found = list(csv.DictReader(file, strict=True))
assert len(found) == len(WANTED), len(found)
for row in found:
    row["answers"] = json.loads(row["answers"])
    wanted = WANTED[row["id"]]
    texts = {name: text(value) for name, value in wanted.items() if name != "answers"}
    numbers = {name: str(wanted[name]) for name in ("utc_offset_min",)}
    same(row, {**texts, **numbers, "answers": wanted["answers"]}, "csv")

with open(NDJSON, encoding="utf-8") as file:
    found = [json.loads(line) for line in file]
assert len(found) == len(WANTED), len(found)
for row in found:
    for name in ("received_at", "started_at"):
        row[name] = moment(row[name])
    row["local_day"] = datetime.date.fromisoformat(row["local_day"])
    row["local_time"] = datetime.time.fromisoformat(row["local_time"])
    same(row, WANTED[row["id"]], "ndjson")

print(f"{len(WANTED)} responses agree")
