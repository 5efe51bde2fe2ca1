"""Two people at a real desk: the built program on two virtual monitors, each a touch screen, seen as a screen reader sees it (AT-SPI).
Fingers are the X server's own touch devices (its driver `inputtest`), keys its test extension (xdotool). Nothing is known of the program
but what it shows.

Every wait is for something that is seen, with a limit of two minutes; nothing waits for a time."""

import json
import os
import socket
import struct
import subprocess
import tempfile
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


class TouchScreen:
    """A touch screen of the X server, with fingers that are moved from here (`man 4 inputtestdrv`, xf86-input-inputtest-protocol.h).

    The server listens to one client for as long as it lives."""

    BEGIN, UPDATE, END = 18, 19, 20
    # The server's axes reach from 0 to this; two of its 64 are used.
    REACH, AXES = 65535, 64

    def __init__(self, path, place):
        self.place = place
        self.socket = socket.socket(socket.AF_UNIX)
        until("the touch screen is plugged in", lambda: os.path.exists(path))
        self.socket.connect(path)
        self.ask(0, struct.pack("<HH", 1, 1))

    def ask(self, kind, body=b""):
        """A request that is answered; when it is, everything sent before has happened."""
        self.send(kind, body)
        (length,) = struct.unpack("<I", self.read(4))
        return self.read(length - 4)

    def send(self, kind, body):
        self.socket.sendall(struct.pack("<II", 8 + len(body), kind) + body)

    def read(self, length):
        told = b""
        while len(told) < length:
            more = self.socket.recv(length - len(told))
            if not more:
                raise AssertionError("the X server has closed the touch screen")
            told += more
        return told

    def finger(self, phase, x, y, number=0):
        """A finger comes, moves or leaves at a place of the desktop, pixels."""
        left, top, width, height = self.place
        axes = [(x + 0.5 - left) / width * self.REACH, (y + 0.5 - top) / height * self.REACH] + [0.0] * (self.AXES - 2)
        positions = struct.pack("<IB7x4x", 0, 0b11) + struct.pack(f"<{self.AXES}d", *axes) + bytes(8 * self.AXES)
        self.send(6, struct.pack("<II", number, phase) + positions)
        self.ask(1)

    def tap(self, x, y, number=0):
        self.finger(self.BEGIN, x, y, number)
        self.finger(self.END, x, y, number)

    def draw(self, points, pause=0.004, hold=0.0, meanwhile=None):
        """A finger goes along these points. `meanwhile` happens in the middle of it."""
        self.finger(self.BEGIN, *points[0])
        for index, point in enumerate(points[1:]):
            self.finger(self.UPDATE, *point)
            time.sleep(pause)
            if meanwhile and index == len(points) // 2:
                meanwhile()
        time.sleep(hold)
        self.finger(self.END, *points[-1])


SERVER = """
Section "ServerFlags"
  Option "AutoAddDevices" "false"
EndSection
Section "ServerLayout"
  Identifier "desk"
  Screen "s0"
  InputDevice "left"
  InputDevice "right"
EndSection
Section "InputDevice"
  Identifier "left"
  Driver "inputtest"
  Option "SocketPath" "FOLDER/left"
  Option "DeviceType" "Touch"
  Option "TouchCount" "5"
EndSection
Section "InputDevice"
  Identifier "right"
  Driver "inputtest"
  Option "SocketPath" "FOLDER/right"
  Option "DeviceType" "Touch"
  Option "TouchCount" "5"
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


class Display:
    """An X server with a card that has several outputs, two of which are connected, DUMMY0 at the left and DUMMY1 beside it, each with
    a touch screen; a window manager, and the bus of assistive technology. Ends with the block."""

    LEFT, RIGHT = (0, 0, 1280, 800), (1280, 0, 1024, 768)

    def __init__(self, folder):
        self.folder, self.children = folder, []

    def __enter__(self):
        number = 100
        while os.path.exists(f"/tmp/.X11-unix/X{number}"):
            number += 1
        os.environ["DISPLAY"] = f":{number}"
        os.environ.pop("WAYLAND_DISPLAY", None)
        self.sockets = tempfile.mkdtemp(dir=self.folder)
        configuration, log = os.path.join(self.sockets, "xorg.conf"), os.path.join(self.sockets, "xorg.log")
        with open(configuration, "w") as file:
            file.write(SERVER.replace("FOLDER", self.sockets))
        told = ("-config", configuration, "-logfile", log)
        self.start("Xorg", f":{number}", *told, "-noreset", "-nolisten", "tcp", "-novtswitch", "-sharevts", "vt7")
        until("the display is there", lambda: os.path.exists(f"/tmp/.X11-unix/X{number}"))
        until("the display answers", lambda: run("xdotool", "getmouselocation") is not None)
        run("xrandr", "--addmode", "DUMMY1", "1024x768")
        run("xrandr", "--output", "DUMMY0", "--mode", "1280x800", "--pos", "0x0")
        self.screens = []
        for name, place in (("left", self.LEFT), ("right", self.RIGHT)):
            self.screens.append(TouchScreen(os.path.join(self.sockets, name), place))
        self.connect()
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

    def __exit__(self, *_):
        for child in reversed(self.children):
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()

    def connect(self):
        """Plugs the right monitor in."""
        run("xrandr", "--output", "DUMMY1", "--mode", "1024x768", "--pos", "1280x0")
        # As whoever sets up a desk does: each touch screen belongs to its monitor.
        for device, output in (("left", "DUMMY0"), ("right", "DUMMY1")):
            until(f"the touch screen {device} is on its monitor", lambda: run("xinput", "map-to-output", device, output) is not None)

    def disconnect(self):
        run("xrandr", "--output", "DUMMY1", "--off")
        run("xinput", "map-to-output", "left", "DUMMY0")

    def screen_at(self, x):
        """The touch screen at this place of the desktop."""
        return self.screens[1 if x >= self.RIGHT[0] else 0]

    def start(self, *command, **more):
        child = subprocess.Popen(command, stdout=more.get("out", subprocess.DEVNULL), stderr=more.get("err", subprocess.DEVNULL))
        self.children.append(child)
        return child

    def picture(self, name):
        folder = os.environ.get("DRIVE_PICTURES", "target/drive")
        os.makedirs(folder, exist_ok=True)
        run("import", "-silent", "-window", "root", "-crop", "2304x800+0+0", "+repage", os.path.join(folder, f"{name}.png"))


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
        """A finger taps this place of the desktop."""
        self.display.screen_at(x).tap(x, y)

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
            # It rests before it leaves, so that the page does not run on.
            self.display.screen_at(x).draw([(x, y + way * step * 15) for step in range(9)], pause=0.02, hold=0.2)
        self.display.picture("stuck")
        raise AssertionError(f"{ident} cannot be brought into sight")

    def draw(self, ident):
        """A signature of two strokes in a field, by somebody whose hand touches the glass: in the middle of the first stroke, and before
        the second until it is written. There it lies on what must not be pressed by that."""
        x, y, width, height = self.wait(ident).place
        below = self.wait("ho-sign-done").middle
        screen = self.display.screen_at(x)

        def points(stroke):
            return [(x + width * (0.1 + 0.4 * stroke + 0.35 * i / 60), y + height * (0.35 + 0.3 * (i % 10) / 10)) for i in range(60)]

        screen.draw(points(0), meanwhile=lambda: screen.tap(*below, number=1))
        screen.finger(screen.BEGIN, *below, number=1)
        screen.draw(points(1))
        screen.finger(screen.END, *below, number=1)

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
