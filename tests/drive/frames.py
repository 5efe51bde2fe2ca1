"""How long a frame of the operator's window takes to come, seen from outside: the pointer goes onto a button of the rail and off it again,
and the button's colour on the screen tells when the frame is there. Nothing else of the program works for that, so what is measured is
how long its screens' thread leaves a frame waiting."""

import ctypes
import ctypes.util
import signal
import os
import time

ALL_PLANES, ZPIXMAP = 0xFFFFFFFFFFFFFFFF, 2


class Image(ctypes.Structure):
    """The beginning of XImage (Xlib.h)."""

    _fields_ = [(name, ctypes.c_int) for name in ("width", "height", "xoffset", "format")] + [("data", ctypes.c_void_p)]


class Eye:
    """Looks at pixels and moves the pointer, in microseconds rather than a process for each."""

    def __init__(self):
        self.x11 = ctypes.CDLL(ctypes.util.find_library("X11"))
        self.c = ctypes.CDLL(None)
        self.x11.XOpenDisplay.restype = ctypes.c_void_p
        self.x11.XGetImage.restype = ctypes.POINTER(Image)
        self.x11.XDefaultRootWindow.restype = ctypes.c_ulong
        self.display = ctypes.c_void_p(self.x11.XOpenDisplay(None))
        self.root = ctypes.c_ulong(self.x11.XDefaultRootWindow(self.display))

    def pixel(self, x, y):
        image = self.x11.XGetImage(self.display, self.root, int(x), int(y), 1, 1, ctypes.c_ulong(ALL_PLANES), ZPIXMAP)
        found = ctypes.string_at(image.contents.data, 3)
        self.c.free(ctypes.c_void_p(image.contents.data))
        self.x11.XFree(image)
        return found

    def go(self, x, y):
        none = ctypes.c_ulong(0)
        self.x11.XWarpPointer(self.display, none, self.root, 0, 0, 0, 0, int(x), int(y))
        self.x11.XFlush(self.display)

    def close(self):
        self.x11.XCloseDisplay(self.display)


def frames(element, seconds):
    """Frames for so long: what each took, seconds, sorted."""
    left, top, _, height = element.place
    spot, on, off = (left + 8, top + height // 2), element.middle, (left + 8, top - 12)
    eye, took = Eye(), []
    try:
        eye.go(*off)
        time.sleep(0.3)
        end, over = time.monotonic() + seconds, False
        while time.monotonic() < end:
            before, over = eye.pixel(*spot), not over
            began = time.monotonic()
            eye.go(*(on if over else off))
            while eye.pixel(*spot) == before:
                if time.monotonic() - began > 60:
                    raise AssertionError("no frame came within a minute")
                time.sleep(0.0005)
            took.append(time.monotonic() - began)
            # Not in step with anything.
            time.sleep(0.003 + 0.007 * (len(took) % 5) / 5)
        return sorted(took)
    finally:
        eye.close()


def told(took):
    part = lambda share: took[min(len(took) - 1, int(len(took) * share))] * 1000
    return f"{len(took)} frames, half of them within {part(0.5):.0f} ms, 99 % within {part(0.99):.0f} ms, the longest {took[-1] * 1000:.0f} ms"


def beneath(process):
    """The processes that a process has started, and theirs: number and command line."""
    parents, found, wanted = {}, [], [process]
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/stat") as file:
                parents.setdefault(int(file.read().rsplit(")", 1)[1].split()[1]), []).append(int(number))
        except OSError:
            continue
    while wanted:
        for child in parents.get(wanted.pop(), []):
            wanted.append(child)
            try:
                with open(f"/proc/{child}/cmdline") as file:
                    found.append((child, file.read().replace("\0", " ")))
            except OSError:
                continue
    return found


class Stopped:
    """Processes that stand still while this lasts: whoever calls them waits."""

    def __init__(self, numbers):
        self.numbers = numbers

    def __enter__(self):
        for number in self.numbers:
            os.kill(number, signal.SIGSTOP)

    def __exit__(self, *_):
        for number in self.numbers:
            os.kill(number, signal.SIGCONT)
