"""Single values and arrays at bit offsets."""

import math
import struct

from openc3.accessors.binary_accessor import BinaryAccessor

from reference import attempt, encode

OVERFLOWS = ["ERROR", "ERROR_ALLOW_HEX", "TRUNCATE", "SATURATE"]
ENDIANNESS = ["BIG_ENDIAN", "LITTLE_ENDIAN"]


def place(rng, length):
    """Chooses a place in a buffer, most of them inside."""
    data_type = rng.choice(["INT", "UINT", "INT", "UINT", "FLOAT", "STRING", "BLOCK"])
    if data_type in ("INT", "UINT"):
        bit_size = rng.choice([8, 16, 32, 64, rng.randint(1, 64), rng.randint(1, 70)])
        bit_offset = rng.randint(0, length * 8) if rng.random() < 0.6 else rng.randint(0, length) * 8
    elif data_type == "FLOAT":
        bit_size, bit_offset = rng.choice([32, 64]), rng.randint(0, length) * 8
    else:
        bit_size, bit_offset = 8 * rng.randint(0, 8), rng.randint(0, length) * 8
    if rng.random() < 0.05:
        bit_size = -rng.randint(0, 16) if data_type in ("INT", "UINT") else -8 * rng.randint(0, 4)
    if rng.random() < 0.1:
        bit_offset = -rng.randint(1, length * 8 + 8)
        if data_type not in ("INT", "UINT"):
            bit_offset = -8 * rng.randint(1, length + 1)
    array_size = None
    if rng.random() < 0.25 and bit_size > 0:
        array_size = bit_size * rng.randint(0, 5) if rng.random() < 0.9 else rng.randint(-40, 80)
    return {
        "bit_offset": bit_offset,
        "bit_size": bit_size,
        "data_type": data_type,
        "endianness": rng.choice(ENDIANNESS),
        "array_size": array_size,
    }


def unaligned_little_array(at):
    """Little endian bitfields in arrays: the reference refuses or misplaces them (spec 3.6)."""
    bits = at["bit_offset"] % 8 or at["bit_size"] not in (8, 16, 32, 64)
    return at["array_size"] is not None and at["endianness"] == "LITTLE_ENDIAN" and bool(bits)


def begins_before_the_buffer(at, length):
    """Little endian bitfields before byte 0: no definition may have them; one says null, one fails (R029)."""
    size, offset = at["bit_size"], at["bit_offset"]
    if at["endianness"] != "LITTLE_ENDIAN" or at["data_type"] not in ("INT", "UINT") or size < 1:
        return False
    offset = offset if offset >= 0 else length * 8 + offset
    plain = offset % 8 == 0 and size in (8, 16, 32, 64)
    return not plain and offset // 8 + 1 < (offset % 8 + size - 1) // 8 + 1


def not_utf8(at, expected):
    """Texts that are no UTF-8: Python then keeps what lies behind their zero byte."""
    values = expected if isinstance(expected, list) else [expected]
    return at["data_type"] == "STRING" and any(isinstance(v, dict) and "hex" in v for v in values)


def buffer_of(rng):
    return bytes(rng.choice([0, 255, rng.getrandbits(8)]) for _ in range(rng.randint(1, 24)))


def read_vectors(rng, count, left_out):
    vectors = []
    while len(vectors) < count:
        buffer = buffer_of(rng)
        at = place(rng, len(buffer))
        expected = attempt(lambda: read(at, buffer))
        for known, name in (
            (unaligned_little_array(at), "arrays of little endian bitfields"),
            (begins_before_the_buffer(at, len(buffer)), "R029 fields before byte 0"),
            (not_utf8(at, expected), "texts that are no UTF-8"),
        ):
            if known:
                left_out[name] += 1
                break
        else:
            vectors.append({"kind": "read", **at, "buffer": buffer.hex(), "expected": expected})
    return vectors


def read(at, buffer):
    offset, size, kind, order = at["bit_offset"], at["bit_size"], at["data_type"], at["endianness"]
    if at["array_size"] is not None:
        return BinaryAccessor.read_array(offset, size, kind, at["array_size"], bytearray(buffer), order)
    return BinaryAccessor.read(offset, size, kind, bytearray(buffer), order)


