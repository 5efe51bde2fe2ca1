"""Drives the built program in real windows: a full passport control with the keyboard alone, one with touches alone, and two monitors.

    /usr/bin/python3 tests/drive/drive.py PROGRAM [keyboard|touch|monitors …]

Run it with `make drive`. The holder has a touch screen in each of them: a signature is written by hand. Pictures of the steps lie
in target/drive/."""

import os
import shutil
import sys
import tempfile

from desk import CHECKED, Desk, Display, TwoMonitors, run, until

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
    """The pointer alone: letters come from the keyboard on the screen, digits of a PIN from its pad."""

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


def control(desk, hands, name):
    """A full passport control, from the list of the day to the document handed back; returns the number of acts."""
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

    desk.display.picture(f"{name}-signature")
    hands.act("op-signature-alike-and-scan")
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
    with Display() as display:
        data = os.path.join(folder, name)
        desk = Desk(display, program, data)
        side_by_side()
        try:
            acts = control(desk, kind(desk), name)
        except BaseException:
            display.picture(f"{name}-stuck")
            raise
        desk.close()
        ended = until("the control is in the register", desk.controls)
        controls = ended.get("controls", ended) if isinstance(ended, dict) else ended
        assert len(controls) == 1 and controls[0]["outcome"] == "approved", controls
        return f"{acts} acts of the operator"


def monitors(program, folder):
    """Each window on the output that LOCAL.toml names; the holder's comes back with its monitor."""
    with open("config/LOCAL.toml") as file:
        local = file.read()
    named = local.replace("[Windows]", '[Windows]\nOperatorOutput = "DUMMY0"\nHolderOutput = "DUMMY1"', 1)
    # The office's lists lie beside it.
    shutil.copytree("config", os.path.join(folder, "config"))
    path = os.path.join(folder, "config", "LOCAL.toml")
    with open(path, "w") as file:
        file.write(named)
    with TwoMonitors(folder) as display:
        desk = Desk(display, program, os.path.join(folder, "monitors"), "--local", path, "--master", "MASTER.toml")
        right = display.RIGHT
        try:
            until("the holder's window fills the monitor at the right", lambda: desk.lies("bruker|user") == right)

            def within():
                x, y, width, height = desk.lies("operat")
                # xdotool counts a window's frame twice: what is left below is told by the height.
                return x >= 0 and y >= 0 and x + width <= right[0] and height < display.LEFT[3]

            until("the operator's window lies on the monitor at the left, with all of it", within)
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


def side_by_side():
    """As two monitors beside each other would have them."""
    for name, x in (("operat", 0), ("bruker", 1280)):
        window = until(f"{name} is there", lambda: run("xdotool", "search", "--name", name)).split()[-1]
        run("xdotool", "windowmove", window, str(x), "0")


def main():
    program, wanted = sys.argv[1], sys.argv[2:] or ["keyboard", "touch", "monitors"]
    roads = {"keyboard": Keyboard, "touch": Touch}
    folder = tempfile.mkdtemp(prefix="bam-drive-")
    try:
        for name in wanted:
            done = monitors(program, folder) if name == "monitors" else whole(roads[name], name, program, folder)
            print(f"{name}: {done}", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
