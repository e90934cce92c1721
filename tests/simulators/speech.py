"""Whole commands of each simulated device, so that stories come to what bytes alone never say.

Some are several in a row, the short ways to light. A simulator that is not named here is spoken to
in bytes alone.
"""

from __future__ import annotations

SPEECH = {
    "ipg": [
        line.encode() + b"\r"
        for line in (
            *(
                "SDC 50\rEMON",
                "SPS 5\rEMON",
                "SDC 30\rEMOD\rEMON",
                "EMOFF",
                "EMOD",
                "DMOD",
                "STA",
                "ROP",
                "RCT",
                "RERR",
                "SDC 50",
            ),
            *("SDC 0", "SPS 5", "EGM", "EPM", "ELE", "DLE", "XYZ", "SFWS 0.2"),
        )
    ],
    "ophir": [
        line.encode() + end
        for end in (b"\r", b"\r\n", b"\n")
        for line in (
            *("$HP", "$FE", "$FP", "$MM3", "$SP", "$SE", "$EF", "$ER", "$SF", "$WN1", "$WN-1"),
            *("$AR", "$ZE", "$ZA", "$ZQ", "$DU\r$CS1", "$CS0", "$WL 2940", "$WI2", "$IC", "$RE"),
        )
    ],
}
