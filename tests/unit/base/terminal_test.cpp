#include "coffer/base/terminal.h"

#include <gtest/gtest.h>

namespace coffer {
namespace {

TEST(ForTerminal, PlainTextStaysAsItIs) {
  for (const std::string text : {"", "a b", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x94\x91", "\\x1b", "~"}) {
    EXPECT_EQ(for_terminal(text), text);
  }
}

TEST(ForTerminal, ControlsAreShownAndDoNothing) {
  EXPECT_EQ(for_terminal("a\x1b[2J\x1b]0;t\x07z\r\x7f\b"),
            "a\\x1b[2J\\x1b]0;t\\x07z\\x0d\\x7f\\x08");
  EXPECT_EQ(for_terminal(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(for_terminal("\xC2\x9B"
                         "31m\xC2\x80\xC2\x9F\xC2\xA0"),
            "\\x9b31m\\x80\\x9f\xC2\xA0")
      << "C1, which some terminals act on (ECMA-48)";
}

TEST(ForTerminal, ALineStaysOneLineUnlessItMayHaveMore) {
  EXPECT_EQ(for_terminal("a\nresult  good\tb"), "a\\x0aresult  good\\x09b");
  EXPECT_EQ(for_terminal("a\n\tb\r\n", Breaks::keep), "a\n\tb\\x0d\n");
  EXPECT_EQ(for_terminal("a\xE2\x80\xA8z", Breaks::keep), "a\\u{2028}z");
}

TEST(ForTerminal, WhatTurnsOrHidesTextIsShown) {
  EXPECT_EQ(for_terminal("a\xE2\x80\xAE"
                         "b\xE2\x81\xA6"
                         "c\xD8\x9C"
                         "d\xE2\x80\x8B"
                         "e\xEF\xBB\xBF"
                         "f\xF3\xA0\x81\x81"),
            "a\\u{202e}b\\u{2066}c\\u{061c}d\\u{200b}e\\u{feff}f\\u{0e0041}");
}

TEST(ForTerminal, BytesThatArentUtf8AreShownOneByOne) {
  EXPECT_EQ(for_terminal("a\x9b\xff"), "a\\x9b\\xff");
  EXPECT_EQ(for_terminal("\xC0\x9B"), "\\xc0\\x9b") << "longer than it must be";
  EXPECT_EQ(for_terminal("\xE0\x82\x9B"), "\\xe0\\x82\\x9b");
  EXPECT_EQ(for_terminal("\xED\xA0\x80"), "\\xed\\xa0\\x80") << "half of a pair";
  EXPECT_EQ(for_terminal("\xF4\x90\x80\x80\xF5"), "\\xf4\\x90\\x80\\x80\\xf5");
  EXPECT_EQ(for_terminal("\xE2\x82"), "\\xe2\\x82") << "cut off";
  EXPECT_EQ(for_terminal("\xC3"
                         "a"),
            "\\xc3"
            "a");
}

TEST(JsonForTerminal, StaysJsonOfTheSameMeaning) {
  EXPECT_EQ(json_for_terminal("{\"a\": \"\xC3\xA4\\n\",\n\t\"b\":1}\n"),
            "{\"a\": \"\xC3\xA4\\n\",\n\t\"b\":1}\n");
  EXPECT_EQ(json_for_terminal("\"\x7f\xC2\x9B"
                              "31m\xE2\x80\xAE"
                              "b\xE2\x81\xA6\xEF\xBB\xBF\xF3\xA0\x81\x81\xF0\x9F\x94\x91\""),
            "\"\\u007f\\u009b31m\\u202eb\\u2066\\ufeff\\udb40\\udc41\xF0\x9F\x94\x91\"");
  EXPECT_EQ(json_for_terminal("\"\x9b\""), "\"\\ufffd\"");
}

}  // namespace
}  // namespace coffer
