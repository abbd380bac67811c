"""Packets: items of every kind with conversions, states, formats and limits; identification."""

from openc3.packets.telemetry import Telemetry

from reference import attempt, encode, load

FORMATS = {
    "UINT": ["%d", "%05d", "0x%04X", "%x", "%o", "%-6d|", "%s"],
    "INT": ["%d", "%+05d", "% d", "%s", "%8d"],
    "FLOAT": ["%0.3f", "%10.2f", "%e", "%g", "%+.1f"],
    "STRING": ["%s", "%12s", "%-12s|"],
}
COLORS = ["", " GREEN", " YELLOW", " RED"]


def item_line(rng, number, array):
    """Writes one appended item; returns its lines, name, type and size in bits."""
    kind = rng.choice(["UINT", "INT", "UINT", "INT", "FLOAT", "STRING", "BLOCK"])
    name = f"I{number}"
    if kind == "FLOAT":
        size = rng.choice([32, 64])
    elif kind in ("STRING", "BLOCK"):
        size = 8 * rng.randint(1, 6)
    else:
        size = rng.choice([8, 16, 32, 64])
    if array and kind != "BLOCK":
        return f"  APPEND_ARRAY_ITEM {name} {size} {kind} {size * rng.randint(1, 4)}\n", name, kind, 0
    return f"  APPEND_ITEM {name} {size} {kind}\n", name, kind, size


def decorate(rng, kind, size):
    """Writes conversion, states, format, units and limits of one item."""
    lines = ""
    numeric = kind in ("UINT", "INT", "FLOAT")
    states = kind in ("UINT", "INT") and rng.random() < 0.3
    if states:
        values = rng.sample(range(0, 6), 4)
        colored = rng.random() < 0.5
        for value in values:
            lines += f"    STATE S{value} {value}{rng.choice(COLORS) if colored else ''}\n"
    elif numeric and rng.random() < 0.4:
        lines += rng.choice([
            f"    POLY_READ_CONVERSION {rng.randint(-9, 9)} {rng.uniform(-2, 2):.4f}\n",
            f"    POLY_READ_CONVERSION {rng.randint(-9, 9)} 0.5 0.25\n",
            "    SEG_POLY_READ_CONVERSION 0 1 2\n    SEG_POLY_READ_CONVERSION 50 -3 0.125\n",
        ])
        kind = "FLOAT"
    if kind in FORMATS and rng.random() < 0.6:
        lines += f'    FORMAT_STRING "{rng.choice(FORMATS[kind])}"\n'
    if rng.random() < 0.3:
        lines += "    UNITS Volts V\n"
    if numeric and not states and size and rng.random() < 0.4:
        a, b, c, d = sorted(rng.sample([x for x in range(-100, 200) if x], 4))
        # A green low limit of 0 is no limit to the reference (L005), so none is.
        green = f" {b + (c - b) // 3 or 1} {b + 2 * (c - b) // 3 or 2}" if rng.random() < 0.3 and c - b > 8 else ""
        lines += f"    LIMITS DEFAULT {rng.randint(1, 3)} ENABLED {a} {b} {c} {d}{green}\n"
    return lines


def definition(rng):
    """Writes a packet; returns its text and items as (name, kind)."""
    text = f'TELEMETRY TGT P {rng.choice(["BIG_ENDIAN", "LITTLE_ENDIAN"])} "random"\n'
    items = []
    for number in range(rng.randint(6, 16)):
        array = rng.random() < 0.15
        line, name, kind, size = item_line(rng, number, array)
        text += line
        if not array:
            text += decorate(rng, kind, size)
        items.append((name, kind))
    if rng.random() < 0.5:
        # Bitfields of both byte orders, anywhere in what the others fill.
        for number in range(20, 24):
            size = rng.randint(1, 31)
            text += f"  ITEM I{number} {rng.randint(32, 40)} {min(size, 24)} {rng.choice(['INT', 'UINT'])} \"\" "
            text += f"{rng.choice(['BIG_ENDIAN', 'LITTLE_ENDIAN'])}\n"
            items.append((f"I{number}", "INT"))
    if rng.random() < 0.3:
        text += "  APPEND_ITEM LENGTH 8 UINT\n  APPEND_ITEM TAIL 0 STRING\n    VARIABLE_BIT_SIZE LENGTH\n"
        text += "  APPEND_ITEM LAST 16 UINT\n"
        items += [("LENGTH", "UINT"), ("TAIL", "STRING"), ("LAST", "UINT")]
    return text, items


