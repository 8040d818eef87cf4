# SPDX-License-Identifier: MIT
"""The picture in README: four of the cases as bars, light and dark, in the colours of its other pictures."""

from collections import namedtuple
from xml.sax.saxutils import escape

THEMES = {
    "light": {"page": "#ffffff", "edge": "#d0d7de", "text": "#1f2328", "faint": "#6a737d", "bar": "#afb8c1",
              "ours": "#2da44e", "never": "#ffebe9", "red": "#c1121f"},
    "dark": {"page": "#0d1117", "edge": "#30363d", "text": "#e6edf3", "faint": "#8b949e", "bar": "#484f58",
             "ours": "#2ea043", "never": "#3c1618", "red": "#ff7b72"},
}
Panel = namedtuple("Panel", "title unit case")
PANELS = (
    Panel("connect, list, close", "µs", "session, 1 CPU"),
    Panel("one question, connection open", "µs", "question, 1 CPU"),
    Panel("a question, 200 clients at once", "µs", "list 200, 1 CPU"),
    Panel("newest login silent: first answer", "ms", "first answer, newest mute"),
)
ROWS = (("direct", "direct"), ("floor", "barest relay"), ("duties", "… with duties"), ("relayd", "relayd"),
        ("proxyd", "socket-proxyd"), ("socat", "socat"))

WIDTH, MARGIN, GAP = 704, 20, 24
PANEL = (WIDTH - 2 * MARGIN - GAP) / 2
LABEL, BAR = 104, 148  # px, of a panel
TITLE, ROW, THICK = 28, 21, 13
HEIGHT_OF_PANEL = TITLE + len(ROWS) * ROW
HEIGHT = 2 * MARGIN + 2 * HEIGHT_OF_PANEL + GAP + 22


def about(figures):
    """In words, for who does not see it."""
    said = []
    for panel in PANELS:
        words = [f"{name} {value_text(figures.of(panel.case, program))}" for program, name in ROWS
                 if figures.of(panel.case, program)]
        said.append(f"{panel.title}: {', '.join(words)}")
    return escape(". ".join(said) + ".", {'"': "&quot;"})


def value_text(figure):
    if figure.said:
        return figure.said.replace("hung for", "no answer in")
    value, unit = figure.median, figure.unit
    if unit == "ms" and value >= 1000:
        return f"{value / 1000:.2f} s"
    return (f"{value:.0f}" if value >= 100 else f"{value:.1f}") + f" {unit}"


def scale(figures, case):
    """What a whole bar stands for. One that is much longer than relayd's is cut, or the others would be
    too short to tell apart."""
    hung = [float(figure.said.split()[2]) for figure in (figures.of(case, program) for program, _ in ROWS)
            if figure and figure.said and figure.said.startswith("hung for ")]
    if hung:
        return max(hung) * 1000 * BAR / (PANEL - LABEL)
    values = {program: figures.median(case, program) for program, _ in ROWS if figures.median(case, program)}
    longest = max(values.values(), default=1)
    if "relayd" in values:
        return min(longest, 2.2 * max(v for program, v in values.items() if program != "socat"))
    return longest


def bar(x, y, length, kind, is_cut):
    """A cut one has a gap before its end."""
    whole = f'<rect class="{kind}" x="{x:.1f}" y="{y}" width="{length:.1f}" height="{THICK}" rx="2"/>'
    if not is_cut:
        return [whole]
    at = x + length - 16
    return [whole, f'<path class="page" d="M{at:.1f} {y + THICK + 1}l5 -{THICK + 2}h4l-5 {THICK + 2}z"/>']


def row(figures, panel, program, name, x, y, most):
    figure = figures.of(panel.case, program)
    ours = ' class="ours-text"' if program == "relayd" else ""
    out = [f'<text{ours} x="{x + LABEL - 8}" y="{y + 11}" text-anchor="end">{escape(name)}</text>']
    start = x + LABEL
    if figure is None:
        return out + [f'<text class="faint" x="{start}" y="{y + 11}">not measured</text>']
    if figure.said:
        return out + bar(start, y, PANEL - LABEL, "never", False) + \
            [f'<text class="red" x="{start + 8}" y="{y + 11}">{escape(value_text(figure))}</text>']
    length = max(BAR * min(figure.median / most, 1), 2)
    out += bar(start, y, length, "ours" if program == "relayd" else "bar", figure.median > most)
    return out + [f'<text{ours} x="{start + length + 7:.1f}" y="{y + 11}">{escape(value_text(figure))}</text>']


def draw(figures, theme, foot):
    out = ['<svg xmlns="http://www.w3.org/2000/svg" '
           f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-labelledby="t d">',
           '<title id="t">What a relay costs</title>',
           f'<desc id="d">{about(figures)}</desc>', '<style>',
           'text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; '
           f'fill: {theme["text"]} }}',
           '.title, .ours-text { font-weight: bold } .foot { font-size: 10px }',
           *[f'.{kind} {{ fill: {theme[kind]} }}' for kind in ("faint", "red", "bar", "ours", "never", "page")],
           '</style>',
           f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="8" fill="{theme["page"]}" '
           f'stroke="{theme["edge"]}"/>']
    for i, panel in enumerate(PANELS):
        x = MARGIN + (i % 2) * (PANEL + GAP)
        y = MARGIN + (i // 2) * (HEIGHT_OF_PANEL + GAP)
        out.append(f'<text class="title" x="{x:g}" y="{y + 12}">{panel.title}</text>')
        most = scale(figures, panel.case)
        for number, (program, name) in enumerate(ROWS):
            out += row(figures, panel, program, name, x, y + TITLE + number * ROW, most)
    out.append(f'<text class="faint foot" x="{MARGIN}" y="{HEIGHT - 14}">{escape(foot)}</text>')
    return "\n".join(out + ["</svg>", ""])


def both(figures, foot):
    return {name: draw(figures, theme, foot) for name, theme in THEMES.items()}
