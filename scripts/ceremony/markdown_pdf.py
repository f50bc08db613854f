"""The Markdown that `coffer-ceremony render` writes, and no other, as pages: headings, paragraphs,
tables, and a line of three dashes for a new page. With python3-reportlab."""

import re
import xml.sax.saxutils

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

import printable

MARGIN = 15 * mm
STYLES = getSampleStyleSheet()
HEADINGS = {"# ": STYLES["Heading1"], "## ": STYLES["Heading2"], "### ": STYLES["Heading3"]}
CELL_BREAK = re.compile(r"(?<!\\)\|")  # an escaped one is text
RULE = re.compile(r"^[|\-\s]+$")


def text_of(markdown):
    """Without its escapes, as XML."""
    return xml.sax.saxutils.escape(re.sub(r"\\(.)", r"\1", markdown).strip())


def cells(line):
    return [Paragraph(text_of(cell), STYLES["BodyText"]) for cell in CELL_BREAK.split(line)[1:-1]]


def widths(rows, width):
    """In proportion to the longest text, so that none is too narrow to be written into."""
    columns = range(len(rows[0]))
    wanted = [max(min(len(row[i].text), 60) for row in rows if i < len(row)) + 8 for i in columns]
    return [width * each / sum(wanted) for each in wanted]


def table(lines, width):
    rows = [cells(line) for line in lines if not RULE.match(line)]
    style = TableStyle([("GRID", (0, 0), (-1, -1), 0.4, colors.black), ("VALIGN", (0, 0), (-1, -1), "TOP")])
    return Table(rows, colWidths=widths(rows, width), style=style, repeatRows=1)


def lines_of(markdown):
    """Not splitlines(): what else Unicode has for a line's end would make lines of a plan's text."""
    return markdown.split("\n")


def flowables(markdown, width):
    pending = []
    for line in [*lines_of(markdown), ""]:
        if line.startswith("|"):
            pending.append(line)
            continue
        if pending:
            yield table(pending, width)
            yield Spacer(1, 3 * mm)
            pending = []
        heading = next((mark for mark in HEADINGS if line.startswith(mark)), None)
        if line == "---":
            yield PageBreak()
        elif heading:
            yield Paragraph(text_of(line[len(heading) :]), HEADINGS[heading])
        elif line.strip():
            yield Paragraph(text_of(line), STYLES["BodyText"])


def number_page(canvas, document):
    canvas.drawCentredString(A4[0] / 2, 8 * mm, str(document.page))


def write(markdown, path):
    """printable.NotPrintableError names the line, and leaves no file."""
    for number, line in enumerate(lines_of(markdown), 1):
        printable.check(line, f"line {number}")
    document = SimpleDocTemplate(
        str(path), pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN
    )
    document.build(
        list(flowables(markdown, A4[0] - 2 * MARGIN)), onFirstPage=number_page, onLaterPages=number_page
    )
