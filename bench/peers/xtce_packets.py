"""Decodes space packets with the space_packet_parser package, through an XTCE document.

python3 xtce_packets.py DOCUMENT FILE; the values it prints are those of the last packet.
"""

import sys

from measure import fastest, say
from space_packet_parser.generators import ccsds_generator
from space_packet_parser.xtce.definitions import XtcePacketDefinition


def main():
    document, path = sys.argv[1:]
    definition = XtcePacketDefinition.from_xtce(document)
    with open(path, "rb") as file:
        packets = list(ccsds_generator(file.read()))
    last = {}

    def decode():
        nonlocal last
        for packet in packets:
            last = definition.parse_bytes(packet)

    rate = fastest(len(packets), decode)
    say(rate, {name: value.raw_value for name, value in last.items()})


if __name__ == "__main__":
    main()
