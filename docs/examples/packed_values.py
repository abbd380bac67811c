"""Unpacks the values of a decommutated record: docs/decom-record.md, section by section.

Times are nanoseconds since 1970-01-01 UTC, BLOCKs are bytes, arrays are lists.
"""

import struct

TAGGED = ("BOOL", "OBJECT", "ARRAY", "ANY")
LIMITS = "NONE RED_LOW YELLOW_LOW YELLOW_HIGH RED_HIGH GREEN GREEN_LOW GREEN_HIGH BLUE RED YELLOW STALE"


def unpack(items, data):
    """Returns raw values, converted values and limits states by item name.

    items: the packet's ItemLayouts. Missing and unreadable values are None. Items whose values follow
    from the envelope are left out.
    """
    version, flags, count, found = struct.unpack_from("<BBHI", data)
    if version != 1 or count != len(items) or found != fingerprint(items):
        raise ValueError("packed in another version, or with other definitions than these")
    status = data[-count:] if flags & 1 else bytes(count)
    at = 8  # the next slot

    def slot(size):
        nonlocal at
        at += size
        return at - size

    def reference():
        return struct.unpack_from("<II", data, slot(8))

    def elements(item, width, read):
        """One value; of an array a list. Arrays of varying size lie behind a reference."""
        if not is_list(item):
            return read(data[slot(width) : at])
        if item.array_bit_size > 0 and item.bit_size > 0:
            number = item.array_bit_size // item.bit_size
            start = slot(width * number)
        else:
            start, number = reference()
        return [read(data[start + width * i : start + width * (i + 1)]) for i in range(number)]

    def raw_of(item):
        kind, bits = item.data_type, item.bit_size
        if kind == "DERIVED":
            return None
        if kind in TAGGED:
            return tagged(data, *reference())
        if kind in ("STRING", "BLOCK"):
            if bits == 0 and item.array_bit_size == 0:
                start, length = reference()
                return text(kind, data[start : start + length])
            return elements(item, (bits + 7) // 8, lambda field: text(kind, field))
        if kind == "FLOAT":
            form = ">f" if bits == 32 else ">d"
            return elements(item, struct.calcsize(form), lambda field: struct.unpack(form, field)[0])
        width = next((width for width in (1, 2, 4, 8) if bits <= 8 * width), 16)
        return elements(item, width, lambda field: int.from_bytes(field, "big", signed=kind == "INT"))

    def converted_of(item, raw):
        if item.converted == "f64":
            return elements(item, 8, lambda field: struct.unpack("<d", field)[0])
        if item.converted == "time":
            return struct.unpack_from("<q", data, slot(8))[0]
        if item.converted == "value":
            return tagged(data, *reference())
        return raw

    def with_states(item, value):
        if not item.states:
            return value
        states = elements(item, 2, lambda field: int.from_bytes(field, "little"))
        if not is_list(item):
            return value if states == 0xFFFF else item.states[states]
        pairs = zip(states, value or ())
        return value and [one if state == 0xFFFF else item.states[state] for state, one in pairs]

    result = {"raw": {}, "converted": {}, "limits": {}}
    raw_values = [raw_of(item) for item in items]
    for item, raw, code in zip(items, raw_values, status):
        if item.converted == "envelope":
            if item.data_type != "DERIVED":
                result["raw"][item.name] = None if code & 3 else raw
            continue
        raw = None if code & 3 else raw
        value = converted_of(item, raw)
        if item.converted and code >> 2 & 3:
            value = None
        result["raw"][item.name] = value if item.data_type == "DERIVED" else raw
        result["converted"][item.name] = with_states(item, value)
    for item in items:
        if item.limits and (code := data[slot(1)]):
            result["limits"][item.name] = LIMITS.split()[code]
    return result


def is_list(item):
    """Says whether an item has several elements; a tagged value is one, whatever it holds."""
    return item.array_bit_size != 0 and item.data_type not in (*TAGGED, "DERIVED")


def text(kind, field):
    """A STRING ends at its first zero byte; what is not UTF-8 stays bytes, as a BLOCK does."""
    if kind == "BLOCK":
        return field
    field = field.split(b"\0")[0]
    try:
        return field.decode()
    except UnicodeDecodeError:
        return field


def tagged(data, at, length):
    """A value that says itself what it is; a reference of length 0 points to nothing."""

    def take(form):
        nonlocal at
        at += struct.calcsize("<" + form)
        return struct.unpack_from("<" + form, data, at - struct.calcsize("<" + form))[0]

    def content():
        return take(f"{take('I')}s")

    def value():
        match take("B"):
            case 0:
                return None
            case 1:
                return take("?")
            case 2:
                return int.from_bytes(take("16s"), "little", signed=True)
            case 3:
                return take("d")
            case 4:
                return content().decode()
            case 5:
                return content()
            case 6:
                return [value() for _ in range(take("I"))]
            case 7:
                return {content().decode(): value() for _ in range(take("I"))}
            case 8:
                return take("q")
            case tag:
                raise ValueError(f"no value has the tag {tag}")

    return value() if length else None


def fingerprint(items):
    """FNV-1a over what the items are: guards against reading with other definitions."""
    found = 0x811C9DC5
    for item in items:
        words = (item.name, item.data_type, item.bit_size, item.array_bit_size, item.converted)
        line = "\t".join(map(str, (*words, int(item.limits), *item.states))) + "\n"
        for byte in line.encode():
            found = (found ^ byte) * 0x01000193 & 0xFFFFFFFF
    return found
