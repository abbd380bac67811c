"""Runs the stock COSMOS client, unmodified, against a running groundlog demo.

    OPENC3_API_HOSTNAME=127.0.0.1 OPENC3_API_PORT=2900 OPENC3_API_PASSWORD=password \
    OPENC3_NO_STORE=1 python stock_client.py

Prints one line per check and closes with `N passed, N failed`; the exit code is 1 when any failed.
"""

import io
import json
import os
import sys
import time
import traceback
import urllib.error
import urllib.request

HOST = os.environ.setdefault("OPENC3_API_HOSTNAME", "127.0.0.1")
PORT = os.environ.setdefault("OPENC3_API_PORT", "2900")
PASSWORD = os.environ.setdefault("OPENC3_API_PASSWORD", "password")
os.environ.setdefault("OPENC3_SCRIPT_API_HOSTNAME", HOST)
os.environ.setdefault("OPENC3_SCRIPT_API_PORT", PORT)
os.environ.setdefault("OPENC3_NO_STORE", "1")

# The client reads its environment when it is imported.
from openc3.script import *  # noqa: E402,F403

CHECKS = []
HS = "INST HEALTH_STATUS"


def check_that(function):
    """Registers a check; its name with blanks is what is printed."""
    CHECKS.append(function)
    return function


