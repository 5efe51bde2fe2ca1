"""Drives the built program in real windows: a full passport control with the keyboard alone, one with touches alone, and two monitors.

    /usr/bin/python3 tests/drive/drive.py PROGRAM [keyboard|touch|monitors|slow …]

Run it with `make drive`. Touches are those of the X server's touch devices, one a monitor; the holder has a touch screen in each of them,
and writes the signature on it. Pictures of the steps lie in target/drive/."""

import os
import shutil
import socket
import sys
import tempfile
import threading

from desk import CHECKED, Desk, Display, run, until
from frames import Stopped, beneath, frames, told

PIN = "246810"
PERSON = [("op-first-names", "Anna Maria"), ("op-last-name", "Eriksson"), ("op-birth-date", "12.08.1974")]
PASSPORT = [
    ("op-issuer", "UTO"),
    ("op-document-number", "L898902C3"),
    ("op-issued", "16.04.2023"),
    ("op-expires", "15.04.2033"),
    ("op-document-first-names", "Anna Maria"),
    ("op-document-last-name", "Eriksson"),
    ("op-document-birth-date", "12.08.1974"),
]


class Hands:
    """The operator's hands; those of the holder are the same at every desk."""

    def __init__(self, desk):
        self.desk, self.acts = desk, 0

    def act(self, ident, then=None):
        """A push or a choice that counts."""
        self.acts += 1
        self.push(ident, then or (lambda: not self.desk.find(ident)))

    def show_keys(self):
        """Letters on the screen, where the hands need them."""

    def hide_keys(self):
        """The same."""

    def tick(self, ident):
        self.act(ident, lambda: (self.desk.find(ident) or none()).has(CHECKED))


class Keyboard(Hands):
    """Tab, Enter and letters alone. Where the keyboard is, is read off the screen."""

    def go(self, ident):
        self.desk.wait(ident)
        for _ in range(90):
            focused = self.desk.focused()
            before = focused.id if focused else ""
            if before == ident:
                return
            self.desk.key("Tab")
            try:
                until("", lambda: (self.desk.focused() or none()).id != before, 1)
            except AssertionError:
                pass  # The page itself had it before, which has no name.
        self.desk.display.picture("stuck")
        raise AssertionError(f"Tab does not lead to {ident}")

    def push(self, ident, then):
        for _ in range(20):
            self.go(ident)
            self.desk.key("Return")
            try:
                return until("", then, 6)
            except AssertionError:
                continue
        raise AssertionError(f"{ident} was pushed in vain")

    def fill(self, ident, words):
        self.go(ident)
        self.desk.type(words)

    def pin(self, field):
        self.go(field)
        self.desk.type(PIN)
        self.desk.key("Return")


class Touch(Hands):
    """Fingers alone: letters come from the keyboard on the screen, digits of a PIN from its pad."""

    def __init__(self, desk):
        super().__init__(desk)
        self.keys = {}

    def push(self, ident, then):
        if self.keys:
            self.desk.bring(ident)
        self.desk.touch(ident, then)

    def show_keys(self):
        self.push("op-keyboard", lambda: self.desk.find("op-key-a"))
        self.keys = {element.id[7:]: element.middle for element in self.desk.elements() if element.id.startswith("op-key-")}

    def hide_keys(self):
        self.desk.touch("op-keyboard", lambda: not self.desk.find("op-key-a"))
        self.keys = {}

    def fill(self, ident, words):
        self.desk.point(*self.desk.bring(ident).middle)
        for letter in words:
            if letter.isupper():
                self.desk.point(*self.keys["capital"])
            self.desk.point(*self.keys["space" if letter == " " else letter.lower()])

    def pin(self, field):
        for digit in PIN:
            self.desk.touch(f"{field}-{digit}")


class none:
    """Nothing was found."""

    id = ""

    def has(self, _):
        return False


def on(desk, ident):
    return until(f"{ident} is shown", lambda: desk.find(ident))


def enroll(desk, hands):
    """The first operator of a training desk."""
    until("the station has told where it stands", lambda: desk.find("op-road-key") or desk.find("op-create-name"))
    if desk.find("op-road-key"):
        hands.push("op-road-key", lambda: desk.find("op-create-name") or desk.find("op-new-operator"))
    if not desk.find("op-create-name"):
        hands.push("op-new-operator", lambda: desk.find("op-create-name"))


