"""The planted bugs: what each breaks, as text of the real code that is replaced."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """In the file `path`, the text `old`, which stands there once, becomes `new`."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Planted:
    """One bug: the rule that it breaks, and how."""

    name: str
    rule: str
    changes: tuple[Change, ...]


_SESSION = "devicelink/session"
_STATE = f"{_SESSION}/state.py"
_UNLOCKING = f"{_SESSION}/unlocking.py"
_PROCEDURE = f"{_SESSION}/procedure.py"
_GUARD = f"{_SESSION}/guard.py"
_CLOSING = f"{_SESSION}/closing.py"
_REGISTER = "devicelink/devices/register.py"
_LINK = "devicelink/link/link.py"
_IPG = "drivers/devicelink_ipg/ylr_sm.py"

PLANTED = (
    Planted(
        "acknowledgement_believed",
        "2",
        (
            Change(
                f"{_SESSION}/lockdown.py",
                "confirmed = reading is not None and reading.confirmed",
                'confirmed = answer == "acknowledged" or bool(reading and reading.confirmed)',
            ),
        ),
    ),
    Planted(
        "ready_recorded_after_it",
        "1",
        (
            Change(
                _UNLOCKING,
                "    settings = work.facts.settings if work.facts else None\n    permit_id = ",
                '    if step == "ready":\n'
                "        work.token = EnableToken(step=step, entry_index=0)\n"
                "        return table.Durable(work.now(), step, 0)\n"
                "    settings = work.facts.settings if work.facts else None\n    permit_id = ",
            ),
            Change(
                _UNLOCKING,
                "    all_of_it = _make_ready(work, connection, token)\n",
                "    all_of_it = _make_ready(work, connection, token)\n"
                '    work.append("ready.intended", {"settings_id": effective.settings_id})\n',
            ),
        ),
    ),
    Planted(
        "light_without_a_record",
        "1",
        (
            Change(
                f"{_SESSION}/work.py",
                "        except (JournalUnwritable, JournalBroken):\n"
                '            if not kind.endswith(".intended"):\n'
                "                self.unrecorded.append(draft)\n"
                "            raise\n",
                "        except (JournalUnwritable, JournalBroken):\n"
                "            self.unrecorded.append(draft)\n"
                '            if not kind.endswith(".intended"):\n'
                "                raise\n"
                "            return self.context.journal.last()\n",
            ),
        ),
    ),
    Planted(
        "expiry_by_day",
        "6",
        (
            Change(
                "devicelink/people/judgement.py",
                "if facts.judged_at >= claims.valid_until:",
                "if facts.judged_at.date() > claims.valid_until.date():",
            ),
        ),
    ),
    Planted(
        "enable_retried",
        "5",
        (
            Change(
                _UNLOCKING,
                "    all_of_it = _make_ready(work, connection, token)\n",
                "    try:\n"
                "        all_of_it = _make_ready(work, connection, token)\n"
                "    except NoReply:\n"
                "        again = EnableToken(step=step, entry_index=entry_index)\n"
                "        all_of_it = _make_ready(work, connection, again)\n",
            ),
            Change(
                _UNLOCKING,
                "from devicelink.errors import ProtocolError",
                "from devicelink.errors import NoReply, ProtocolError",
            ),
        ),
    ),
    Planted(
        "stop_waits_for_the_deadline",
        "11",
        (
            Change(
                _LINK,
                "data = self.port.read(max(0.0, left_s), self._stop if cut else None)",
                "data = self.port.read(max(0.0, left_s))",
            ),
        ),
    ),
    Planted(
        "blind_heartbeat",
        "13",
        (
            Change(_PROCEDURE, "        self._work.guard.beat()\n", ""),
            Change(
                f"{_SESSION}/preparing.py",
                '    work.append("guard.started", {"kind": work.guard.kind})\n',
                '    work.append("guard.started", {"kind": work.guard.kind})\n\n'
                "    def beat() -> None:\n"
                "        while not work.context.runtime.sleep(0.2, work.done):\n"
                "            try:\n"
                "                work.guard.beat()\n"
                "            except GuardGone:\n"
                "                return\n\n"
                '    work.context.runtime.spawn("heartbeat", beat)\n',
            ),
        ),
    ),
    Planted(
        "soft_end_taken_as_hard",
        "11",
        (Change(_STATE, "SOFT_GRACE_NS = nanoseconds(600)", "SOFT_GRACE_NS = nanoseconds(0)"),),
    ),
    Planted(
        "lock_clears_the_latch",
        "12",
        (
            Change(
                _REGISTER,
                'return {"lock": word, "lock_at": entry.at.isoformat(), "intents": open_intents}',
                "changed: dict[str, object] = {\n"
                '                "lock": word,\n'
                '                "lock_at": entry.at.isoformat(),\n'
                '                "intents": open_intents,\n'
                "            }\n"
                '            return changed | ({"holds": ()} if word == "confirmed" else {})',
            ),
        ),
    ),
    Planted(
        "recovery_only_from_ready",
        "15",
        (
            Change(
                _REGISTER,
                "return bool(self.intents or self.open_sessions)",
                "return bool(self.intents)",
            ),
            Change(
                _REGISTER,
                '        case "unlock.intended" | "ready.intended":\n',
                '        case "ready.intended":\n',
            ),
        ),
    ),
    Planted(
        "planned_hour_by_the_wall_clock",
        "11",
        (
            Change(
                _PROCEDURE,
                "        scripted = self._scripted()\n",
                "        facts, now = self._work.facts, self._work.context.runtime.now()\n"
                "        if facts and now - facts.station.judged_at > unlocking.PLANNED:\n"
                '            return self._work.hard_end("planned_end", "The hour is over.")\n'
                "        scripted = self._scripted()\n",
            ),
        ),
    ),
    Planted(
        "verdict_from_a_table",
        "6",
        (
            Change(
                f"{_SESSION}/context.py",
                "return self.journal.checked(PROJECTIONS)",
                "return {one.name: self.journal.projection(one.name) for one in PROJECTIONS}",
            ),
        ),
    ),
    Planted(
        "goes_on_without_a_journal",
        "1",
        (
            Change(
                _STATE,
                '            return _lock(state, event, End("journal", EndKind.HARD, sentence))\n',
                "            return _on_time(state, event)\n",
            ),
        ),
    ),
    Planted(
        "late_reply_taken_for_the_answer",
        "2",
        (
            Change(
                _LINK,
                "        self._drop()\n        if frame == self._wire.marker:\n",
                '        self._received = b""\n        if frame == self._wire.marker:\n',
            ),
        ),
    ),
    Planted(
        "guard_deaf_to_its_owners_death",
        "13",
        (
            Change(
                _GUARD,
                "            if FAREWELL in words:\n                return None\n",
                "            if FAREWELL in words or not words:\n                return None\n",
            ),
        ),
    ),
    Planted(
        "guard_never_started",
        "13",
        (
            Change(
                f"{_SESSION}/preparing.py",
                "    work.guard = guard_for(work)\n    work.asked.guard = work.guard.kind\n",
                "",
            ),
        ),
    ),
    Planted(
        "guard_ends_at_its_first_try",
        "13",
        (
            Change(
                _GUARD,
                "                if self._confirmed:\n                    return True\n"
                "                self._runtime.sleep(_WATCH_EVERY_S)\n",
                "                return True\n",
            ),
        ),
    ),
    Planted(
        "farewell_to_an_unlocked_laser",
        "3",
        (
            Change(
                _CLOSING,
                "    if outcome is not None and not outcome.confirmed and not outcome.port_lost:\n"
                "        _hand_over(work, last_guard)\n"
                "    else:\n"
                "        work.guard.farewell()\n",
                "    del outcome\n    work.guard.farewell()\n",
            ),
        ),
    ),
    Planted(
        "lease_renewed_by_its_own_loop",
        "11",
        (
            Change(
                _STATE,
                "    state = replace(state, seen_ns=event.at_ns, lit=lit)\n",
                "    now_ns = event.at_ns\n"
                "    state = replace(state, seen_ns=now_ns, renewed_ns=now_ns, lit=lit)\n",
            ),
        ),
    ),
    Planted(
        "held_control_overlooked",
        "4",
        (
            Change(
                _STATE,
                "    young = state.phase is Phase.ARMING or event.at_ns - state.since_ns"
                " < HELD_CONTROL_NS\n",
                "    young = event.at_ns - state.since_ns < HELD_CONTROL_NS\n",
            ),
            Change(
                _STATE, "HELD_CONTROL_NS = nanoseconds(0.5)", "HELD_CONTROL_NS = nanoseconds(0.005)"
            ),
        ),
    ),
    Planted(
        "one_staleness_for_all_phases",
        "2",
        (
            Change(
                _STATE,
                "stale_ns = STALE_READY_NS if in_light else STALE_STANDBY_NS",
                "stale_ns = STALE_STANDBY_NS",
            ),
        ),
    ),
    Planted(
        "no_fsync",
        "1",
        (
            Change(
                "devicelink/journal/database.py",
                "connection.execute(f\"PRAGMA synchronous={'FULL' if in_wal else 'EXTRA'}\")",
                'connection.execute("PRAGMA synchronous=OFF")',
            ),
        ),
    ),
    Planted(
        "panel_change_before_ready_unnoticed",
        "10",
        (
            Change(
                _UNLOCKING,
                "    if effective.settings_id != judged:\n",
                "    if judged is None:\n",
            ),
        ),
    ),
    Planted(
        "glimpsed_fault_forgotten",
        "11",
        (
            Change(
                _UNLOCKING,
                "    if table.calls_for_lock(effective.glimpse):\n"
                "        return table.Seen(work.now(), effective.glimpse)\n"
                "    if not token.begun",
                "    if not token.begun",
            ),
        ),
    ),
    Planted(
        "key_in_remote_called_locked",
        "3",
        (
            Change(
                _IPG,
                '                (bits.key_in_remote, "the laser\'s key is in position REM"),\n',
                "",
            ),
        ),
    ),
    Planted(
        "kept_facts_forgotten",
        "1",
        (
            Change(
                _CLOSING,
                "        if not _keep_aside(work, drafts, str(error)):\n            return\n",
                "        work.face.say(str(error))\n        return\n",
            ),
        ),
    ),
    Planted(
        "kept_facts_hold_nothing",
        "1",
        (
            Change(
                f"{_SESSION}/recovery.py",
                "context.kept_folder, context.runtime, closing)",
                "context.kept_folder, context.runtime)",
            ),
        ),
    ),
    Planted(
        "starting_called_ready",
        "2",
        (
            Change(
                _IPG,
                "    if bits.starting:\n        return DeviceState.ARMING\n",
                "",
            ),
        ),
    ),
    Planted(
        "catalogue_limits_forgotten",
        "9",
        (
            Change(
                f"{_SESSION}/gathering.py",
                "        for limit, source in person.limits()\n",
                "        for limit, source in person.limits()[:0]\n",
            ),
        ),
    ),
    Planted(
        "told_dark_too_early",
        "15",
        (
            Change(
                f"{_SESSION}/recovery.py",
                'if line.get("what") == "confirmed"',
                'if line.get("what") == "acted"',
            ),
        ),
    ),
    Planted(
        "fault_latches_nothing",
        "12",
        (
            Change(
                _STATE,
                "or 'not named'}.\",\n                latch=True,\n",
                "or 'not named'}.\",\n",
            ),
        ),
    ),
    Planted(
        "lock_believes_any_answer",
        "3",
        (
            Change(
                f"{_SESSION}/locking.py",
                'if answer is not None and answer.get("confirmed") is True:',
                "if answer is not None:",
            ),
        ),
    ),
)