def value_for(rng, at):
    kind, size = at["data_type"], max(at["bit_size"], 1)
    if kind in ("INT", "UINT"):
        edge = 2 ** (size - 1)
        near = rng.choice([0, edge, edge - 1, -edge, 2 * edge - 1, 2 * edge, -1]) + rng.choice([0, 0, 1, -1])
        inside = rng.randrange(2 * edge) - (edge if kind == "INT" else 0)
        return rng.choice([near, inside, inside, float(rng.randint(0, 100)) + 0.75, str(rng.randint(0, 99))])
    if kind == "FLOAT":
        return rng.choice([rng.uniform(-1e6, 1e6), 0.0, -0.0, math.inf, rng.randint(-1000, 1000), 1e-40, "1.5"])
    if kind == "STRING":
        return "".join(rng.choice("AZaz09 _-") for _ in range(rng.randint(0, 9)))
    return bytes(rng.getrandbits(8) for _ in range(rng.randint(0, 9)))


def element_for(rng, at):
    """Chooses an element of an array; the reference refuses there the texts and fractions that it converts elsewhere."""
    value = value_for(rng, at)
    if at["data_type"] in ("INT", "UINT"):
        return int(float(value)) if isinstance(value, (str, float)) else value
    return float(value) if at["data_type"] == "FLOAT" else value


def known_write_defect(at, value, overflow):
    """Names the worked vector that shows a defect of the reference, if this is one."""
    kind, size = at["data_type"], at["bit_size"]
    values = value if isinstance(value, list) else [value]
    if kind == "INT":
        numbers = [float(v) if isinstance(v, str) else v for v in values]
        outside = any(not -(2 ** (size - 1)) <= number < 2 ** (size - 1) for number in numbers)
        if overflow == "TRUNCATE" and (outside or min(numbers, default=0) < 0):
            return "W02A TRUNCATE of signed integers"
        if outside and overflow == "ERROR_ALLOW_HEX":
            return "W024 ERROR_ALLOW_HEX of signed integers"
    if kind in ("STRING", "BLOCK") and overflow == "TRUNCATE" and size > 0:
        if any(len(v) * 8 > size for v in values):
            return "W072 TRUNCATE of text"
    if unaligned_little_array(at):
        return "arrays of little endian bitfields"
    return None


def odd_open_list(at, length, expected):
    """Names what the reference does with lists of open size that says nothing about others."""
    total = at["array_size"]
    if total is None or total > 0:
        return None
    if "not a multiple" in str(expected):
        return "lists of open size: no whole number of elements before (Python wants one, at times)"
    if at["bit_offset"] - total > length * 8:
        return "lists of open size: a buffer too short (Python adds zeros, or bytes a second time)"
    return None


def write_vectors(rng, count, left_out):
    vectors = []
    while len(vectors) < count:
        buffer = buffer_of(rng)
        at = place(rng, len(buffer))
        overflow = rng.choice(OVERFLOWS)
        value = value_for(rng, at)
        if at["array_size"] is not None:
            value = [element_for(rng, at) for _ in range(rng.randint(0, 5))]
        known = known_write_defect(at, value, overflow)
        if known:
            left_out[known] += 1
            continue
        expected = attempt(lambda: write(at, value, buffer, overflow))
        odd = odd_open_list(at, len(buffer), expected)
        if odd:
            left_out[odd] += 1
            continue
        vector = {"kind": "write", **at, "buffer": buffer.hex(), "overflow": overflow}
        vectors.append({**vector, "value": encode(value), "expected": expected})
    return vectors


def write(at, value, buffer, overflow):
    target = bytearray(buffer)
    offset, size, kind, order = at["bit_offset"], at["bit_size"], at["data_type"], at["endianness"]
    if at["array_size"] is not None:
        # The reference pads the list that it is given.
        BinaryAccessor.write_array(list(value), offset, size, kind, at["array_size"], target, order, overflow)
    else:
        BinaryAccessor.write(value, offset, size, kind, target, order, overflow)
    return target
