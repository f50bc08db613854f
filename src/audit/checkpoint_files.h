// What was signed, beside the segments: one file of checkpoints for each, and one that tells which
// key signs since when. Private to the room.
#pragma once

#include <memory>
#include <string>

#include "coffer/audit/checkpoint.h"
#include "coffer/audit/file.h"

namespace coffer::audit {

inline constexpr std::string_view kSigners = "signers";
inline constexpr std::string_view kLost =
    "a file of checkpoints was taken away or changed while it was written";

/// Appends, and syncs for power durability. What fails is taken back, or left torn: then the next
/// call cuts it. One caller at a time.
class CheckpointFiles final {
 public:
  CheckpointFiles(std::string directory, Durability durability, FileOpener opener);

  /// `segment`: by the number of its first line.
  [[nodiscard]] Result<void> add(std::uint64_t segment, std::string_view note);
  /// From the tree of `since` lines on `key` signs. Nothing is written if it did so already. A key
  /// that has signed before, but isn't named any more, is named from its first checkpoint on: else
  /// those would be of a key that wasn't in force yet.
  [[nodiscard]] Result<void> signs_since(const NoteKey& key, std::uint64_t since);
  /// Whether the file that was written last is gone from its path, or isn't as it was left. What is
  /// added next goes to what is there, or to a new one. True until the loss is told.
  [[nodiscard]] bool lost();
  void loss_is_told() noexcept { lost_ = false; }

 private:
  struct Open {
    std::unique_ptr<File> file;
    std::string path;
    std::uint64_t size = 0;
  };
  using Whole = std::size_t (*)(std::string_view text);
  [[nodiscard]] Result<void> open(const std::string& path, Whole whole);
  [[nodiscard]] Result<void> append(std::string_view text);
  [[nodiscard]] Result<void> write(std::string_view text);
  [[nodiscard]] Result<void> sync_name() const;

  const std::string directory_;
  const Durability durability_;
  const FileOpener opener_;
  Open open_;
  bool lost_ = false;
};

}  // namespace coffer::audit
