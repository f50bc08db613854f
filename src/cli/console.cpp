#include "console.h"

#include "coffer/base/terminal.h"

namespace coffer::cli {
namespace {

constexpr std::string_view kRed = "\033[31m";
constexpr std::string_view kYellow = "\033[33m";
constexpr std::string_view kReset = "\033[0m";

}  // namespace

std::string without_controls(std::string_view text) { return for_terminal(text, Breaks::keep); }

void Console::line(std::string_view text) {
  if (terminal_.out) {
    out_ << without_controls(text) << '\n';
  } else {
    out_ << text << '\n';
  }
}

void Console::value(std::string_view text) {
  if (terminal_.out) return line(text);
  out_ << text;
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
  if (terminal_.err) err_ << '\r' << for_terminal(text) << "\x1b[K" << std::flush;
}

bool Console::flush() {
  out_.flush();
  err_.flush();
  return out_.good();
}

}  // namespace coffer::cli
