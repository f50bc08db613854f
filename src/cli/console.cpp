#include "console.h"

#include <array>

#include "coffer/base/bytes.h"

namespace coffer::cli {
namespace {

constexpr std::string_view kRed = "\033[31m";
constexpr std::string_view kYellow = "\033[33m";
constexpr std::string_view kReset = "\033[0m";

bool is_control(unsigned char c) { return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f; }

}  // namespace

std::string without_controls(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  const auto escape = [&clean](unsigned char c) {
    clean += "\\x";
    append_hex(clean, std::array<std::uint8_t, 1>{c});
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    // U+0080 to U+009F are controls too; terminals act on them (ECMA-48 section 5.3).
    if (c == 0xc2 && next >= 0x80 && next <= 0x9f) {
      escape(next);
      ++i;
    } else if (is_control(c)) {
      escape(c);
    } else {
      clean += text[i];
    }
  }
  return clean;
}

void Console::line(std::string_view text) {
  if (terminal_.out) {
    out_ << without_controls(text) << '\n';
  } else {
    out_ << text << '\n';
  }
}

void Console::value(std::string_view text) {
  out_ << text;
  if (terminal_.out) out_ << '\n';
}

void Console::document(std::string_view text) {
  if (!terminal_.out) {
    out_ << text;
    return;
  }
  out_ << without_controls(text);
  if (!text.ends_with('\n')) out_ << '\n';
}

void Console::colored(std::string_view color, std::string_view text) {
  out_.flush();  // so that the two keep their order where both go to one place
  const std::string clean = without_controls(text);
  if (terminal_.err && terminal_.color) {
    err_ << color << clean << kReset << '\n';
  } else {
    err_ << clean << '\n';
  }
}

void Console::error(std::string_view text) { colored(kRed, text); }

void Console::warning(std::string_view text) {
  colored(kYellow, std::string("Warning: ").append(text));
}

void Console::progress(std::string_view text) {
  if (terminal_.err) err_ << '\r' << text << "\x1b[K" << std::flush;
}

bool Console::flush() {
  out_.flush();
  err_.flush();
  return out_.good();
}

}  // namespace coffer::cli