def control(desk, hands, name, scan=None):
    """A full passport control, from the list of the day to the document handed back; returns the number of acts. `scan` is done in
    the place of the push that begins the scan."""
    enroll(desk, hands)
    hands.show_keys()
    for field, words in (("op-create-name", "Kari Nordmann"), ("op-create-pin", PIN), ("op-create-repeat", PIN)):
        hands.fill(field, words)
    hands.hide_keys()
    hands.push("op-create", lambda: desk.find("op-new-control"))
    hands.acts = 0

    hands.act("op-new-control", lambda: desk.find("op-first-names"))
    hands.show_keys()
    for field, words in PERSON:
        hands.fill(field, words)
    desk.display.picture(f"{name}-new-control")
    hands.hide_keys()
    hands.act("op-begin-with", lambda: desk.find("op-issuer"))
    hands.show_keys()
    for field, words in PASSPORT:
        hands.fill(field, words)
    hands.hide_keys()
    hands.tick("op-undamaged")
    features = [element.id for element in desk.elements() if element.id.startswith("op-feature-")]
    assert len(features) >= 3, features
    for feature in features:
        hands.tick(feature)
    desk.display.picture(f"{name}-document")
    hands.act("op-accept-document")

    # The holder reads and accepts.
    desk.touch("ho-begin", lambda: not desk.find("ho-begin")) if desk.find("ho-begin") else None
    on(desk, "ho-terms-text")
    while not desk.find("ho-accept"):
        page = desk.says("ho-terms-page")
        desk.touch("ho-next", lambda: desk.find("ho-accept") or desk.says("ho-terms-page") != page)
    desk.touch("ho-accept", lambda: not desk.find("ho-accept"))
    on(desk, "ho-signature")
    desk.draw("ho-signature")
    desk.touch("ho-sign-done", lambda: not desk.find("ho-sign-done"))

    on(desk, "op-signature-alike-and-scan")
    desk.display.picture(f"{name}-signature")
    written = [element.name for element in desk.elements() if " strøk, " in element.name]
    assert len(written) == 1 and ", 2 strøk, " in written[0], f"two strokes were written: {written}"
    wide, high = (int(word) for word in written[0].split(" mm")[0].split(" × "))
    assert wide > 4 * high, f"the pen went along one line: {written}"
    (scan or (lambda: hands.act("op-signature-alike-and-scan")))()
    on(desk, "op-scan-good")
    desk.display.picture(f"{name}-scan")
    hands.act("op-scan-good")
    on(desk, "op-sign")
    desk.display.picture(f"{name}-approve")
    hands.acts += 1
    until("the report is shown and can be signed", lambda: sign(desk, hands))
    hands.act("op-handed-back")
    on(desk, "op-home")
    desk.display.picture(f"{name}-done")
    return hands.acts


def sign(desk, hands):
    hands.pin("op-sign")
    if isinstance(hands, Touch):
        desk.touch("op-sign-submit")
    try:
        return until("", lambda: desk.find("op-handed-back"), 20)
    except AssertionError:
        return None


def whole(kind, name, program, folder):
    with Display(folder) as display:
        desk = Desk(display, program, os.path.join(folder, name), *outputs(folder))
        try:
            each_on_its_own(desk)
            acts = control(desk, kind(desk), name)
        except BaseException:
            display.picture(f"{name}-stuck")
            raise
        desk.close()
        ended = until("the control is in the register", desk.controls)
        controls = ended.get("controls", ended) if isinstance(ended, dict) else ended
        assert len(controls) == 1 and controls[0]["outcome"] == "approved", controls
        return f"{acts} acts of the operator"


def outputs(folder):
    """The arguments for a LOCAL.toml that names the output of each window."""
    with open("config/LOCAL.toml") as file:
        local = file.read()
    named = local.replace("[Windows]", '[Windows]\nOperatorOutput = "DUMMY0"\nHolderOutput = "DUMMY1"', 1)
    # The office's lists lie beside it.
    place = os.path.join(folder, "config")
    shutil.copytree("config", place, dirs_exist_ok=True)
    path = os.path.join(place, "LOCAL.toml")
    with open(path, "w") as file:
        file.write(named)
    return "--local", path, "--master", "MASTER.toml"


def each_on_its_own(desk):
    right, left = desk.display.RIGHT, desk.display.LEFT
    until("the holder's window fills the monitor at the right", lambda: desk.lies("bruker|user") == right)

    def within():
        x, y, width, height = desk.lies("operat")
        # xdotool counts a window's frame twice: what is left below is told by the height.
        return x >= 0 and y >= 0 and x + width <= right[0] and height < left[3]

    until("the operator's window lies on the monitor at the left, with all of it", within)


