#include "moves.h"

#include <algorithm>

#include "coffer/base/codec.h"

namespace coffer::sys {
namespace {

constexpr envelope::Space kMovesSpace{.mount = {}, .table = 10};
/// Without mount and time.
constexpr std::uint8_t kFirstFormat = 1;
constexpr std::uint8_t kFormat = 2;
/// Requests that were under way when a mount was moved have lines of before or after.
constexpr std::chrono::minutes kSlack{1};

Result<Move> read_row(std::string_view value) {
  Reader row(as_bytes(value));
  Move move;
  COFFER_TRY(const std::uint8_t format, row.u8());
  if (format != kFirstFormat && format != kFormat) {
    return make_error(ErrorCode::corrupt, "unknown format of a move's row");
  }
  COFFER_TRY(move.from, row.text());
  COFFER_TRY(move.to, row.text());
  if (format == kFormat) {
    COFFER_TRY(const ByteView mount, row.raw(sizeof(Uuid::bytes)));
    COFFER_TRY(move.mount, uuid_from(mount));
    COFFER_TRY(const std::uint64_t time, row.u64());
    move.time = WallTime(std::chrono::nanoseconds(static_cast<std::int64_t>(time)));
  }
  COFFER_CHECK(row.finish());
  return move;
}

std::string told(WallTime time) { return to_rfc3339(time); }

}  // namespace

Result<void> keep_move(envelope::SealedTransaction& tx, std::string_view id, const Move& move) {
  Writer row;
  row.u8(kFormat).text(move.from).text(move.to).raw(move.mount.value_or(Uuid{}).view());
  row.u64(static_cast<std::uint64_t>(move.time.value_or(WallTime{}).time_since_epoch().count()));
  return tx.write({kMovesSpace, {}, std::string(id)}, as_text(row.view()),
                  envelope::Expect::absent());
}

Result<std::optional<Move>> find_move(envelope::SealedTransaction& tx, std::string_view id) {
  COFFER_TRY(const auto stored, tx.read({kMovesSpace, {}, std::string(id)}));
  if (!stored) return std::optional<Move>();
  COFFER_TRY(Move move, read_row(stored->value));
  return std::optional(std::move(move));
}

Moves::Moves(std::vector<Move> all, std::shared_ptr<const core::MountTable> mounts)
    : all_(std::move(all)), mounts_(std::move(mounts)) {
  // Those of an unknown time were before all others.
  std::stable_sort(all_.begin(), all_.end(),
                   [](const Move& a, const Move& b) { return a.time < b.time; });
}

Result<Moves> Moves::read(Call& call) {
  COFFER_TRY(const auto rows, call.context.tx.list(kMovesSpace, {}));
  std::vector<Move> all;
  for (const envelope::ListedRow& row : rows) {
    COFFER_TRY(auto move, find_move(call.context.tx, row.name));
    if (move) all.push_back(*std::move(move));
  }
  COFFER_TRY(auto table, call.vault->mounts->table(call.context.tx));
  return Moves(std::move(all), std::move(table));
}

std::vector<FormerPath> Moves::paths_of(const std::string& path) const {
  std::vector<FormerPath> paths = {{path}};
  const auto route = mounts_->find(path);
  if (!route) return paths;
  const std::string below(route->path);
  // From the latest back. Each gave the mount its path from then on.
  std::string at = route->mount->path;
  for (auto move = all_.rbegin(); move != all_.rend() && move->time; ++move) {
    if (move->to != at || move->mount != route->mount->uuid) continue;
    paths.back().since = told(*move->time - kSlack);
    at = move->from;
    paths.push_back({.path = at + below, .until = told(*move->time + kSlack)});
  }
  add_earlier(at, below, paths);
  return paths;
}

/// By rows that don't tell which mount it was, nor when: all that fit.
void Moves::add_earlier(const std::string& at, const std::string& below,
                        std::vector<FormerPath>& paths) const {
  std::vector<std::string> mounts = {at};
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    for (const Move& move : all_) {
      const bool known = std::find(mounts.begin(), mounts.end(), move.from) != mounts.end();
      if (move.time || move.to != mounts[i] || known) continue;
      mounts.push_back(move.from);
      paths.push_back({.path = move.from + below});
    }
  }
}

std::string Moves::today(std::string path, std::string time) const {
  for (const Move& move : all_) {
    const bool there = path.starts_with(move.from);
    // Of an unknown time: if nothing is at that path any more.
    const bool before = move.time ? time <= told(*move.time) : !mounts_->find(path);
    if (!there || !before) continue;
    path = move.to + path.substr(move.from.size());
    if (move.time) time = told(*move.time);
  }
  return path;
}

}  // namespace coffer::sys