def eventually(what, condition, seconds=15.0):
    """Waits for a condition, with a bound."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def refused(expected, function, *args, **kwargs):
    """Calls what must be refused and compares the text."""
    try:
        result = function(*args, **kwargs)
    except Exception as error:  # the client raises what the server says
        if expected not in str(error):
            raise AssertionError(f"expected '{expected}', was told '{error}'") from error
        return error
    raise AssertionError(f"not refused: {function.__name__}{args} gave {result!r}")


def equal(found, expected):
    if found != expected or isinstance(found, bool) != isinstance(expected, bool):
        raise AssertionError(f"expected {expected!r}, found {found!r}")


def near(found, expected, tolerance):
    if abs(found - expected) > tolerance:
        raise AssertionError(f"expected {expected!r} within {tolerance}, found {found!r}")


def raw_post(method, params):
    """Posts one request without the client; returns status and body."""
    body = json.dumps(
        {
            "jsonrpc": "2.0",
            "method": method,
            "params": params,
            "keyword_params": {"scope": "DEFAULT"},
            "id": 3,
        }
    ).encode()
    request = urllib.request.Request(
        f"http://{HOST}:{PORT}/openc3-api/api",
        data=body,
        headers={"Authorization": PASSWORD, "Content-Type": "application/x-www-form-urlencoded"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def collects():
    return tlm(f"{HS} COLLECTS")


# ------------------------------------------------------------------------------------ telemetry


@check_that
def tlm_in_both_syntaxes():
    eventually("the first packet", lambda: tlm(f"{HS} TEMP1") is not None)
    one = tlm(f"{HS} TEMP1")
    three = tlm("INST", "HEALTH_STATUS", "TEMP1")
    assert isinstance(one, float) and isinstance(three, float), (one, three)
    assert -100.0 <= one <= 100.0, one
    small = tlm("inst health_status temp1")
    assert isinstance(small, float), small
    assert isinstance(tlm("INST LATEST TEMP1"), float)


@check_that
def tlm_values_change():
    first = tlm(f"{HS} RECEIVED_COUNT")
    eventually("the received count grows", lambda: tlm(f"{HS} RECEIVED_COUNT") > first)
    seen = {tlm("INST ADCS POSX")}
    eventually("the position moves", lambda: seen.add(tlm("INST ADCS POSX")) or len(seen) >= 3)


@check_that
def tlm_raw_is_what_the_packet_holds():
    raw = tlm_raw(f"{HS} TEMP1")
    assert isinstance(raw, int) and 0 <= raw <= 65535, raw

    def agrees():
        before = tlm_raw("INST", "HEALTH_STATUS", "TEMP1")
        converted = tlm("INST", "HEALTH_STATUS", "TEMP1")
        after = tlm("INST", "HEALTH_STATUS", "TEMP1", type="RAW")
        return before == after and abs(-100.0 + 0.0030517578125 * before - converted) < 1e-6

    eventually("raw and converted of one packet agree", agrees)
    assert isinstance(tlm_raw(f"{HS} COLLECT_TYPE"), int)
    assert isinstance(tlm(f"{HS} COLLECT_TYPE"), str)


@check_that
def tlm_formatted_and_with_units():
    for text in (tlm_formatted(f"{HS} TEMP1"), tlm_with_units("INST", "HEALTH_STATUS", "TEMP1")):
        number, unit = text.split(" ")
        assert unit == "C" and len(number.split(".")[1]) == 3, text
    formatted = tlm(f"{HS} TEMP1", type="FORMATTED")
    with_units = tlm(f"{HS} TEMP1", type="WITH_UNITS")
    assert formatted.endswith(" C") and with_units.endswith(" C"), (formatted, with_units)
    assert tlm_formatted(f"{HS} OPCODE").startswith("0x")
    assert isinstance(tlm_formatted(f"{HS} COLLECTS"), str)


@check_that
def tlm_of_arrays_and_blocks():
    array = tlm(f"{HS} ARY")
    assert isinstance(array, list) and len(array) == 10, array
    assert isinstance(tlm(f"{HS} ARY[3]"), int)
    block = tlm(f"{HS} BLOCKTEST")
    assert isinstance(block, (bytes, bytearray, str)) and len(block) == 20, block


@check_that
def get_tlm_values_with_limits_states():
    values = get_tlm_values(
        [
            "INST__HEALTH_STATUS__TEMP1__CONVERTED",
            "INST__HEALTH_STATUS__TEMP2__RAW",
            "INST__HEALTH_STATUS__TEMP3__FORMATTED",
            "INST__HEALTH_STATUS__GROUND1STATUS__CONVERTED",
            "INST__ADCS__Q4__CONVERTED",
        ]
    )
    equal(len(values), 5)
    assert isinstance(values[0][0], float) and isinstance(values[1][0], int), values
    assert str(values[2][0]).endswith(" C"), values
    states = "RED_LOW YELLOW_LOW GREEN_LOW GREEN BLUE GREEN_HIGH YELLOW_HIGH RED_HIGH".split()
    assert str(values[0][1]) in states, values
    assert values[3][0] in ("CONNECTED", "UNAVAILABLE"), values
    assert str(values[3][1]) in ("GREEN", "YELLOW"), values
    assert isinstance(values[4][0], float) and values[4][1] is None, values


@check_that
def get_tlm_packet_lists_every_item():
    rows = get_tlm_packet(HS)
    items = {row[0]: row[1] for row in rows}
    for name in ("TEMP1", "TEMP4", "COLLECTS", "DURATION", "RECEIVED_COUNT", "PACKET_TIMESECONDS"):
        assert name in items, sorted(items)
    formatted = {row[0]: row[1] for row in get_tlm_packet("INST", "HEALTH_STATUS", type="FORMATTED")}
    assert formatted["TEMP1"].endswith(" C"), formatted["TEMP1"]
    now = time.time()
    near(items["RECEIVED_TIMESECONDS"], now, 60.0)


@check_that
def unknown_telemetry_is_refused():
    refused("Packet definition 'NOPE PKT' does not exist", tlm, "NOPE PKT ITEM")
    refused("Packet definition 'INST NOPE' does not exist", tlm, "INST NOPE ITEM")
    refused("Item 'INST HEALTH_STATUS NOPE' does not exist", tlm, f"{HS} NOPE")
    refused("Telemetry Item must be specified as", tlm, "INST TEMP1")
    refused("Unknown type 'NOPE'", tlm, f"{HS} TEMP1", type="NOPE")
    refused("must be formatted as TGT__PKT__ITEM__TYPE", get_tlm_values, ["INST__TEMP1"])


@check_that
def wait_check_waits():
    wait_check(f"{HS} RECEIVED_COUNT > 0", 10)
    count = tlm(f"{HS} RECEIVED_COUNT")
    wait_check(f"{HS} RECEIVED_COUNT > {count}", 10, 0.05)
    wait_check(f"{HS} TEMP1 >= -100.0", 5)
    refused("CHECK", wait_check, f"{HS} COLLECTS < 0", 0.2, 0.05)


@check_that
def wait_packet_counts_packets():
    before = tlm(f"{HS} RECEIVED_COUNT")
    wait_packet("INST", "HEALTH_STATUS", 2, 15, 0.05)
    assert tlm(f"{HS} RECEIVED_COUNT") >= before + 2


# ------------------------------------------------------------------------------------- commands


def counts_up(function, *args, **kwargs):
    """Sends a COLLECT in one way and waits until the spacecraft has counted it."""
    before = collects()
    result = function(*args, **kwargs)
    eventually(f"COLLECTS beyond {before}", lambda: collects() == before + 1)
    return result


@check_that
def the_link_is_up():
    eventually("INST_INT connects", lambda: get_interface("INST_INT")["state"] == "CONNECTED")


@check_that
def cmd_as_text():
    counts_up(cmd, "INST COLLECT with TYPE NORMAL, DURATION 5")
    wait_check(f"{HS} DURATION == 5.0", 10, 0.05)
    equal(tlm(f"{HS} COLLECT_TYPE"), "NORMAL")
    equal(tlm_formatted(f"{HS} OPCODE"), "0xAB")


@check_that
def cmd_as_arguments():
    parameters = {"TYPE": "NORMAL", "DURATION": 2.5, "OPCODE": 0x17}
    counts_up(cmd, "INST", "COLLECT", parameters)
    wait_check(f"{HS} DURATION == 2.5", 10, 0.05)
    equal(tlm(f"{HS} OPCODE"), 0x17)
    equal(get_cmd_value("INST COLLECT DURATION"), 2.5)


@check_that
def cmd_changes_parameters():
    cmd("INST SETPARAMS with VALUE1 BAD, VALUE2 GOOD, VALUE3 1")
    wait_check("INST PARAMS VALUE1 == 'BAD'", 15, 0.05)
    wait_check("INST PARAMS VALUE3 == 'BAD'", 15, 0.05)
    cmd("INST", "SETPARAMS", {"VALUE1": "GOOD"})
    wait_check("INST PARAMS VALUE1 == 'GOOD'", 15, 0.05)


@check_that
def cmd_no_range_check_sends_what_is_out_of_range():
    refused("not in valid range of 0.0 to 10.0", cmd, "INST COLLECT with TYPE NORMAL, DURATION 11")
    before = get_cmd_cnt("INST COLLECT")
    cmd_no_range_check("INST COLLECT with TYPE NORMAL, DURATION 11")
    cmd_no_range_check("INST", "COLLECT", {"TYPE": "NORMAL", "DURATION": 12.0})
    equal(get_cmd_cnt("INST COLLECT"), before + 2)
    equal(get_cmd_value("INST", "COLLECT", "DURATION"), 12.0)


@check_that
def cmd_no_hazardous_check_and_no_checks():
    special = "INST COLLECT with TYPE SPECIAL, DURATION 1"
    counts_up(cmd_no_hazardous_check, special)
    wait_check(f"{HS} COLLECT_TYPE == 'SPECIAL'", 10, 0.05)
    counts_up(cmd_no_hazardous_check, "INST", "COLLECT", {"TYPE": "SPECIAL", "DURATION": 1})
    before = get_cmd_cnt("INST", "COLLECT")
    cmd_no_checks("INST COLLECT with TYPE SPECIAL, DURATION 99")
    cmd_no_checks("INST", "COLLECT", {"TYPE": "SPECIAL", "DURATION": 99})
    equal(get_cmd_cnt("INST", "COLLECT"), before + 2)
    refused(
        "not in valid range",
        cmd_no_hazardous_check,
        "INST COLLECT with TYPE SPECIAL, DURATION 99",
    )


@check_that
def cmd_raw_takes_raw_values():
    counts_up(cmd_raw, "INST COLLECT with TYPE 0, DURATION 3")
    counts_up(cmd_raw, "INST", "COLLECT", {"TYPE": 0, "DURATION": 3})
    equal(get_cmd_value("INST COLLECT TYPE"), "NORMAL")
    equal(get_cmd_value("INST COLLECT TYPE", type="RAW"), 0)
    refused("not in valid range", cmd_raw, "INST COLLECT with TYPE 0, DURATION 11")
    refused("not one of 0, 1", cmd_raw, "INST COLLECT with TYPE 2, DURATION 1")


@check_that
def cmd_raw_without_checks():
    before = get_cmd_cnt("INST COLLECT")
    cmd_raw_no_range_check("INST COLLECT with TYPE 0, DURATION 11")
    cmd_raw_no_range_check("INST", "COLLECT", {"TYPE": 0, "DURATION": 11})
    cmd_raw_no_hazardous_check("INST COLLECT with TYPE 1, DURATION 1")
    cmd_raw_no_hazardous_check("INST", "COLLECT", {"TYPE": 1, "DURATION": 1})
    cmd_raw_no_checks("INST COLLECT with TYPE 1, DURATION 11")
    cmd_raw_no_checks("INST", "COLLECT", {"TYPE": 1, "DURATION": 11})
    equal(get_cmd_cnt("INST COLLECT"), before + 6)


@check_that
def wrong_commands_are_refused():
    before = get_cmd_cnt("INST COLLECT")
    refused("Required command parameter 'INST COLLECT TYPE' not given", cmd, "INST COLLECT")
    refused(
        "Required command parameter 'INST COLLECT TYPE' not given",
        cmd,
        "INST",
        "COLLECT",
        {"DURATION": 1},
    )
    refused("not one of NORMAL, SPECIAL", cmd, "INST COLLECT with TYPE NOPE")
    refused("Packet definition 'INST NOPE' does not exist", cmd, "INST NOPE")
    refused("Packet definition 'NOPE NOPE' does not exist", cmd, "NOPE NOPE")
    refused(
        "Item 'INST COLLECT NOPE' does not exist",
        cmd,
        "INST COLLECT with TYPE NORMAL, NOPE 1",
    )
    refused("Both Target Name and Command Name must be given", cmd, "INST")
    refused("Missing value for last command parameter", cmd, "INST COLLECT with TYPE")
    equal(get_cmd_cnt("INST COLLECT"), before)


@check_that
def hazardous_is_refused_by_a_raw_post():
    for method, params in (
        ("cmd", ["INST CLEAR"]),
        ("cmd_no_range_check", ["INST", "CLEAR"]),
        ("cmd", ["INST COLLECT with TYPE SPECIAL, DURATION 1"]),
    ):
        status, body = raw_post(method, params)
        equal((status, body["error"]["code"]), (409, -32502))
        equal(body["error"]["data"]["class"], "HazardousError")
        equal(body["id"], 3)
    variables = raw_post("cmd", ["INST CLEAR"])[1]["error"]["data"]["instance_variables"]
    equal((variables["@target_name"], variables["@cmd_name"]), ("INST", "CLEAR"))


@check_that
def hazardous_is_sent_after_an_answer_on_standard_input():
    before = get_cmd_cnt("INST CLEAR")
    stdin, sys.stdin = sys.stdin, io.StringIO("y\n")
    try:
        cmd("INST CLEAR")
    finally:
        sys.stdin = stdin
    equal(get_cmd_cnt("INST CLEAR"), before + 1)
    eventually("the counters are cleared", lambda: collects() == 0)


@check_that
def get_cmd_buffer_shows_the_bytes():
    cmd("INST COLLECT with TYPE NORMAL, DURATION 4, OPCODE 1")
    buffer = get_cmd_buffer("INST COLLECT")
    data = bytes(buffer["buffer"])
    # CCSDS header of 6 bytes, packet id, TYPE, DURATION, OPCODE, TEMP; the length field by the link.
    equal(len(data), 19)
    equal(data[6:8], b"\x00\x01")
    equal(data[8:15], b"\x00\x00\x40\x80\x00\x00\x01")
    equal(int(buffer["received_count"]), get_cmd_cnt("INST COLLECT"))
    equal(bytes(get_cmd_buffer("INST", "COLLECT")["buffer"]), data)


@check_that
def get_cmd_value_and_time():
    cmd("INST COLLECT with TYPE NORMAL, DURATION 7")
    equal(get_cmd_value("INST COLLECT DURATION"), 7.0)
    equal(get_cmd_value("INST", "COLLECT", "TYPE"), "NORMAL")
    equal(get_cmd_value("INST COLLECT TYPE", type="RAW"), 0)
    target, command, when = get_cmd_time("INST", "COLLECT")
    equal((target, command), ("INST", "COLLECT"))
    near(when.timestamp(), time.time(), 60.0)
    equal(get_cmd_time()[:2], ["INST", "COLLECT"])


@check_that
def get_cmd_cnt_counts_what_was_released():
    before = get_cmd_cnt("INST ABORT")
    cmd("INST ABORT")
    cmd("INST", "ABORT")
    equal(get_cmd_cnt("INST ABORT"), before + 2)
    equal(get_cmd_cnt("INST", "ABORT"), before + 2)
    equal(get_cmd_cnts([["INST", "ABORT"]]), [before + 2])
    refused("Packet definition 'INST NOPE' does not exist", get_cmd_cnt, "INST NOPE")


@check_that
def get_cmd_hazardous_tells():
    equal(get_cmd_hazardous("INST CLEAR"), True)
    equal(get_cmd_hazardous("INST", "CLEAR"), True)
    equal(get_cmd_hazardous("INST COLLECT with TYPE SPECIAL"), True)
    equal(get_cmd_hazardous("INST", "COLLECT", {"TYPE": "SPECIAL"}), True)
    equal(get_cmd_hazardous("INST", "COLLECT", {"TYPE": "NORMAL"}), False)
    equal(get_cmd_hazardous("INST ABORT"), False)


@check_that
def build_cmd_builds_without_sending():
    before = get_cmd_cnt("INST COLLECT")
    built = build_cmd("INST COLLECT with TYPE NORMAL, DURATION 4, OPCODE 1")
    equal(bytes(built["buffer"])[8:15], b"\x00\x00\x40\x80\x00\x00\x01")
    same = build_cmd("INST", "COLLECT", {"TYPE": "NORMAL", "DURATION": 4, "OPCODE": 1})
    equal(bytes(same["buffer"]), bytes(built["buffer"]))
    refused("not in valid range", build_cmd, "INST COLLECT with TYPE NORMAL, DURATION 11")
    equal(get_cmd_cnt("INST COLLECT"), before)


# ---------------------------------------------------------------------------- changing telemetry


@check_that
def set_tlm_lasts_until_the_next_packet():
    def holds(expected, reader, *args, **kwargs):
        # A packet may come between the two calls; then it has overwritten the value.
        def once():
            set_tlm(*args, **kwargs)
            return reader() == expected

        eventually(f"set_tlm{args} is read back", once)

    holds(12.25, lambda: tlm(f"{HS} TEMP1"), f"{HS} TEMP1 = 12.25")
    holds(77, lambda: tlm_raw(f"{HS} TEMP1"), "INST", "HEALTH_STATUS", "TEMP1", 77, type="RAW")
    eventually("a packet overwrites it", lambda: tlm_raw(f"{HS} TEMP1") != 77)
    refused("Set Telemetry Item must be specified as", set_tlm, "INST TEMP1 = 5")


@check_that
def override_tlm_lasts_until_normalize_tlm():
    override_tlm(f"{HS} TEMP2 = 5.5")
    count = tlm(f"{HS} RECEIVED_COUNT")
    wait_check(f"{HS} RECEIVED_COUNT > {count + 1}", 15, 0.05)
    equal(tlm(f"{HS} TEMP2"), 5.5)
    equal(tlm_raw(f"{HS} TEMP2"), 5.5)
    equal(tlm_formatted(f"{HS} TEMP2"), "5.5")
    override_tlm("INST", "HEALTH_STATUS", "TEMP3", 9, type="RAW")
    equal(tlm_raw(f"{HS} TEMP3"), 9)
    assert tlm_formatted(f"{HS} TEMP3").endswith(" C")
    rows = {(row["item_name"], row["value_type"]): row["value"] for row in get_overrides()}
    equal(rows[("TEMP2", "RAW")], 5.5)
    equal(rows[("TEMP2", "FORMATTED")], "5.5")
    equal(rows[("TEMP3", "RAW")], 9)
    assert ("TEMP3", "CONVERTED") not in rows, rows
    normalize_tlm(f"{HS} TEMP2")
    normalize_tlm(f"{HS} TEMP3", type="RAW")
    assert tlm(f"{HS} TEMP2") != 5.5 and tlm_raw(f"{HS} TEMP2") != 5.5
    equal(get_overrides(), [])


@check_that
def inject_tlm_is_received():
    before = get_tlm_cnt("INST PARAMS")

    def once():
        inject_tlm("INST", "PARAMS", {"VALUE5": "BAD"})
        return tlm("INST PARAMS VALUE5") == "BAD"

    eventually("the injected packet is current", once)
    assert get_tlm_cnt("INST PARAMS") > before
    before = get_tlm_cnt("INST", "PARAMS")
    inject_tlm("INST", "PARAMS", {"VALUE5": 0}, type="RAW")
    eventually("it counts", lambda: get_tlm_cnt("INST", "PARAMS") > before)
    refused("Item(s) 'INST PARAMS NOPE' does not exist", inject_tlm, "INST", "PARAMS", {"NOPE": 1})
    refused("Packet definition 'INST NOPE' does not exist", inject_tlm, "INST", "NOPE")


# --------------------------------------------------------------------------- interfaces, targets


@check_that
def get_interface_shows_the_link():
    interface = get_interface("INST_INT")
    equal((interface["name"], interface["state"]), ("INST_INT", "CONNECTED"))
    assert "INST" in interface["target_names"], interface
    received = interface["rxcnt"]
    eventually("packets are counted", lambda: get_interface("INST_INT")["rxcnt"] > received)
    refused("Interface 'NOPE' does not exist", get_interface, "NOPE")


@check_that
def get_interface_names_lists_them():
    equal(get_interface_names(), ["INST_INT"])
    row = get_all_interface_info()[0]
    equal((row[0], row[1], len(row)), ("INST_INT", "CONNECTED", 10))


@check_that
def disconnect_and_connect_interface():
    state = lambda: get_interface("INST_INT")["state"]  # noqa: E731
    disconnect_interface("INST_INT")
    eventually("the link is down", lambda: state() == "DISCONNECTED")
    refused("Interface not connected: INST_INT", cmd, "INST ABORT")
    count = tlm(f"{HS} RECEIVED_COUNT")
    connect_interface("INST_INT")
    eventually("the link is up again", lambda: state() == "CONNECTED")
    wait_check(f"{HS} RECEIVED_COUNT > {count}", 15, 0.05)
    cmd("INST ABORT")


@check_that
def get_tlm_cnt_counts_packets():
    one = get_tlm_cnt(HS)
    eventually("it grows", lambda: get_tlm_cnt("INST", "HEALTH_STATUS") > one)
    counts = get_tlm_cnts([["INST", "HEALTH_STATUS"], ["INST", "ADCS"]])
    assert all(isinstance(count, int) and count > 0 for count in counts), counts
    refused("Packet definition 'INST NOPE' does not exist", get_tlm_cnt, "INST NOPE")


@check_that
def names_are_listed():
    assert {"INST", "UNKNOWN"} <= set(get_target_names())
    telemetry, commands = get_all_tlm_names("INST"), get_all_cmd_names("INST")
    assert {"HEALTH_STATUS", "ADCS", "PARAMS"} <= set(telemetry), telemetry
    assert {"COLLECT", "ABORT", "CLEAR", "SETPARAMS"} <= set(commands), commands
    equal((telemetry, commands), (sorted(telemetry), sorted(commands)))


def main():
    passed, failed = 0, 0
    for function in CHECKS:
        name = function.__name__.replace("_", " ")
        talk = io.StringIO()
        stdout, sys.stdout = sys.stdout, talk  # the client prints what it does
        try:
            function()
            problem = None
        except BaseException:
            problem = traceback.format_exc()
        finally:
            sys.stdout = stdout
        if problem is None:
            passed += 1
            print(f"ok    {name}")
        else:
            failed += 1
            print(f"FAIL  {name}\n{talk.getvalue()}{problem}")
        sys.stdout.flush()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
