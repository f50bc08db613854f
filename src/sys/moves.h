// The moves of mounts, as they are kept (table 10, docs/formats/settings.md), and what they say
// about paths of before. Private to the room.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "handlers.h"

namespace coffer::sys {

struct Move {
  std::string from;
  std::string to;
  // Rows from before these were kept have neither.
  std::optional<Uuid> mount{};
  std::optional<WallTime> time{};
};

/// Under the move's id.
[[nodiscard]] Result<void> keep_move(envelope::SealedTransaction& tx, std::string_view id,
                                     const Move& move);
[[nodiscard]] Result<std::optional<Move>> find_move(envelope::SealedTransaction& tx,
                                                    std::string_view id);

/// A path that something had, and when, in RFC 3339; empty: not known, so always.
struct FormerPath {
  std::string path;
  std::string since{};
  std::string until{};

  [[nodiscard]] bool held_at(std::string_view time) const {
    return (since.empty() || time >= since) && (until.empty() || time <= until);
  }
};

class Moves final {
 public:
  Moves(std::vector<Move> all, std::shared_ptr<const core::MountTable> mounts);
  [[nodiscard]] static Result<Moves> read(Call& call);

  /// What is at `path` today: the paths that it had, today's among them. What another mount had at
  /// the same path before the first of them counts too.
  [[nodiscard]] std::vector<FormerPath> paths_of(const std::string& path) const;
  /// Where that is today which was at `path` then; `path` itself if it wasn't moved.
  [[nodiscard]] std::string today(std::string path, std::string time) const;

 private:
  void add_earlier(const std::string& at, const std::string& below,
                   std::vector<FormerPath>& paths) const;

  std::vector<Move> all_;  ///< in their order, as far as that is known
  std::shared_ptr<const core::MountTable> mounts_;
};

}  // namespace coffer::sys
