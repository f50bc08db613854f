// Requests from a text in which every "{n}" stands for the request's number modulo M, with leading
// zeros: all requests are of one length, so a Content-Length in the text stays right.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coffer::bench {

class RequestText final {
 public:
  /// Precondition: modulo > 0.
  RequestText(std::string_view text, std::uint64_t modulo)
      : modulo_(modulo), digits_(std::to_string(modulo - 1).size()) {
    constexpr std::string_view kMark = "{n}";
    std::size_t from = 0;
    for (std::size_t at = text.find(kMark); at != std::string_view::npos;
         at = text.find(kMark, from)) {
      text_.append(text.substr(from, at - from));
      places_.push_back(text_.size());
      text_.append(digits_, '0');
      from = at + kMark.size();
    }
    text_.append(text.substr(from));
  }

  /// A buffer for numbered().
  [[nodiscard]] const std::string& blank() const noexcept { return text_; }

  /// Puts the number into a copy of blank().
  void number(std::string& buffer, std::uint64_t number) const noexcept {
    number %= modulo_;
    for (std::size_t digit = digits_; digit > 0; --digit) {
      const char c = static_cast<char>('0' + number % 10);
      for (const std::size_t place : places_) buffer[place + digit - 1] = c;
      number /= 10;
    }
  }

 private:
  std::uint64_t modulo_;
  std::size_t digits_;
  std::string text_;
  std::vector<std::size_t> places_;
};

/// "GET key" as a RESP array of bulk strings.
[[nodiscard]] inline std::string resp_command(std::string_view words, std::uint64_t modulo) {
  const std::size_t digits = std::to_string(modulo - 1).size();
  std::string parts;
  std::size_t count = 0;
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find(' '));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
    std::size_t size = word.size();
    for (std::size_t at = word.find("{n}"); at != std::string_view::npos;
         at = word.find("{n}", at + 3)) {
      size = size - 3 + digits;
    }
    parts += "$" + std::to_string(size) + "\r\n" + std::string(word) + "\r\n";
    ++count;
  }
  return "*" + std::to_string(count) + "\r\n" + parts;
}

}  // namespace coffer::bench
