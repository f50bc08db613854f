#!/usr/bin/env python3
"""Sums the results of all suites that scripts/test ran.

    scripts/tally.py DIR     one line a suite, then `N passed, N failed`; exit 1 if anything failed

DIR/<suite>/ holds, as they come: steps.txt (`pass NAME` or `fail NAME` a line), ctest.xml, gtest/*.xml
(one a test program), *.junit.xml (pytest), and *.tap (bats). A test that was skipped has not passed.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as ET

NOT_PASSED = ("failure", "error", "skipped")


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = []

    def add(self, name, passed):
        if passed:
            self.passed += 1
        else:
            self.failed.append(name)


def cases(path):
    """(name, passed) of each case of a JUnit file, of GoogleTest's, ctest's or pytest's."""
    for case in ET.parse(path).iter("testcase"):
        name = f"{case.get('classname') or ''}.{case.get('name')}".lstrip(".")
        ran = case.get("status") not in ("fail", "notrun", "disabled")
        yield name, ran and not any(case.find(tag) is not None for tag in NOT_PASSED)


def tally_ctest(suite, tally):
    """A program that wrote its own cases counts by them; one that crashed, or isn't GoogleTest's,
    counts as one."""
    for case in ET.parse(suite / "ctest.xml").iter("testcase"):
        name = case.get("name")
        passed = case.get("status") == "run" and case.find("failure") is None
        own = suite / "gtest" / f"test_{name}.xml"
        inner = list(cases(own)) if own.is_file() else []
        for inner_name, inner_passed in inner:
            tally.add(inner_name, inner_passed)
        if not inner or (not passed and all(ok for _, ok in inner)):
            tally.add(name, passed)


def tap_cases(path):
    """(name, passed) of each line of a TAP file; what its plan promises and it lacks has failed."""
    wanted, seen = None, 0
    for line in path.read_text().splitlines():
        if match := re.match(r"1\.\.(\d+)$", line):
            wanted = int(match[1])
        elif match := re.match(r"(not )?ok \d+ (.*)", line):
            seen += 1
            yield match[2], not match[1] and "# skip" not in line.lower()
    if wanted is None or wanted != seen:
        yield f"{path.name}: {seen} of {wanted} tests", False


def tally_suite(suite):
    tally = Tally()
    steps = suite / "steps.txt"
    for line in steps.read_text().splitlines() if steps.is_file() else ():
        outcome, _, name = line.partition(" ")
        tally.add(name, outcome == "pass")
    if (suite / "ctest.xml").is_file():
        tally_ctest(suite, tally)
    for junit in sorted(suite.glob("*.junit.xml")):
        for name, passed in cases(junit):
            tally.add(name, passed)
    for tap in sorted(suite.glob("*.tap")):
        for name, passed in tap_cases(tap):
            tally.add(name, passed)
    return tally


def main():
    passed = 0
    failed = 0
    print()
    for suite in sorted(path for path in pathlib.Path(sys.argv[1]).iterdir() if path.is_dir()):
        tally = tally_suite(suite)
        passed += tally.passed
        failed += len(tally.failed)
        print(f"{suite.name:10} {tally.passed:5} passed, {len(tally.failed)} failed")
        for name in tally.failed:
            print(f"           failed: {name}")
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