def monitors(program, folder):
    """Each window on the output that LOCAL.toml names; the holder's comes back with its monitor."""
    with Display(folder) as display:
        desk = Desk(display, program, os.path.join(folder, "monitors"), *outputs(folder))
        right = display.RIGHT
        try:
            each_on_its_own(desk)
            display.picture("monitors")
            # A touch on the right monitor reaches the holder's window.
            desk.touch("ho-lang-en", lambda: desk.says("ho-title") == "Welcome")
            display.picture("monitors-touched")

            display.disconnect()
            until("the holder's window has left the monitor that is gone", lambda: desk.lies("bruker|user") not in (None, right))
            # The operator goes on working meanwhile.
            desk.touch("op-lang-en", lambda: desk.says("op-title") == "Sign in")
            desk.touch("op-lang-nb", lambda: desk.says("op-title") == "Logg på")
            display.picture("monitors-lost")
            display.connect()
            until("the holder's window is back", lambda: desk.lies("bruker|user") == right)
            display.picture("monitors-back")
            # Nothing that a keyboard does leads out of it.
            window = run("xdotool", "search", "--name", "bruker|user").split()[-1]
            run("xdotool", "windowfocus", "--sync", window)
            for keys in ("Escape", "F11", "ctrl+q", "ctrl+w", "super+d"):
                desk.key(keys)
            until("it stands as it stood", lambda: desk.lies("bruker|user") == right)
        except BaseException:
            display.picture("monitors-stuck")
            raise
        desk.close()
    return "each window on its own; back after its monitor was away"


# A call that takes so many seconds. A screen that waited for it would show its next frame so late.
CALL = 10


def slow(program, folder):
    """Cards, archive and scanner take ten seconds for a call, and the operator's screen goes on. Their processes stand still for so long;
    the archive takes the connection and says nothing."""
    silent = socket.create_server(("127.0.0.1", 0))
    master = os.path.join(folder, "MASTER.toml")
    key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "certificate.pem")
    made = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=archive")
    assert run(*made, "-keyout", key, "-out", certificate) is not None, "openssl is missing"
    archive = {
        "ArchiveUrl": f"https://127.0.0.1:{silent.getsockname()[1]}/",
        "ArchiveCa": certificate,
        "ReceiptKey": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "ClientCertificate": certificate,
        "ClientKey": key,
    }
    with open("MASTER.toml") as file:
        lines = "".join(f'{name} = "{value}"\n' for name, value in archive.items())
        changed = file.read().replace("[Delivery]\n", "[Delivery]\n" + lines, 1)
    with open(master, "w") as file:
        file.write(changed)
    said = []
    with Display(folder) as display, silent:
        desk = Desk(display, program, os.path.join(folder, "slow"), *outputs(folder)[:2], "--master", master)
        try:
            each_on_its_own(desk)
            on(desk, "op-devices")

            def measure(what, seconds):
                took = frames(on(desk, "op-lang-nn"), seconds)
                said.append((f"{what}: {told(took)}", took[-1]))

            measure("at rest", 5)
            pcscd = [number for number, command in beneath(desk.process.pid) if command.startswith("pcscd ")]
            assert pcscd, "the virtual readers have a pcscd"
            desk.touch("op-devices", lambda: desk.find("op-test-all"))
            with Stopped(pcscd):
                desk.touch("op-test-all", lambda: desk.says("op-test-all").startswith("Tester"))
                measure("cards and archive take ten seconds", CALL)
                display.picture("slow-cards")
            desk.touch("op-devices-back", lambda: desk.find("op-devices"))

            def scan():
                hosts, over = [], threading.Event()

                def catch():
                    while not hosts and not over.wait(0.002):
                        hosts.extend(number for number, command in beneath(desk.process.pid) if " device-host " in command)
                    hosts and stopped.__enter__()

                stopped = Stopped(hosts)
                catcher = threading.Thread(target=catch)
                catcher.start()
                desk.touch("op-signature-alike-and-scan", lambda: not desk.find("op-signature-alike-and-scan"))
                until("the scanner is called", lambda: hosts)
                catcher.join()
                on(desk, "op-scan-cancel")
                measure("the scanner takes ten seconds", CALL)
                display.picture("slow-scanner")
                assert desk.find("op-scan-cancel"), "the scanner has not answered meanwhile"
                stopped.__exit__()

            control(desk, Keyboard(desk), "slow", scan)
        except BaseException:
            display.picture("slow-stuck")
            raise
        desk.close()
    # How late a frame is at most depends on what else this machine does, and is a figure; that none waits for the call is not.
    late = [line for line, longest in said if longest > CALL / 2]
    assert not late, f"a frame waited for the call: {late}"
    return "\n      ".join(line for line, _ in said)


ROADS = {"keyboard": Keyboard, "touch": Touch}


def main():
    program, wanted = sys.argv[1], sys.argv[2:] or [*ROADS, "monitors", "slow"]
    others = {"monitors": monitors, "slow": slow}
    folder = tempfile.mkdtemp(prefix="bam-drive-")
    try:
        for name in wanted:
            done = others[name](program, folder) if name in others else whole(ROADS[name], name, program, folder)
            print(f"{name}: {done}", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
