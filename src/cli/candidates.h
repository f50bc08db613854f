// What in a text could be a secret's value: lines, strings, words, PEM blocks. No judgement here of
// what looks secret: the daemon knows its own values.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace coffer::cli {

inline constexpr std::size_t kLeastCandidate = 12;  ///< bytes; shorter values have no fingerprint
inline constexpr std::size_t kMostCandidate = std::size_t{64} << 10U;

/// `line` counts from 1. The view is valid during the call. The same text may come several times.
using TakeCandidate = std::function<void(std::string_view value, std::size_t line)>;

class BlockCandidates;

/// Of a text that comes in parts: the same ones wherever the parts end, and however long the text
/// is, little of it is kept.
class CandidateStream final {
 public:
  /// A longer line is looked through in parts of this length, each with the end of the one before:
  /// what has kMostCandidate bytes, with its quotes or blanks, is within one of them.
  static constexpr std::size_t kLongestLine = std::size_t{4} << 20U;

  /// `longest_line` is more than kMostBlock and 64 bytes; tests have short ones.
  explicit CandidateStream(TakeCandidate take, std::size_t longest_line = kLongestLine);
  ~CandidateStream();
  CandidateStream(const CandidateStream&) = delete;
  CandidateStream& operator=(const CandidateStream&) = delete;

  void add(std::string_view part);
  /// What is left; nothing comes after it.
  void finish();
  /// How many were looked through in parts.
  [[nodiscard]] std::size_t long_lines() const noexcept { return long_lines_; }

 private:
  void keep_whole(std::string_view part);
  void keep_line(std::string_view part);
  void end_line(std::string_view rest);
  void cut();
  void look(std::string_view text);

  const TakeCandidate take_;
  const std::size_t longest_line_;
  const std::unique_ptr<BlockCandidates> blocks_;
  std::string whole_;  ///< the text itself, while it could be a value
  std::size_t whole_line_ = 1;
  bool whole_too_long_ = false;
  std::string line_;  ///< what is there of a line that hasn't ended
  std::size_t number_ = 1;
  bool begins_ = true;  ///< line_ is the line's beginning
  std::size_t long_lines_ = 0;
};

/// Of a text that is there.
void each_candidate(std::string_view text, const TakeCandidate& take);

}  // namespace coffer::cli
