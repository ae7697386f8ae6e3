"""Figures as SVG: no outside asset, readable in light and in dark."""

import math
import pathlib
from xml.sax.saxutils import escape

STYLE = """
  svg { font: 13px system-ui, sans-serif; background: #fff }
  text { fill: #222 } .dim { fill: #666 } .end { text-anchor: end }
  .mid { text-anchor: middle } .head { font-size: 16px; font-weight: 600 }
  .grid { stroke: #ddd } .axis { stroke: #666 }
  .a { fill: #2563a8 } .b { fill: #b4530a } .c { fill: #17794a }
  .d { fill: #8b3a94 }
  .line { fill: none; stroke-width: 2 } .spread { stroke: #222 }
  .goal { stroke: #b3261e; stroke-width: 2; stroke-dasharray: 4 3 }
  .sa { stroke: #2563a8 } .sb { stroke: #b4530a } .sc { stroke: #17794a }
  .sd { stroke: #8b3a94 }
  @media (prefers-color-scheme: dark) {
    svg { background: #16181d }
    text { fill: #e6e6e6 } .dim { fill: #a0a0a0 }
    .grid { stroke: #333 } .axis { stroke: #999 } .spread { stroke: #e6e6e6 }
    .a { fill: #6ea8e8 } .b { fill: #eaa35f } .c { fill: #63c392 }
    .d { fill: #cf8fd6 } .goal { stroke: #ff7b72 }
    .sa { stroke: #6ea8e8 } .sb { stroke: #eaa35f } .sc { stroke: #63c392 }
    .sd { stroke: #cf8fd6 }
  }
"""


class Picture:
    """An SVG that grows by elements."""

    def __init__(self, width, height, title):
        self.width, self.height = width, height
        self.parts = [f"<title>{escape(title)}</title>"]
        self.text(16, 26, title, "head")

    def text(self, x, y, what, kind=""):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">'
                          f"{escape(str(what))}</text>")

    def line(self, x1, y1, x2, y2, kind):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" '
                          f'y2="{y2:.1f}" class="{kind}"/>')

    def box(self, x, y, width, height, kind, tip=""):
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" '
            f'height="{height:.1f}" class="{kind}">'
            f"<title>{escape(tip)}</title></rect>")

    def path(self, points, kind):
        steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{steps}" class="{kind}"/>')

    def dot(self, x, y, kind, tip):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" '
                          f'class="{kind}"><title>{escape(tip)}</title>'
                          "</circle>")

    def write(self, path):
        body = "\n".join(self.parts)
        pathlib.Path(path).write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" role="img" '
            f'viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}">\n'
            f"<style>{STYLE}</style>\n{body}\n</svg>\n")


def ticks(most, wanted=6):
    """Round values from 0 on, up to the first that is not below most."""
    rough = most / wanted or 1
    power = 10 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough)
    return [i * step for i in range(math.ceil(most / step - 1e-9) + 1)]


