"""Decodes packets with the stock COSMOS package: raw and converted values and limits of all items.

python3 openc3_packets.py DEFINITIONS TARGET PACKET FILE LENGTH; the file is packets of that length.
The values it prints are the converted ones of the last packet.
"""

import os
import sys

os.environ.setdefault("OPENC3_NO_STORE", "1")

from measure import fastest, say  # noqa: E402
from openc3.packets.packet_config import PacketConfig  # noqa: E402
from openc3.utilities.logger import Logger  # noqa: E402

Logger.stdout = False


def main():
    definitions, target, name, path, length = sys.argv[1:]
    config = PacketConfig()
    config.process_file(definitions, target)
    packet = config.telemetry[target][name]
    items = [item for item in packet.sorted_items if item.name not in packet.RESERVED_ITEM_NAMES]
    with open(path, "rb") as file:
        data = file.read()
    size = int(length)
    packets = [data[at : at + size] for at in range(0, len(data), size)]
    converted = {}

    def decode():
        nonlocal converted
        for buffer in packets:
            packet.buffer = buffer
            packet.check_limits()
            packet.read_items(items, "RAW", buffer)
            converted = packet.read_items(items, "CONVERTED", buffer)

    say(fastest(len(packets), decode), converted)


if __name__ == "__main__":
    main()
