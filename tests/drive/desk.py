"""Two people at a real desk: the built program on a virtual display, seen as a screen reader sees it (AT-SPI) and touched as hands
touch it (the X server's test extension, through xdotool). Nothing is known of the program but what it shows.

Every wait is for something that is seen, with a limit of two minutes; nothing waits for a time."""

import json
import os
import shutil
import subprocess
import sys
import time

from gi.repository import Gio, GLib

ACCESSIBLE = "org.a11y.atspi.Accessible"
COMPONENT = "org.a11y.atspi.Component"
# AtspiStateType.
CHECKED, FOCUSED = 4, 12
PATIENCE = 120


class Element:
    """Something on a screen: its stable name, what a screen reader says, where it lies, and its states."""

    def __init__(self, ident, name, place, states):
        self.id, self.name, self.place, self.states = ident, name, place, states

    @property
    def middle(self):
        x, y, width, height = self.place
        return x + width // 2, y + height // 2

    def has(self, state):
        return bool(self.states >> state & 1)


class Display:
    """A virtual display with a window manager and the bus of assistive technology. Ends with the block."""

    def __init__(self, size="2560x900"):
        self.size, self.children = size, []

    def serve(self, number):
        self.start("Xvfb", f":{number}", "-screen", "0", f"{self.size}x24", "-nolisten", "tcp")

    def __enter__(self):
        number = 100
        while os.path.exists(f"/tmp/.X11-unix/X{number}"):
            number += 1
        os.environ["DISPLAY"] = f":{number}"
        os.environ.pop("WAYLAND_DISPLAY", None)
        self.serve(number)
        until("the display is there", lambda: os.path.exists(f"/tmp/.X11-unix/X{number}"))
        until("the display answers", lambda: run("xdotool", "getmouselocation") is not None)
        self.prepare()
        self.start("openbox")
        launcher = next(p for p in ("/usr/libexec/at-spi-bus-launcher", "/usr/lib/at-spi2-core/at-spi-bus-launcher") if os.path.exists(p))
        self.start(launcher, "--launch-immediately")
        session = Gio.bus_get_sync(Gio.BusType.SESSION, None)

        def address():
            try:
                enabled = GLib.Variant("(ssv)", ("org.a11y.Status", "IsEnabled", GLib.Variant("b", True)))
                session.call_sync("org.a11y.Bus", "/org/a11y/bus", "org.freedesktop.DBus.Properties", "Set", enabled, None, 0, 2000, None)
                return session.call_sync("org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress", None, None, 0, 2000, None).unpack()[0]
            except GLib.Error:
                return None

        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.bus = Gio.DBusConnection.new_for_address_sync(until("assistive technology is served", address), flags, None, None)
        return self

    def prepare(self):
        """Before the window manager comes."""

    def __exit__(self, *_):
        for child in reversed(self.children):
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()

    def start(self, *command, **more):
        child = subprocess.Popen(command, stdout=more.get("out", subprocess.DEVNULL), stderr=more.get("err", subprocess.DEVNULL))
        self.children.append(child)
        return child

    def picture(self, name):
        folder = os.environ.get("DRIVE_PICTURES", "target/drive")
        os.makedirs(folder, exist_ok=True)
        run("import", "-silent", "-window", "root", os.path.join(folder, f"{name}.png"))


DUMMY = """
Section "ServerFlags"
  Option "AutoAddDevices" "false"
EndSection
Section "Device"
  Identifier "d0"
  Driver "dummy"
  VideoRam 256000
EndSection
Section "Monitor"
  Identifier "m0"
  HorizSync 5.0-1000.0
  VertRefresh 5.0-200.0
EndSection
Section "Screen"
  Identifier "s0"
  Device "d0"
  Monitor "m0"
  DefaultDepth 24
  SubSection "Display"
    Depth 24
    Modes "1280x800" "1024x768"
    Virtual 3840 1080
  EndSubSection
EndSection
"""


class TwoMonitors(Display):
    """An X server with a card that has several outputs, two of which are connected: DUMMY0 at the left, DUMMY1 beside it."""

    LEFT, RIGHT = (0, 0, 1280, 800), (1280, 0, 1024, 768)

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def serve(self, number):
        configuration = os.path.join(self.folder, "xorg.conf")
        with open(configuration, "w") as file:
            file.write(DUMMY)
        log = os.path.join(self.folder, "xorg.log")
        self.start("Xorg", f":{number}", "-config", configuration, "-noreset", "-nolisten", "tcp", "-logfile", log, "-novtswitch", "-sharevts", "vt7")

    def prepare(self):
        run("xrandr", "--addmode", "DUMMY1", "1024x768")
        run("xrandr", "--output", "DUMMY0", "--mode", "1280x800", "--pos", "0x0")
        self.connect()

    def connect(self):
        run("xrandr", "--output", "DUMMY1", "--mode", "1024x768", "--pos", "1280x0")

    def disconnect(self):
        run("xrandr", "--output", "DUMMY1", "--off")


