"""The stock package, and its values in the words of the worked vectors."""

import math
import os

os.environ.setdefault("OPENC3_NO_STORE", "1")

from openc3.packets.packet_config import PacketConfig  # noqa: E402
from openc3.utilities.logger import Logger  # noqa: E402

Logger.stdout = False


def encode(value):
    """Encodes a value as the worked vectors do."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else {"int": str(value)}
    if isinstance(value, float):
        if math.isnan(value):
            return {"float": "NaN"}
        if math.isinf(value):
            return {"float": "Infinity" if value > 0 else "-Infinity"}
        return {"float": "-0.0"} if value == 0 and math.copysign(1, value) < 0 else value
    if isinstance(value, (bytes, bytearray)):
        return {"hex": bytes(value).hex()}
    if isinstance(value, (list, tuple)):
        return [encode(element) for element in value]
    if isinstance(value, dict):
        return {"object": {key: encode(element) for key, element in value.items()}}
    raise TypeError(f"no form for {value!r}")


def attempt(function):
    """Returns what a function gives, or that it fails."""
    try:
        return encode(function())
    except Exception as error:  # noqa: BLE001 - whatever the reference raises is its answer
        return {"error": f"{type(error).__name__}: {error}"}


def load(folder, config):
    """Loads definitions; None where the reference refuses them."""
    path = os.path.join(folder, "definitions.txt")
    with open(path, "w", encoding="utf-8") as file:
        file.write(config)
    loaded = PacketConfig()
    try:
        loaded.process_file(path, "TGT")
    except Exception:  # noqa: BLE001
        return None
    return loaded
