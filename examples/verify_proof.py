#!/usr/bin/env python3
"""Checks offline what one printer was read to say: python3 verify_proof.py PROOF.json FIRST_KEY [READING]

FIRST_KEY is the agent's first public key, 64 hexadecimal digits, as the agent's `onsite status` or a
page of Central shows it, from a source that you trust. READING is a path such as meters.0.value. It shares no code with
Pagetally and needs nothing but Python: docs/proof-format.md is all that it was written from.
"""
import hashlib
import json
import struct
import sys
from datetime import datetime, timedelta, timezone

# Ed25519 verification (RFC 8032 section 5.1.7). Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert y < P and (x * x - square) % P == 0 and not (x == 0 and sign), "no point of the curve"
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] * D, 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, p):
    total = (0, 1, 1, 0)
    while n:
        total, p, n = (add(total, p) if n & 1 else total), add(p, p), n >> 1
    return total


def same(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def signed(key, domain, content, signature):
    key, signature = bytes.fromhex(key), bytes.fromhex(signature)
    a, r, s = point(key), point(signature[:32]), int.from_bytes(signature[32:], "little")
    message = domain.encode() + b"\0" + content
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    base, nothing = point(bytes([0x58] + [0x66] * 31)), (0, 1, 1, 0)
    weak = same(times(8, a), nothing) or same(times(8, r), nothing)
    assert s < L and not weak, "a weak key or signature"
    assert same(times(s, base), add(r, times(k, a))), "a signature does not fit"


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def millis(text):
    start = datetime(1970, 1, 1, tzinfo=timezone.utc)
    return (datetime.fromisoformat(text.replace("Z", "+00:00")) - start) // timedelta(milliseconds=1)


def header_bytes(h):
    assert h["format"] == 1 and h["algorithm"] == 1 and h["number"] > 0 and h["leaves"] > 0, "an unknown header"
    parts = [bytes.fromhex(h[name]) for name in ("id", "agent", "previous", "content")]
    assert [len(part) for part in parts] == [16, 16, 32, 32]
    return struct.pack(">BB16s16sQ32s32sIq", 1, 1, parts[0], parts[1], h["number"], parts[2], parts[3],
                       h["leaves"], millis(h["created"]))


def header_signed(s, key):
    signed(key, "pagetally/submission-signature/1", header_bytes(s["header"]), s["signature"])


def keys_of(agent, first, rotations):
    keys = [(0, first)]
    for record in rotations:
        r = record["rotation"]
        assert r["format"] == 1 and r["algorithm"] == 1 and r["agent"] == agent, "an unknown change of keys"
        assert r["oldKey"] == keys[-1][1] and r["number"] > keys[-1][0], "a change of keys does not follow"
        content = struct.pack(">BB16sQ32s32s32sq", 1, 1, bytes.fromhex(agent), r["number"],
                              *(bytes.fromhex(r[n]) for n in ("oldKey", "newKey", "newSealingKey")),
                              millis(r["created"]))
        signed(r["oldKey"], "pagetally/key-rotation/1", content, record["handover"])
        signed(r["newKey"], "pagetally/key-rotation-possession/1", content, record["possession"])
        keys.append((r["number"], r["newKey"]))
    return lambda number: [key for after, key in keys if after < number][-1]


def verify(proof, first_key):
    assert proof["format"] == 1, "an unknown proof"
    header, path, before = proof["signed"]["header"], proof["path"], proof.get("before")
    key_at = keys_of(header["agent"], first_key, proof.get("rotations", []))
    header_signed(proof["signed"], key_at(header["number"]))
    assert path["leaves"] == header["leaves"] and path["index"] < path["leaves"], "the path is for another tree"
    kind = {"audit": 1, "pass-report": 2, "key-rotation": 3}[proof["kind"]]
    node = sha256(b"\0\1", bytes([kind]), bytes.fromhex(proof["salt"]), proof["document"].encode())
    at, last = path["index"], path["leaves"] - 1
    for sibling in map(bytes.fromhex, path["hashes"]):
        assert last, "the path is too long"
        if at & 1 or at == last:
            node = sha256(b"\1", sibling, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = sha256(b"\1", node, sibling)
        at, last = at >> 1, last >> 1
    assert not last and node.hex() == header["content"], "the document is not in the submission"
    if before is None:
        assert header["number"] == 1 and header["previous"] == "0" * 64, "the link of the chain is missing"
    else:
        header_signed(before, key_at(before["header"]["number"]))
        assert before["header"]["agent"] == header["agent"], "another agent's chain"
        assert before["header"]["number"] + 1 == header["number"], "the link of the chain is another"
        link = sha256(b"pagetally/submission-header/1\0", header_bytes(before["header"]))
        assert link.hex() == header["previous"], "the chain is broken"
    return json.loads(proof["document"])


if __name__ == "__main__":
    try:
        value = verify(json.load(open(sys.argv[1], encoding="utf-8")), sys.argv[2])
    except (AssertionError, LookupError, TypeError, ValueError) as error:
        sys.exit(f"NOT PROVED: {error}")
    for step in sys.argv[3].split(".") if len(sys.argv) > 3 else []:
        value = value[int(step)] if isinstance(value, list) else value[step]
    print("proved:", json.dumps(value, ensure_ascii=False))
