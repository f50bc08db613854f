// The tree beside the chain: what segments tell of it, and what was signed of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/audit/known.h"
#include "line.h"

namespace coffer::audit {

/// Who signed a checkpoint that stands beside the log.
enum class SignedBy : std::uint8_t {
  stranger,    ///< none of the keys that one trusts
  trusted,     ///< one of them
  newest_key,  ///< that which is in force last, of those whose periods are known
};

/// Memory: the checkpoints, and one frontier. Not thread-safe.
class TreeCheck final {
 public:
  /// `periods`: of the keys, as whoever verifies has kept them. A key that was retired can sign a
  /// log as if nothing had followed, so the log must reach the newest, and that must have signed.
  explicit TreeCheck(const std::vector<Checkpoint>& known, std::vector<KeyPeriod> periods = {});

  /// One more, that covers at least one line that isn't accepted yet. A stranger's is compared too,
  /// and covers nothing. corrupt: it is of another log.
  [[nodiscard]] Result<void> add(const Checkpoint& checkpoint, SignedBy signer);

  /// A line that the chain took. corrupt: the tree that the line tells, or one that was signed,
  /// isn't that of the lines.
  [[nodiscard]] Result<void> accept(std::string_view line, const ParsedLine& parsed,
                                    const TreeHash& leaf);
  /// Behind the last line. corrupt: more lines were signed than there are, or the last of them with
  /// a key that isn't trusted or was retired; or a key signs since a line that isn't there.
  [[nodiscard]] Result<void> finish() const;

  /// nullopt: no line told the tree before the first one.
  [[nodiscard]] const std::optional<Frontier>& tree() const noexcept { return tree_; }
  [[nodiscard]] std::uint64_t matched() const noexcept { return matched_; }
  /// Of the largest checkpoint that fits.
  [[nodiscard]] std::uint64_t covered() const noexcept { return covered_; }
  [[nodiscard]] std::uint64_t untrusted() const noexcept { return untrusted_; }
  /// Of the first checkpoint of a stranger that covers more than one beside the log which is
  /// trusted: no key that was retired before signs there. 0: there is none.
  [[nodiscard]] std::uint64_t late_stranger() const noexcept { return late_stranger_; }
  /// Size of the largest checkpoint that was given and lies before the first line that is there:
  /// it could be held against nothing, whatever the others show. 0: there is none.
  [[nodiscard]] std::uint64_t passed_over() const noexcept { return passed_size_; }

 private:
  struct Known {
    Checkpoint checkpoint;
    SignedBy signer = SignedBy::trusted;
    bool given = false;  ///< and not found beside the log
  };
  [[nodiscard]] Result<void> begin(std::string_view line, const ParsedLine& parsed);
  [[nodiscard]] Result<void> compare_signed();
  void count(const Known& known);
  [[nodiscard]] Result<void> check_newest_key() const;

  std::vector<KeyPeriod> periods_;
  std::vector<Known> known_;  ///< by size
  std::string origin_;        ///< of the lines; empty: none was seen yet
  std::size_t next_ = 0;
  std::optional<Frontier> tree_;
  std::uint64_t lines_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t matched_ = 0;
  std::uint64_t covered_ = 0;
  std::uint64_t untrusted_ = 0;
  std::uint64_t untrusted_size_ = 0;  ///< of the largest of those
  std::uint64_t own_size_ = 0;        ///< of the largest beside the log that is trusted
  std::uint64_t late_stranger_ = 0;
  std::uint64_t given_size_ = 0;   ///< of the largest that was given and fits
  std::uint64_t passed_size_ = 0;  ///< of the largest that was given and can't be compared
  bool newest_signed_ = false;
};

}  // namespace coffer::audit
