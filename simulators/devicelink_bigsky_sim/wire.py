"""How the laser writes and reads on its wire, and what varies of it between units and manuals."""

from __future__ import annotations

from devicelink_simulation.settable import Settable, choice, number, text

WIDTH = 15

WIRE: tuple[Settable, ...] = (
    text("serial", "062", "serial number, three digits; what SN tells, and the address"),
    text("address", "", "the address, where it is not the serial number [?]; empty: it is"),
    choice(
        "dialect",
        ("bss", "ultra"),
        "ultra: another firmware of the maker, in which E fires the lamp by outside triggers, ST "
        "tells the state, IF2 e and f are level and flow, IQ d is the shutter; what else it does "
        "differently is not known, and is as in bss here [?]",
    ),
    choice(
        "strict", ("off", "on"), "on: only upper case and CR LF; off: any case, and LF alone too"
    ),
    choice("short_address", ("silent", "accepted"), "$62 instead of $062"),
    choice("chain", ("alone", "shared"), "shared: replies to > collide with another unit's"),
    choice("empty_line", ("state", "silent"), "reply to a prefix alone [?]"),
    text("unknown_reply", "", "reply to what is no command; empty: none"),
    choice(
        "out_of_range",
        ("unchanged", "silent", "clamped"),
        "a value out of range: answered with the one that stays, not answered, or taken as the "
        "nearest that is allowed [?]",
    ),
    number("reply_latency_s", "0", "time from command to reply", low=0, high=60),
    choice("value_pad", ("space", "zero"), "what fills up V, F, ENE, CAP, VA, VI: 900 or 0900 [?]"),
    choice("refusal_pad", ("on", "off"), "whether refusals are filled up to 15 characters"),
    choice("sn_capital", ("off", "on"), "s/number, or S/Number"),
    choice("wor_letters", ("FS", "LM"), "labels of lamp and simmer in WOR; older units: L and M"),
    choice(
        "wor_interlock",
        ("any", "external"),
        "what I in WOR shows: any cause that stops the lamp, or the external interlock [?]",
    ),
    choice(
        "wor_armed_external",
        ("4", "6"),
        "Q in WOR while armed under QSM2: as idle (seen on hardware), or as started",
    ),
    choice(
        "wor_firing",
        ("2", "1", "3"),
        "F in WOR while the lamp fires, 4 more if by outside triggers; 1 is single, 3 undocumented",
    ),
    choice("wor_started", ("2", "1", "3"), "Q in WOR while Q-switching, likewise"),
    choice(
        "qs_place",
        ("three_spaces", "column"),
        "where qs stands in the state text: behind three spaces, or in the column in which it was "
        "captured, whatever the word before it [?]",
    ),
    choice("unknown_bits", ("0", "1"), "what bits of interlock registers without a meaning read"),
    choice(
        "if_prefix",
        ("read", "manual"),
        "IF1 for a stale and IF. for a fresh sample; or IF1, and IF without a 1 when all is well",
    ),
    choice("read_behind", ("on", "off"), "IF, IF2, IQ tell what the read before saw"),
    text("model", "SPECTRA-SY 3.68", "what X reads"),
    text("firmware_date", "20/12/02", "what DAT reads"),
)


def padded(text: str) -> str:
    """Exactly as many characters as every reply has."""
    return f"{text[:WIDTH]:<{WIDTH}}"