def run(*command):
    """What a command says; None when it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


def until(what, holds, patience=PATIENCE):
    """Waits until something holds and returns it."""
    end = time.monotonic() + patience
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain until {what}")
        time.sleep(0.05)


class Desk:
    """The running station."""

    def __init__(self, display, program, data, *arguments):
        self.display, self.data, self.program = display, data, program
        self.acts = 0
        self.log = open(os.path.join(data + ".log"), "w")
        self.process = display.start(program, "run", "--data", data, *arguments, out=self.log, err=self.log)
        until("both windows are there", lambda: len(self.windows()) == 2 or self.process.poll() is not None)
        if self.process.poll() is not None:
            with open(self.log.name) as told:
                raise AssertionError(f"the station has ended: {told.read()}")

    def close(self):
        self.process.terminate()
        self.process.wait(20)

    # --- what is seen

    def call(self, node, interface, method, arguments=None):
        name, path = node
        return self.display.bus.call_sync(name, path, interface, method, arguments, None, 0, 10000, None).unpack()

    def get(self, node, what):
        return self.call(node, "org.freedesktop.DBus.Properties", "Get", GLib.Variant("(ss)", (ACCESSIBLE, what)))[0]

    def children(self, node):
        return self.call(node, ACCESSIBLE, "GetChildren")[0]

    def windows(self):
        try:
            applications = self.children(("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root"))
            return [window for application in applications for window in self.children(application)]
        except GLib.Error:
            return []

    def elements(self):
        """Everything that says something, in the order in which it is reached."""
        found, nodes = [], list(reversed(self.windows()))
        while nodes:
            node = nodes.pop()
            try:
                low, high = self.call(node, ACCESSIBLE, "GetState")[0]
                place = self.call(node, COMPONENT, "GetExtents", GLib.Variant("(u)", (0,)))[0]
                found.append(Element(self.get(node, "AccessibleId"), self.get(node, "Name"), place, low | high << 32))
                nodes.extend(reversed(self.children(node)))
            except GLib.Error:
                # It is gone since: the page has changed meanwhile.
                continue
        return found

    def find(self, ident):
        return next((element for element in self.elements() if element.id == ident), None)

    def says(self, ident):
        element = self.find(ident)
        return element.name if element else ""

    def wait(self, ident):
        return until(f"{ident} is there; the screens say {[e.name for e in self.elements() if e.id.endswith('-title')]}", lambda: self.find(ident))

    def focused(self):
        return next((element for element in self.elements() if element.has(FOCUSED)), None)

    # --- hands

    def type(self, words):
        """Keys on the keyboard."""
        subprocess.run(["xdotool", "type", "--delay", "8", words], check=True)

    def key(self, *keys):
        subprocess.run(["xdotool", "key", "--delay", "8", *keys], check=True)

    def point(self, x, y):
        subprocess.run(["xdotool", "mousemove", str(x), str(y), "click", "1"], check=True)

    def touch(self, ident, then=None):
        """Touches something, once what it does can be seen; a touch that came too early (the station still worked) is repeated."""
        self.wait(ident)
        if then is None:
            self.point(*self.wait(ident).middle)
            return None
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            element = self.find(ident)
            if element:
                self.point(*element.middle)
            try:
                return until("", then, 5)
            except AssertionError:
                continue
        self.display.picture("stuck")
        raise AssertionError(f"{ident} was touched in vain")

    def bring(self, ident):
        """Drags the operator's page until something is in sight, above what stands at the window's foot."""
        for _ in range(12):
            elements = self.elements()
            element = next((element for element in elements if element.id == ident), None)
            foot = min((e.place[1] for e in elements if e.id == "op-key-1" or e.id.startswith("op-dock-")), default=780)
            if element and element.place[1] > 10 and element.middle[1] < foot - 24:
                return element
            title = next((e for e in elements if e.id == "op-title"), None)
            x, y = 640, foot // 2
            way = -1 if element or title else 1
            command = ["xdotool", "mousemove", str(x), str(y), "mousedown", "1"]
            for step in range(1, 9):
                command += ["mousemove", str(x), str(y + way * step * 15), "sleep", "0.02"]
            subprocess.run(command + ["sleep", "0.2", "mouseup", "1"], check=True)
        self.display.picture("stuck")
        raise AssertionError(f"{ident} cannot be brought into sight")

    def draw(self, ident):
        """A signature of two strokes in a field."""
        x, y, width, height = self.wait(ident).place
        for stroke in range(2):
            points = [(x + width * (0.1 + 0.4 * stroke + 0.35 * i / 30), y + height * (0.35 + 0.3 * (i % 5) / 5)) for i in range(30)]
            command = ["xdotool", "mousemove", *map(lambda v: str(int(v)), points[0]), "mousedown", "1"]
            for px, py in points[1:]:
                command += ["mousemove", str(int(px)), str(int(py)), "sleep", "0.008"]
            subprocess.run(command + ["mouseup", "1"], check=True)

    def lies(self, name):
        """Left, top, width and height of the window whose title has this name."""
        found = (run("xdotool", "search", "--name", name) or "").split()
        told = run("xdotool", "getwindowgeometry", "--shell", found[-1]) if found else None
        values = dict(line.split("=") for line in (told or "").split())
        return tuple(int(values[key]) for key in ("X", "Y", "WIDTH", "HEIGHT")) if "X" in values else None

    # --- what is left

    def controls(self):
        """What the register says of the controls that have ended."""
        told = run(self.program, "register", "list", "--json", "--data", self.data)
        return json.loads(told) if told else None
