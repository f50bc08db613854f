// Where output goes and input comes from; tests give it streams of their own.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <string_view>

#include "coffer/base/result.h"

namespace coffer::cli {

class Console final {
 public:
  struct Input {
    /// All of standard input.
    std::function<Result<std::string>()> read_all;
    /// One line from the terminal, without echo.
    std::function<Result<std::string>(std::string_view label)> ask_hidden;
    /// The next part of standard input, as it comes; empty at its end.
    std::function<Result<std::string>()> read_some;
  };
  struct Terminal {
    bool out = false;
    bool err = false;
    bool color = false;
  };

  Console(std::ostream& out, std::ostream& err, Input input, Terminal terminal)
      : out_(out), err_(err), input_(std::move(input)), terminal_(terminal) {}

  /// Standard output, as it is.
  void print(std::string_view text) { out_ << text; }
  /// Standard output, one line; on a terminal without control characters.
  void line(std::string_view text);
  /// A value by itself: byte for byte and no newline, unless a person looks.
  void value(std::string_view text);
  /// A stored text: byte for byte, unless a person looks.
  void document(std::string_view text);
  /// Standard error: what went wrong, then (after a newline in `text`) what can be done.
  void error(std::string_view text);
  void warning(std::string_view text);
  /// Standard error, over what stood there before; nothing unless a person looks.
  void progress(std::string_view text);

  [[nodiscard]] Result<std::string> read_all() const { return input_.read_all(); }
  [[nodiscard]] Result<std::string> read_some() const { return input_.read_some(); }
  [[nodiscard]] Result<std::string> ask_hidden(std::string_view label) const {
    return input_.ask_hidden(label);
  }
  /// Whether a person looks at standard output.
  [[nodiscard]] bool on_terminal() const noexcept { return terminal_.out; }
  /// False when something couldn't be written, as on a full disk.
  [[nodiscard]] bool flush();

 private:
  void colored(std::string_view color, std::string_view text);

  std::ostream& out_;
  std::ostream& err_;
  Input input_;
  Terminal terminal_;
};

/// for_terminal(), with its line breaks: a stored value shall not drive the terminal of the person
/// who reads it.
[[nodiscard]] std::string without_controls(std::string_view text);

}  // namespace coffer::cli
