"""The simulation kit: simulated devices behind real ports, with planted faults and the truth.

Importing it lets plain pyserial reach a simulator by `serial.serial_for_url("sim://NAME")`.
"""

from __future__ import annotations

import serial

if __name__ not in serial.protocol_handler_packages:
    serial.protocol_handler_packages.append(__name__)
