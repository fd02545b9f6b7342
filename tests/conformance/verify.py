#!/usr/bin/env python3
"""Verifies a collector's data without any of its code: every chain, every receipt, from PROTOCOL.md alone.

    python3 verify.py DATA [--receipt-key BASE64] [--json]

DATA is the collector's data folder; its database is opened read-only. The receipt key is the public one that every
device was given at enrolment; without it, it is computed from DATA/pki/receipt.key. Standard library only.

Exit codes: 0 every chain and receipt holds, 1 something does not, 2 wrong use.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import sqlite3
import sys

# Ed25519 (RFC 8032), verification alone, in extended coordinates.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    e = (y1 - x1) * (y2 - x2) % P
    f = (y1 + x1) * (y2 + x2) % P
    g = 2 * t1 * t2 * D % P
    h = 2 * z1 * z2 % P
    x, y, z, t = f - e, h - g, h + g, f + e
    return x * y % P, z * t % P, y * z % P, x * t % P


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def decompress(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def compress(point):
    x, y, z, _ = point
    inverse = pow(z, P - 2, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def signature_holds(key, message, signature):
    point, commitment = decompress(key), decompress(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if point is None or commitment is None or len(signature) != 64 or scalar >= L:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    challenge = int.from_bytes(digest, "little") % L
    return compress(multiply(scalar, BASE)) == compress(add(commitment, multiply(challenge, point)))


def public_key(pem):
    """The public half of an Ed25519 private key in PKCS#8 PEM: its seed is the first 32 bytes after the header."""
    body = base64.b64decode("".join(line for line in pem.splitlines() if not line.startswith("-")))
    seed = body[16:48]
    hashed = bytearray(hashlib.sha512(seed).digest()[:32])
    hashed[0] &= 248
    hashed[31] = hashed[31] & 127 | 64
    return compress(multiply(int.from_bytes(hashed, "little"), BASE))


# The chain.
def genesis(epoch):
    return hashlib.sha256(b"afterword-chain-v1\n" + epoch).digest()


def carried_from(epoch, seq, record):
    """Where a record first stood, and its bytes there: of a carried record its origin, of any other itself."""
    if b'"carried_from"' in record:
        try:
            said = json.loads(record)
            origin = said["carried_from"]
            # Verbatim: everything between `"record":` and the last brace.
            inner = record[record.index(b'"record":') + len(b'"record":') : -1]
            return bytes.fromhex(origin["epoch"]), origin["seq"], inner
        except (ValueError, KeyError, TypeError):
            pass
    return epoch, seq, record


def verify(data, key):
    database = sqlite3.connect(f"file:{data / 'collector.db'}?mode=ro", uri=True)
    problems, stores, receipts = [], [], 0
    origins = {}
    # Of what was erased, where it first stood and the digest of its bytes are kept beside.
    carried = {row[:3]: row[3:] for row in database.execute(
        "select device_id, epoch, seq, origin_epoch, origin_seq, digest from carried")}
    erased = {row[:3]: row[3] for row in database.execute("select device_id, epoch, seq, digest from erased")}
    chains = database.execute("select device_id, epoch, mark, head from stores order by device_id, epoch").fetchall()
    for device, epoch, mark, mark_head in chains:
        name = f"{device.hex()}/{epoch.hex()}"
        heads, head = {0: genesis(epoch)}, genesis(epoch)
        wanted = dict(
            (row[0], row[1:])
            for row in database.execute(
                "select through_seq, head, nonce, server_epoch, received_ms, signature from receipts"
                " where device_id = ? and epoch = ?",
                (device, epoch),
            )
        )
        records = 0
        rows = database.execute(
            "select seq, head, bytes, erased_ms from records where device_id = ? and epoch = ? order by seq",
            (device, epoch),
        )
        for seq, stored, record, erased_ms in rows:
            if seq != records + 1:
                problems.append(f"{name}: record {records + 1} is missing")
                break
            # Of an erased record only its head is left, and the chain goes on from there.
            head = stored if erased_ms is not None else hashlib.sha256(head + record).digest()
            if head != stored:
                problems.append(f"{name}: record {seq} or one before it was changed")
                break
            records = seq
            if seq in wanted:
                heads[seq] = head
            if erased_ms is None:
                where, number, inner = carried_from(epoch, seq, record)
                digest = hashlib.sha256(inner).digest()
            else:
                own = (epoch, seq, erased.get((device, epoch, seq)))
                where, number, digest = carried.get((device, epoch, seq), own)
            origins[(device, where, number, digest)] = True
        if (records, head) != (mark, mark_head):
            problems.append(f"{name}: receipts were given up to {mark}, the chain holds up to {records}")
        for through_seq, (said, nonce, server_epoch, received_ms, signature) in wanted.items():
            receipts += 1
            text = "afterword-receipt-v1\n" + "".join(
                f"{field}\n"
                for field in (
                    device.hex(),
                    epoch.hex(),
                    through_seq,
                    said.hex(),
                    server_epoch.hex(),
                    nonce.hex(),
                    received_ms,
                )
            )
            if heads.get(through_seq) != said:
                problems.append(f"{name}: the receipt for {through_seq} is for another chain")
            elif not signature_holds(key, text.encode(), signature):
                problems.append(f"{name}: the receipt for {through_seq} is not signed with the receipt key")
        stores.append({"device": device.hex(), "epoch": epoch.hex(), "records": records, "head": head.hex()})
    return {
        "sound": not problems,
        "records": sum(store["records"] for store in stores),
        "counted": len(origins),
        "receipts": receipts,
        "stores": stores,
        "problems": problems,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path, help="the collector's data folder")
    parser.add_argument("--receipt-key", help="the public key that signs receipts, in base64")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    arguments = parser.parse_args()
    try:
        if arguments.receipt_key:
            key = base64.b64decode(arguments.receipt_key, validate=True)
        else:
            key = public_key((arguments.data / "pki" / "receipt.key").read_text())
        report = verify(arguments.data, key)
    except (OSError, ValueError, sqlite3.Error) as error:
        print(f"{arguments.data} cannot be verified: {error}; name a collector's data folder", file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(report))
    else:
        for problem in report["problems"]:
            print(problem)
        verdict = "every chain and receipt holds" if report["sound"] else "not sound"
        print(f"{report['records']} records, {report['counted']} counted, {report['receipts']} receipts: {verdict}")
    return 0 if report["sound"] else 1


if __name__ == "__main__":
    sys.exit(main())
