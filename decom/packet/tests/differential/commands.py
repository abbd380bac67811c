"""Commands: built, checked, written as text; command texts and single words read."""

from openc3.packets.commands import Commands
from openc3.utilities.extract import convert_to_value, extract_fields_from_cmd_text

from reference import attempt, encode, load


def definition(rng):
    """Writes a command; returns its text and parameters as (name, kind, size, state names)."""
    text = f'COMMAND TGT C {rng.choice(["BIG_ENDIAN", "LITTLE_ENDIAN"])} "random"\n'
    parameters = []
    if rng.random() < 0.1:
        text += '  HAZARDOUS "Really?"\n'
    text += f"  APPEND_ID_PARAMETER OP 8 UINT 0 255 {rng.randint(0, 255)}\n"
    for number in range(rng.randint(1, 8)):
        kind = rng.choice(["UINT", "INT", "FLOAT", "STRING", "STRING"])
        name, size, states = f"A{number}", 8 * rng.choice([1, 2, 4, 8]), []
        if kind == "FLOAT":
            size = rng.choice([32, 64])
            text += f"  APPEND_PARAMETER {name} {size} FLOAT -100.0 100.0 {rng.randint(-50, 50)}.5\n"
        elif kind == "STRING":
            text += f'  APPEND_PARAMETER {name} {size} STRING "{"".join(rng.choice("ABCab") for _ in range(size // 8))}"\n'
        else:
            low = 0 if kind == "UINT" else -100
            text += f"  APPEND_PARAMETER {name} {size} {kind} {rng.choice([str(low), 'MIN'])} {rng.choice(['100', 'MAX'])} {rng.randint(low, 100)}\n"
            if rng.random() < 0.3:
                states = ["ZERO", "ONE", "TWO"]
                text += "    STATE ZERO 0\n    STATE ONE 1\n    STATE TWO 2 HAZARDOUS \"Two\"\n"
            elif rng.random() < 0.2:
                text += "    POLY_WRITE_CONVERSION 0 2\n"
        if rng.random() < 0.15:
            text += "    REQUIRED\n"
        parameters.append((name, kind, size, states))
    return text, parameters


def given(rng, parameters):
    """Chooses parameters and values, some of them wrong."""
    chosen = {}
    for name, kind, size, states in parameters:
        if rng.random() < 0.35:
            continue
        if states and rng.random() < 0.7:
            chosen[name] = rng.choice([*states, "NEVER"]) if rng.random() < 0.95 else 7
        elif kind == "FLOAT":
            chosen[name] = rng.choice([rng.randint(-120, 120) + 0.25, rng.randint(-120, 120)])
        elif kind == "STRING":
            chosen[name] = "".join(rng.choice("XYZxyz019 ") for _ in range(rng.randint(0, size // 8)))
        else:
            chosen[name] = rng.choice([rng.randint(-2, 120), rng.randint(0, 9), rng.randint(0, 9) + 0.5])
    if rng.random() < 0.03:
        chosen["NOWHERE"] = 1
    return chosen


def command_vectors(rng, count, left_out, folder):
    vectors = []
    while len(vectors) < count:
        config, parameters = definition(rng)
        loaded = load(folder, config)
        if loaded is None:
            left_out["definitions that the reference refuses"] += 1
            continue
        commands = Commands(loaded, None)
        for _ in range(4):
            params = given(rng, parameters)
            raw = rng.random() < 0.2
            checked = rng.random() < 0.7
            common = {"config": config, "packet": "C", "params": [[k, encode(v)] for k, v in params.items()], "raw": raw}

            def build():
                command = commands.build_cmd("TGT", "C", params, checked, raw, checked)
                hazardous = commands.cmd_pkt_hazardous(command)
                return command, hazardous

            try:
                command, hazardous = build()
                expected = {"hex": command.buffer.hex(), "hazardous": list(hazardous), "extra": None}
            except Exception as error:  # noqa: BLE001
                expected = {"error": str(error)}
            vectors.append({"kind": "build_cmd", **common, "range_check": checked, "check_required": checked, "expected": expected})
            text = attempt(lambda: commands.format(commands.build_cmd("TGT", "C", params, False, raw, False)))
            vectors.append({"kind": "format_cmd", **common, "expected": text})
    return vectors


def word(rng):
    """Writes one value as an operator might."""
    return rng.choice([
        str(rng.randint(-(10**6), 10**6)),
        f"{rng.uniform(-1000, 1000):.3f}",
        hex(rng.getrandbits(32)),
        f"{rng.randint(1, 9)}e{rng.randint(-3, 12)}",
        f"'{rng.choice(['a b', 'x', 'WITH', '12'])}'",
        f'"{rng.choice(["a, b", "y", "1.5"])}"',
        rng.choice(["NORMAL", "on", "_x", "A1", "-", "+5", "1_000", ".5", "5.", "true", "None"]),
        f"[{', '.join(str(rng.randint(0, 9)) for _ in range(rng.randint(0, 3)))}]",
    ])


def text_vectors(rng, count, left_out):
    vectors = []
    for _ in range(count):
        text = word(rng)
        vectors.append({"kind": "convert_to_value", "text": text, "expected": attempt(lambda: convert_to_value(text))})
        pairs = ", ".join(f"P{number} {word(rng)}" for number in range(rng.randint(0, 4)))
        text = f"TGT CMD{rng.randint(0, 9)}" + (f" {rng.choice(['with', 'WITH', 'With'])} {pairs}" if pairs else "")
        vectors.append({"kind": "cmd_text", "text": text, "expected": attempt(lambda: fields(text))})
    return vectors


def fields(text):
    target, command, parameters = extract_fields_from_cmd_text(text)
    return [target, command, [[name, value] for name, value in parameters.items()]]
