"""Reads records of groundlog's topics and prints raw and decommutated ones, one JSON object each.

Standard input: per record a line TOPIC PARTITION OFFSET LENGTH, the value, a line end. That is what
kcat prints with -f '%t %p %o %S\\n%s\\n', and `groundlog log cat TOPIC --raw`. The topic `definitions`
comes first: it says how values are packed. docs/from-outside.md has the whole command line.
"""

import json
import sys

import groundlog_pb2 as wire  # python3 -m grpc_tools.protoc -I proto --python_out=. groundlog.proto
from packed_values import unpack

chunks, layouts = {}, {}
while header := sys.stdin.buffer.readline():
    topic, partition, offset, length = header.decode().split()
    value = sys.stdin.buffer.read(int(length) + 1)[:-1]
    if topic.endswith("definitions"):
        chunk = wire.DefinitionChunk.FromString(value)
        parts = chunks.setdefault(chunk.hash, {})
        parts[chunk.index] = chunk.data
        if len(parts) == chunk.count:
            whole = b"".join(parts[index] for index in range(chunk.count))
            for packet in wire.DefinitionSet.FromString(whole).packets:
                layouts[chunk.hash, packet.command, packet.target, packet.packet] = packet.items
        continue
    line = {"topic": topic, "partition": int(partition), "offset": int(offset)}
    if topic.endswith(("raw", "raw.stored")):
        record = wire.RawRecord.FromString(value)
        line |= {"interface": record.interface, "data": record.packet.data}
    else:
        record = wire.DecomRecord.FromString(value)
        line |= {"target": record.target, "packet": record.packet, "source": record.source.offset}
        if record.values:
            items = layouts[record.definitions, False, record.target, record.packet]
            line |= unpack(items, record.values)
    print(json.dumps(line, default=bytes.hex))
