"""Random definitions and buffers with what the stock package makes of them, as worked vectors.

python3 generate.py SEED FILE writes the vectors and what was left out of them; equal seeds give equal
files. What is left out are known defects of the reference, one function each below, by the names of
the worked vectors that show them.
"""

import json
import random
import sys
import tempfile
from collections import Counter

import places
from commands import command_vectors, text_vectors
from reference import encode
from telemetry import identify_vectors, packet_vectors

SIZES = {
    "reads": 24_000,
    "writes": 20_000,
    "packets": 420,
    "identify": 250,
    "commands": 2_000,
    "texts": 4_000,
}


def main():
    seed, path = int(sys.argv[1]), sys.argv[2]
    rng = random.Random(seed)
    left_out = Counter()
    vectors = []
    vectors += places.read_vectors(rng, SIZES["reads"], left_out)
    vectors += places.write_vectors(rng, SIZES["writes"], left_out)
    with tempfile.TemporaryDirectory() as folder:
        vectors += packet_vectors(rng, SIZES["packets"], left_out, folder)
        vectors += identify_vectors(rng, SIZES["identify"], left_out, folder)
        vectors += command_vectors(rng, SIZES["commands"], left_out, folder)
    vectors += text_vectors(rng, SIZES["texts"], left_out)
    for number, vector in enumerate(vectors):
        vector["id"] = f"{vector['kind']}-{number}"
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"seed": seed, "left_out": left_out, "vectors": vectors}, file)


if __name__ == "__main__":
    main()
