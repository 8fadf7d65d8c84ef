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


def graph():
    """Values go down through the net, and gradients come up again."""
    p = Picture("graph", 680, 480, "A net of two dense layers: values go down, "
                "gradients come up, and each dense layer takes the gradient "
                "of its weights from both")
    nodes = ["input", "dense  W₁, b₁", "ReLU", "dense  W₂, b₂",
             "softmax, cross entropy"]
    down = ["X", "Z₁ = X W₁ᵀ + b₁", "H = max(0, Z₁)", "Z₂ = H W₂ᵀ + b₂"]
    up = [None, "dZ₁ = dH where Z₁ > 0, else 0", "dH = dZ₂ W₂", "dZ₂ = (Y − T) / D"]
    for i, words in enumerate(nodes):
        y = 20 + 92 * i
        p.box(230, y, 220, 40, words, text="bold")
        if i < 4:
            p.arrow(290, y + 43, 290, y + 89, "blue-line")
            p.text(275, y + 66, down[i], "blue-text right")
            if up[i]:
                p.arrow(390, y + 89, 390, y + 43, "orange-line")
                p.text(405, y + 66, up[i], "orange-text left")
    for i, y in ((1, 112), (2, 296)):
        p.arrow(453, y + 20, 497, y + 20, "green-line")
        p.rect(500, y - 6, 165, 52, "green")
        p.text(582, y + 10, "dW₁ = dZ₁ᵀ X" if i == 1 else "dW₂ = dZ₂ᵀ H")
        p.text(582, y + 30, "db₁ = dZ₁ᵀ 1" if i == 1 else "db₂ = dZ₂ᵀ 1")
    p.arrow(190, 408, 226, 408)
    p.text(182, 408, "T, the targets", "right")
    p.arrow(453, 408, 497, 408)
    p.text(505, 408, "the loss L", "left")
    p.text(215, 452, "values, from the data to the loss", "blue-text right "
           "small")
    p.text(405, 452, "gradients of L, from the loss to the data",
           "orange-text left small")
    return p


def columns():
    """The windows of a convolution become the columns of a matrix."""
    p = Picture("columns", 640, 400, "The four windows of an image of 3 x 3 "
                "pixels are the four columns of a matrix")
    kinds = ["blue", "orange", "green", "violet"]
    W, y_of = [1, 2, 3, 4], [37, 47, 67, 77]
    p.text(170, 56, "x, and what the kernel", "faint right small")
    p.text(170, 74, "covers at each position", "faint right small")
    for q in range(4):
        left, column = 210 + 105 * q, []
        for i in range(9):
            u, v = i // 3 - q // 2, i % 3 - q % 2
            inside = 0 <= u < 2 and 0 <= v < 2
            p.box(left + 26 * (i % 3), 24 + 26 * (i // 3), 26, 26, str(i + 1),
                  kinds[q] if inside else "plain", "" if inside else "faint")
            if inside:
                column.append(i + 1)
        middle = left + 39
        p.arrow(middle, 108, middle, 140, kinds[q] + "-line")
        for i, v in enumerate(column):
            p.box(middle - 22, 146 + 36 * i, 44, 36, str(v), kinds[q])
        p.arrow(middle, 296, middle, 328, kinds[q] + "-line")
        p.box(middle - 22, 334, 44, 36, str(y_of[q]), kinds[q], "bold")
    for i, v in enumerate(W):
        p.box(150, 146 + 36 * i, 36, 36, str(v))
        p.text(207, 164 + 36 * i, "×", "faint")
    p.text(140, 200, "the kernel W,", "faint right small")
    p.text(140, 218, "line by line", "faint right small")
    p.text(140, 344, "Y = W col: a number", "faint right small")
    p.text(140, 362, "for each column", "faint right small")
    return p


def phases():
    """Phase 1 cuts the rows of the batch, phase 2 the weights."""
    p = Picture("phases", 760, 450, "Phase 1: each thread takes slices of the "
                "batch through the net and back. Phase 2: each thread takes "
                "tiles of the weights over the whole batch")
    kinds = ["blue", "blue", "orange", "orange"]
    p.text(20, 28, "Phase 1: samples in parallel", "bold left")
    p.text(20, 50, "each slice of rows goes through all nodes and back",
           "faint left small")
    for j, words in enumerate(["input", "dense", "ReLU", "dense", "loss"]):
        p.text(117 + 62 * j, 84, words, "small")
    for i in range(4):
        y = 102 + 62 * i
        p.text(76, y + 24, "slice %d" % i, "right small")
        for j in range(5):
            p.rect(90 + 62 * j, y, 54, 48, kinds[i])
        p.arrow(96, y + 16, 386, y + 16, kinds[i] + "-line")
        p.arrow(386, y + 34, 96, y + 34, kinds[i] + "-line")
    p.text(420, 28, "Phase 2: weights in parallel", "bold left")
    p.text(420, 50, "each tile of weights reads x and dy of all rows",
           "faint left small")
    for j, (words, tiles) in enumerate((("first dense", 6), ("second dense",
                                                           2))):
        left = 480 + 140 * j
        p.text(left + 50, 84, words, "small")
        for i in range(tiles):
            height = 240 // tiles
            kind = "blue" if i < tiles // 2 else "orange"
            p.box(left, 102 + height * i, 100, height - 4, "tile %d" % i, kind,
                  "small")
    p.text(470, 222, "units", "right faint small")
    p.arrow(20, 384, 735, 384)
    p.text(20, 366, "time", "left faint small")
    for x, words in ((260, "every y and dy is there"),
                     (520, "every dW is there")):
        p.text(x, 366, "all threads wait", "faint small")
        p.line([(x, 376), (x, 392)])
        p.text(x, 406, words, "small")
    p.text(140, 406, "phase 1", "bold small")
    p.text(402, 406, "phase 2", "bold small")
    p.text(735, 406, "update: θ −= lr d", "bold small right")
    for i, kind in enumerate(("blue", "orange")):
        p.rect(20 + 90 * i, 424, 12, 12, kind, 2)
        p.text(38 + 90 * i, 430, "thread %d" % i, "left small")
    return p


def tree():
    """The gradients of five pieces are added as a binary tree."""
    p = Picture("tree", 640, 330, "The gradients of the pieces 0 to 4 are "
                "added as a binary tree: 01, 23, then 0123, then 01234")
    x = [75, 185, 295, 405, 545]

    def joined(left, right, middle, y, words):
        for at, bottom in (left, right):
            p.line([(at, bottom), (at, y + 50), (middle, y + 50),
                    (middle, y + 34)])
        p.box(middle - 34, y, 68, 34, words, "green", "bold")

    for i in range(5):
        rows = "%d to %d" % (128 * i, 128 * i + 127) if i < 4 else "512 to 599"
        p.box(x[i] - 45, 246, 90, 40, "piece %d" % i, "blue")
        p.text(x[i], 304, "rows " + rows, "faint small")
    joined((x[0], 246), (x[1], 246), 130, 172, "0 + 1")
    joined((x[2], 246), (x[3], 246), 350, 172, "2 + 3")
    joined((130, 172), (350, 172), 240, 98, "0 to 3")
    joined((240, 98), (x[4], 246), 392, 24, "0 to 4")
    p.text(438, 41, "the gradient of the batch", "left")
    return p


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
    for draw in (graph, columns, phases, tree, norms, schedules):
        draw().write(folder)


main()