def odd_text(kind, value):
    """Names the worked vector of texts that differ by language, if this value has one."""
    values = value if isinstance(value, list) else [value]
    for element in values:
        if isinstance(element, dict) and "float" in element:
            return "P031 text of NaN and infinities"
        if isinstance(element, float) and element and not 1e-4 <= abs(element) < 1e16:
            return "P033 exponent of floats in text"
    return "P030 BLOCK as FORMATTED" if kind == "BLOCK" else None


def packet_vectors(rng, count, left_out, folder):
    vectors = []
    while len(vectors) < count:
        config, items = definition(rng)
        loaded = load(folder, config)
        if loaded is None:
            left_out["definitions that the reference refuses"] += 1
            continue
        packet = loaded.telemetry["TGT"]["P"]
        # Reading variable sizes moves the items of the reference, so their places are taken first.
        shape = Shape(packet)
        events = []
        packet.limits_change_callback = lambda _p, item, old, value, log: events.append(
            [item.name, old, item.limits.state, encode(value), log]
        )
        steps, expected = [], []
        for _ in range(4):
            buffer = buffer_for(rng, shape)
            steps.append({"op": "buffer", "hex": buffer.hex()})
            packet.buffer = buffer
            expected.append({"length_error_logged": False})
            for name, kind in items:
                for form in ("RAW", "CONVERTED", "FORMATTED"):
                    value = attempt(lambda: packet.read(name, form))
                    if form == "FORMATTED":
                        known = odd_text(kind, attempt(lambda: packet.read(name, "CONVERTED")))
                        if known:
                            left_out[known] += 1
                            continue
                    steps.append({"op": "read", "item": name, "type": form})
                    expected.append(value)
            events.clear()
            packet.check_limits()
            steps.append({"op": "check_limits"})
            states = {item.name: item.limits.state for item in packet.limits_items or []}
            expected.append({"states": states, "events": [list(event) for event in events]})
        vectors.append({"kind": "packet", "config": config, "packet": "P", "steps": steps, "expected": expected})
    return vectors


class Shape:
    """The length of a packet, the bytes of its texts, and whether it has a tail of variable size."""

    def __init__(self, packet):
        self.length = packet.defined_length
        texts = [item for item in packet.sorted_items if item.data_type == "STRING"]
        spans = [(item.bit_offset // 8, max(item.bit_size, item.array_size or 0) // 8) for item in texts]
        self.texts = [span for span in spans if span[1] > 0]
        self.has_tail = "TAIL" in packet.items


def buffer_for(rng, shape):
    """Makes bytes of the packet's length, small numbers often, so that states and limits occur."""
    raw = bytearray(rng.choice([0, 1, 2, 3, 255, rng.getrandbits(8)]) for _ in range(shape.length))
    for first, size in shape.texts:
        raw[first : first + size] = bytes(rng.choice(b"ABCxyz09\0") for _ in range(size))
    if shape.has_tail:
        # The length stands before the tail, two bytes behind it.
        # A tail of no bytes is empty (spec 3.6); Python reads up to the packet's end.
        tail = bytes(rng.choice(b"ABCxyz09") for _ in range(rng.randint(1, 9)))
        raw[-3] = len(tail)
        raw[-2:-2] = tail
    return bytes(raw)


def identify_vectors(rng, count, left_out, folder):
    vectors = []
    for _ in range(count):
        same = rng.random() < 0.6
        text, layouts = "", []
        for number in range(rng.randint(2, 8)):
            text += f'TELEMETRY TGT P{number} BIG_ENDIAN "p"\n'
            sizes = [8, 16] if same else rng.choice([[8], [8, 16], [16, 8], [4, 12]])
            for place, size in enumerate(sizes):
                text += f"  APPEND_ID_ITEM ID{place} {size} UINT {rng.randint(0, 3)}\n"
            text += f"  APPEND_ITEM X {rng.choice([8, 16])} UINT\n"
        loaded = load(folder, text)
        if loaded is None:
            left_out["definitions that the reference refuses"] += 1
            continue
        telemetry = Telemetry(loaded, None)
        buffers = [bytes(rng.randint(0, 3) if rng.random() < 0.5 else 0 for _ in range(rng.randint(0, 5))) for _ in range(40)]
        names = []
        for buffer in buffers:
            found = telemetry.identify(buffer, ["TGT"])
            names.append(found.packet_name if found else None)
        expected = {"unique_id_mode": bool(telemetry.tlm_unique_id_mode("TGT")), "packets": names}
        vectors.append({"kind": "identify", "config": text, "buffers": [b.hex() for b in buffers], "expected": expected})
    return vectors
