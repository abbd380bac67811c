"""What both peers say: packets per second of the fastest round, and the values of one packet."""

import json
import time

# Rounds of which the fastest counts, as on the other side.
ROUNDS = 5


def fastest(count, round_):
    """Returns packets per second of the fastest round over `count` packets."""
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        round_()
        seconds.append(time.perf_counter() - start)
    return count / min(seconds)


def say(rate, values):
    """Prints the answer; values that JSON does not have are left out."""
    shown = {name: value for name, value in values.items() if isinstance(value, (int, float, str))}
    print(json.dumps({"packets_per_second": rate, "values": shown}))