def number(value):
    """As short as it can be: 0.5, 12, 3k, 1.2M."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:.3g}{name}"
    return f"{value:.3g}"


def bars(path, title, axis, rows):
    """Rows of (name, value, spread or None, goal or None, class a to d), one
    horizontal bar each, on an axis that begins at 0."""
    left, top, step, right = 280, 46, 26, 64
    picture = Picture(860, top + step * len(rows) + 44, title)
    marks = ticks(max(max(value + (spread or 0) / 2, goal or 0)
                      for _, value, spread, goal, _ in rows))
    bottom = top + step * len(rows)

    def at(value):
        return left + value / marks[-1] * (picture.width - left - right)

    for mark in marks:
        picture.line(at(mark), top, at(mark), bottom, "grid")
        picture.text(at(mark), bottom + 17, number(mark), "dim mid")
    picture.text((left + picture.width - right) / 2, bottom + 36, axis,
                 "dim mid")
    for i, (name, value, spread, goal, kind) in enumerate(rows):
        y = top + step * i
        picture.text(left - 10, y + 17, name, "end")
        picture.box(left, y + 4, at(value) - left, step - 9, kind,
                    f"{name}: {value:.2f}")
        end = value
        if spread:
            low, end = max(value - spread / 2, 0), value + spread / 2
            picture.line(at(low), y + 12.5, at(end), y + 12.5, "spread")
        if goal:
            picture.line(at(goal), y + 1, at(goal), y + step - 2, "goal")
            end = max(end, goal)
        picture.text(at(end) + 6, y + 17, f"{value:.2f}", "dim")
    picture.line(left, top, left, bottom, "axis")
    picture.write(path)


def dots(path, title, axis, kinds, rows):
    """Rows of (name, values), a dot for each on a common logarithmic axis;
    kinds name the dots: (name, class)."""
    left, top, step, right = 280, 74, 26, 60
    picture = Picture(860, top + step * len(rows) + 44, title)
    values = [v for _, row in rows for v in row]
    first = math.floor(math.log10(min(values)))
    last = math.ceil(math.log10(max(values)))
    bottom = top + step * len(rows)

    def at(value):
        return left + ((math.log10(value) - first) / (last - first)
                       * (picture.width - left - right))

    x = left
    for name, kind in kinds:
        picture.dot(x, 48, kind, name)
        picture.text(x + 10, 52, name)
        x += 80
    for power in range(first, last + 1):
        for factor in (1, 2, 5):
            mark = factor * 10.0 ** power
            if mark > 10.0 ** last:
                continue
            picture.line(at(mark), top, at(mark), bottom, "grid")
            picture.text(at(mark), bottom + 17, number(mark), "dim mid")
    picture.text((left + picture.width - right) / 2, bottom + 36, axis,
                 "dim mid")
    for i, (name, row) in enumerate(rows):
        y = top + step * i + 13
        picture.text(left - 10, y + 4, name, "end")
        picture.line(at(min(row)), y, at(max(row)), y, "axis")
        for (kind, style), value in zip(kinds, row):
            picture.dot(at(value), y, style, f"{name}, {kind}: {value:.0f} µs")
    picture.write(path)


def lines(path, title, x_axis, panels):
    """Panels one below the other over a common logarithmic x axis.

    A panel is (y axis, logarithmic or not, [(name, class, [(x, y), ...])])."""
    left, width, height, gap, right = 90, 860, 190, 62, 150
    picture = Picture(width, 50 + (height + gap) * len(panels), title)
    xs = sorted({x for _, _, series in panels for _, _, p in series
                 for x, _ in p})
    low, high = math.log10(xs[0]), math.log10(xs[-1])

    def at(x):
        return left + ((math.log10(x) - low) / (high - low or 1)
                       * (width - left - right))

    for i, (axis, logarithmic, series) in enumerate(panels):
        panel(picture, 56 + (height + gap) * i, height, left, width - right,
              at, xs, axis, logarithmic, series)
        picture.text((left + width - right) / 2,
                     56 + (height + gap) * i + height + 36, x_axis,
                     "dim mid")
    picture.write(path)


def panel(picture, top, height, left, right, at, xs, axis, logarithmic,
          series):
    values = [y for _, _, points in series for _, y in points]
    if logarithmic:
        first = math.floor(math.log10(min(v for v in values if v > 0)))
        last = max(math.ceil(math.log10(max(values))), first + 1)
        marks = [10.0 ** k for k in range(first, last + 1)]

        def up(y):
            y = max(math.log10(max(y, 10.0 ** first)) - first, 0)
            return top + height - y / (last - first) * height
    else:
        marks = ticks(max(values), 4)

        def up(y):
            return top + height - y / marks[-1] * height

    picture.text(left - 74, top - 10, axis, "dim")
    for mark in marks:
        picture.line(left, up(mark), right, up(mark), "grid")
        picture.text(left - 8, up(mark) + 4, number(mark), "dim end")
    for x in xs:
        picture.text(at(x), top + height + 17, number(x), "dim mid")
    picture.line(left, top + height, right, top + height, "axis")
    taken = []
    for name, kind, points in series:
        picture.path([(at(x), up(y)) for x, y in points], f"line s{kind}")
        for x, y in points:
            picture.dot(at(x), up(y), kind, f"{name}: {x:,} → {y:.6g}")
        y = up(points[-1][1])
        while any(abs(y - other) < 15 for other in taken):
            y += 15
        taken.append(y)
        picture.text(right + 10, y + 4, name, kind)
