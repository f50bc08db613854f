"""What the fonts of every PDF have. For another character reportlab prints a black square, and a script
that reads otherwise than its plan must not be signed."""

from reportlab.pdfbase import pdfmetrics

SHOWN = 5


class NotPrintableError(Exception):
    pass


def is_printable(character):
    font = pdfmetrics.getFont("Helvetica")  # the bold one has the same
    for each in [font, *font.substitutionFonts]:  # also Greek letters, and signs
        try:
            character.encode(each.encName)
        except UnicodeEncodeError:
            continue
        return True
    return False


def check(text, where):
    """By their numbers: what a terminal makes of them is another question."""
    missing = sorted({each for each in text if not is_printable(each)})
    if missing:
        names = ", ".join(f"U+{ord(each):04X}" for each in missing[:SHOWN])
        more = " and more" if len(missing) > SHOWN else ""
        raise NotPrintableError(f"{where} has characters that can't be printed here: {names}{more}")
