// A program that a ceremony runs, and the file that its output goes to. Private to the room.
#pragma once

#include <string>
#include <vector>

#include "files.h"

namespace coffer::ceremony {

/// Held by the program too: while one runs that an earlier process began, nobody opens it again.
class Output final {
 public:
  /// Made, or emptied, unless the output is to follow what is there; its name is on disk.
  /// conflict: the program that writes it still runs.
  [[nodiscard]] static Result<Output> open(const std::string& path, bool keep);
  /// In decimal.
  [[nodiscard]] Result<std::string> size() const;
  [[nodiscard]] int get() const noexcept { return file_.get(); }

 private:
  explicit Output(File file) noexcept : file_(std::move(file)) {}
  File file_;
};

/// Waits for its end: the exit status, "signal N" or "not started". Standard output and error are
/// in the file, and on disk, when this returns.
[[nodiscard]] Result<std::string> run_child(const std::vector<std::string>& words, Output& output);
/// The same in words, behind a subject.
[[nodiscard]] std::string how_it_ended(const std::string& status);

}  // namespace coffer::ceremony
