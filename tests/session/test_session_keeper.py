"""One keeper in this process: what happens between its questions."""

from __future__ import annotations

import threading

from devicelink.runtime import ThreadRuntime
from devicelink.session.keeper import Keeper
from devicelink.session.watched import Watch
from devicelink.station import Station
from devicelink_ipg.ylr_sm import YlrSm
from tests.clinic import wait


def test_light_between_two_questions_is_found_and_held(make_clinic, mocker):
    """Light that begins after the status and before the lock's read-back is light all the same."""
    clinic = make_clinic("--set", "startup_s=0")
    really_read = YlrSm.read_lock
    lit = threading.Event()

    def light_first(driver, link):
        """Somebody starts emission at the panel just now, once the laser has been locked."""
        if keeper.word is Watch.LOCKED and not lit.is_set():
            lit.set()
            clinic.laser.set("diode_current_percent=30")
            clinic.laser.set("emission=on")
        return really_read(driver, link)

    mocker.patch.object(YlrSm, "read_lock", light_first)
    station = Station.open(clinic.station, ThreadRuntime())
    keeper = Keeper(station, station.device("SIM-0917"), lambda _watched: None)
    thread = threading.Thread(target=keeper.run)
    thread.start()
    try:
        wait(lambda: clinic.entries("device.held"))
    finally:
        keeper.stop()
        thread.join(10)
        station.journal.close()
    assert lit.is_set()
    assert [entry.data["code"] for entry in clinic.entries("device.held")] == [
        "light_without_session"
    ]
    assert not clinic.laser.is_now("light_on")
