#!/usr/bin/env python3
"""make.py -- draws the pictures of the pages in docs/.

Run from anywhere, it writes each picture as NAME.svg into the folder given,
or beside itself.  It needs Python's standard library alone.  A picture has a
background of its own, and colours for light and for dark screens.
"""
import math
import os
import sys

# class: (fill or colour, stroke) on light screens, and on dark ones
COLOURS = {
    "blue": (("#ddf4ff", "#0969da"), ("#0c2d54", "#58a6ff")),
    "orange": (("#fff1e5", "#bc4c00"), ("#3d2008", "#f0883e")),
    "green": (("#dafbe1", "#1a7f37"), ("#10301b", "#3fb950")),
    "violet": (("#f5e9ff", "#8250df"), ("#2d1b4e", "#bc8cff")),
    "plain": (("#f6f8fa", "#8c959f"), ("#1c2128", "#6e7681")),
}
INK, FAINT, PAPER = ("#1f2328", "#e6edf3"), ("#59636e", "#9198a1"), \
    ("#ffffff", "#0d1117")


def style(dark):
    """The style sheet of all pictures, for one kind of screen."""
    rules = [".paper{fill:%s}" % PAPER[dark], "text{fill:%s}" % INK[dark],
             ".faint{fill:%s}" % FAINT[dark],
             ".ink{stroke:%s;fill:none}" % FAINT[dark]]
    for name, pair in COLOURS.items():
        fill, stroke = pair[dark]
        rules += [".%s{fill:%s;stroke:%s}" % (name, fill, stroke),
                  ".%s-line{stroke:%s;fill:none}" % (name, stroke),
                  ".%s-text{fill:%s}" % (name, stroke)]
    return "".join(rules)


def number(v):
    """A coordinate, rounded so that every machine writes the same text."""
    return ("%.1f" % v).rstrip("0").rstrip(".")


class Picture:
    """A picture of this width and height, in pixels."""

    def __init__(self, name, width, height, title):
        self.name = name
        self.lines = [
            '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
            'viewBox="0 0 %d %d" role="img">' % (width, height, width, height),
            "<title>%s</title>" % title,
            "<style>text{font:14px system-ui,-apple-system,'Segoe UI',"
            "'Noto Sans','DejaVu Sans',sans-serif;text-anchor:middle}"
            ".small{font-size:12px}.bold{font-weight:600}"
            ".left{text-anchor:start}.right{text-anchor:end}",
            style(0),
            "@media(prefers-color-scheme:dark){%s}</style>" % style(1),
            '<rect class="paper" width="%d" height="%d" rx="8"/>'
            % (width, height)]

    def rect(self, x, y, width, height, kind="plain", rx=4, stroke=1.5):
        self.lines.append(
            '<rect class="%s" x="%s" y="%s" width="%s" height="%s" rx="%s" '
            'stroke-width="%s"/>' % (kind, number(x), number(y), number(width),
                                     number(height), number(rx), stroke))

    def text(self, x, y, words, kind=""):
        """Words centred on x, y unless kind says "left" or "right"."""
        words = words.replace("&", "&amp;").replace("<", "&lt;")
        self.lines.append('<text class="%s" x="%s" y="%s">%s</text>'
                          % (kind, number(x), number(y + 5), words))

    def line(self, points, kind="ink", width=1.5):
        self.lines.append(
            '<polyline class="%s" stroke-width="%s" points="%s"/>'
            % (kind, width, " ".join(number(x) + "," + number(y)
                                     for x, y in points)))

    def arrow(self, x, y, to_x, to_y, kind="ink"):
        """A line with a head at its end."""
        angle = math.atan2(to_y - y, to_x - x)
        head = [(to_x - 8 * math.cos(angle + turn),
                 to_y - 8 * math.sin(angle + turn)) for turn in (0.45, -0.45)]
        self.line([(x, y), (to_x, to_y)], kind)
        self.line([head[0], (to_x, to_y), head[1]], kind)

    def box(self, x, y, width, height, words, kind="plain", text=""):
        self.rect(x, y, width, height, kind)
        self.text(x + width / 2, y + height / 2, words, text)

    def write(self, folder):
        path = os.path.join(folder, self.name + ".svg")
        with open(path, "w", encoding="utf-8", newline="\n") as f:
            f.write("\n".join(self.lines) + "\n</svg>\n")


def norms():
    """Which numbers share a mean and a variance."""
    p = Picture("norms", 560, 270, "Batch normalisation takes the mean of a "
                "column, over the rows of the batch; layer normalisation takes "
                "the mean of a row")
    for left, words, batch in ((60, "batch normalisation", True),
                               (330, "layer normalisation", False)):
        p.text(left + 96, 24, words, "bold")
        for i in range(5):
            for j in range(6):
                kind = "orange" if (j == 2 if batch else i == 1) else "plain"
                p.rect(left + 32 * j, 62 + 32 * i, 32, 32, kind, 2)
        p.text(left + 96, 46, "values of a sample", "faint small")
        p.text(left - 8, 142, "rows", "faint small right")
        p.text(left + 96, 244, "a mean for each value of a sample" if batch
               else "a mean for each row", "small orange-text")
    return p


def schedules():
    """The learning rate over 100 steps, for each schedule."""
    p = Picture("schedules", 620, 290, "The learning rate over a hundred steps "
                "by five schedules")

    def ease(a, b, along):
        return b + (a - b) * (1 + math.cos(math.pi * along)) / 2

    curves = [
        ("step", "plain", lambda t: 0.5 ** (t // 25)),
        ("exponential", "green", lambda t: 0.97 ** t),
        ("cosine", "blue", lambda t: ease(1, 0, t / 100)),
        ("warmup", "violet", lambda t: min(1, (t + 1) / 20)),
        ("one cycle", "orange", lambda t: ease(0.04, 1, t / 29) if t < 29
         else ease(1, 0.04 / 1e4, min(1, (t - 29) / 70)))]
    p.line([(60, 30), (60, 240), (470, 240)])
    p.text(50, 40, "lr", "right")
    p.text(50, 240, "0", "right faint small")
    p.text(60, 258, "step 0", "faint small")
    p.text(460, 258, "step 100", "faint small")
    for i, (words, kind, rate) in enumerate(curves):
        p.line([(60 + 2 * t, 240 - 200 * rate(t / 2)) for t in range(200)],
               kind + "-line", 2)
        p.line([(490, 60 + 34 * i), (515, 60 + 34 * i)], kind + "-line", 2)
        p.text(523, 60 + 34 * i, words, "left small")
    return p


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else \
        os.path.dirname(os.path.abspath(__file__))
    for draw in (norms, schedules):
        draw().write(folder)


main()
