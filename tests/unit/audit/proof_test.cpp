// Proofs that go to somebody without the log: what is proven, what isn't believed.
#include "coffer/audit/proof.h"

#include "coffer/audit/checkpointer.h"
#include "fakes/rsa_signer.h"
#include "fakes/soft_signer.h"
#include "log_kit.h"
#include "src/audit/line.h"
#include "src/audit/segments.h"

namespace coffer::audit::test {
namespace {

constexpr std::uint64_t kLines = 26;

/// A log of some segments, and its checkpoint at every size.
class ProofTest : public LogTest {
 protected:
  void SetUp() override {
    keys_.bare.push_back(to_bytes(signer_.public_key()));
    LogConfig small = config();
    small.segment_bytes = 1500;
    const auto log = *open_log(small, clock_);
    notes_.emplace_back();
    Frontier tree;
    for (std::uint64_t i = 0; log->next_sequence() <= kLines; ++i) {
      append(*log, {event("note")}, true);
    }
    const auto segments = *list_segments(directory_.path());
    for (const Segment& segment : segments) {
      for (const std::string& line : split(read_all(segment.path))) {
        lines_.push_back(line);
        EXPECT_TRUE(tree.append(*hash_leaf(line)).ok());
        notes_.push_back(*sign_checkpoint({log_origin(kNode), tree.size(), *tree.root()}, signer_));
      }
    }
  }
  [[nodiscard]] std::uint64_t size() const { return lines_.size(); }
  [[nodiscard]] const std::string& newest() const { return notes_.back(); }
  [[nodiscard]] Result<LineProof> prove(std::uint64_t line, std::uint64_t size) const {
    return prove_line(directory_.path(), line, notes_[size]);
  }

  [[nodiscard]] Checkpoint known(std::uint64_t size) const {
    if (size == 0) return {log_origin(kNode), 0, {}};
    return parse_checkpoint(notes_[size])->checkpoint;
  }
  /// How the log stands to what was signed of so many lines, or to other lines.
  [[nodiscard]] Result<Beginning> begins(std::uint64_t size, bool other = false) const {
    Checkpoint tree = known(size);
    if (other) tree.root[0] ^= 1U;
    return beginning_of(directory_.path(), tree, keys_);
  }

  fakes::SoftSigner signer_{7};
  TrustedKeys keys_;
  std::vector<std::string> lines_;  ///< all of them, in order
  std::vector<std::string> notes_;  ///< by size
};

TEST_F(ProofTest, EveryLineIsProvenUnderEveryCheckpointThatCoversIt) {
  for (std::uint64_t covered = 1; covered <= size(); ++covered) {
    for (std::uint64_t line = 1; line <= covered; ++line) {
      const auto proof = prove(line, covered);
      ASSERT_TRUE(proof.ok()) << describe(proof.error());
      EXPECT_EQ(proof->line, lines_[line - 1]);
      const auto checked = check(*proof, proof->line, keys_);
      ASSERT_TRUE(checked.ok()) << describe(checked.error());
      EXPECT_EQ(checked->size, covered);
    }
    EXPECT_EQ(prove(covered + 1, covered).error().code, ErrorCode::not_found);
    EXPECT_EQ(prove(0, covered).error().code, ErrorCode::not_found);
  }
}

TEST_F(ProofTest, NoOtherLineIsProvenByIt) {
  const auto proof = *prove(9, size());
  for (std::uint64_t line = 1; line <= size(); ++line) {
    EXPECT_EQ(check(proof, lines_[line - 1], keys_).ok(), line == 9) << line;
  }
}

TEST_F(ProofTest, TheBeginningIsProvenUnderEveryLaterCheckpoint) {
  for (std::uint64_t now = 1; now <= size(); ++now) {
    for (std::uint64_t before = 1; before <= now; ++before) {
      const auto proof = prove_growth(directory_.path(), before, notes_[now]);
      ASSERT_TRUE(proof.ok()) << describe(proof.error());
      EXPECT_TRUE(check(*proof, *parse_checkpoint(notes_[before]), keys_).ok());
    }
    EXPECT_FALSE(prove_growth(directory_.path(), now + 1, notes_[now]).ok());
  }
}

TEST_F(ProofTest, AForkIsNotTheBeginning) {
  Checkpoint other = parse_checkpoint(notes_[10])->checkpoint;
  other.root[3] ^= 1U;
  const auto forked = *parse_checkpoint(*sign_checkpoint(other, signer_));
  const auto proof = *prove_growth(directory_.path(), 10, newest());
  EXPECT_EQ(check(proof, forked, keys_).error().code, ErrorCode::corrupt);
  EXPECT_FALSE(check(proof, *parse_checkpoint(notes_[11]), keys_).ok()) << "of another size";
}

TEST_F(ProofTest, OfAnotherLogIsNotTheBeginning) {
  Checkpoint other = parse_checkpoint(notes_[10])->checkpoint;
  other.origin = log_origin(id_of(9));
  const auto theirs = *parse_checkpoint(*sign_checkpoint(other, signer_));
  const auto proof = *prove_growth(directory_.path(), 10, newest());
  EXPECT_NE(check(proof, theirs, keys_).error().text.find("different logs"), std::string::npos);
}

TEST_F(ProofTest, OnlyAKeyThatIsTrustedProves) {
  TrustedKeys others;
  others.bare.push_back(to_bytes(fakes::make_rsa_signer()->public_key()));
  const auto proof = *prove(3, size());
  EXPECT_EQ(check(proof, proof.line, others).error().code, ErrorCode::corrupt);
  EXPECT_EQ(check(proof, proof.line, {}).error().code, ErrorCode::corrupt);
}

TEST_F(ProofTest, AKeyThatWasRetiredByThenProvesNothing) {
  const std::string mine = to_text(*note_key(log_origin(kNode), signer_.public_key()));
  const fakes::SoftSigner next(8);
  const std::string theirs = to_text(*note_key(log_origin(kNode), next.public_key()));
  TrustedKeys kept;
  ASSERT_TRUE(add_keys(kept, mine + " since=1\n" + theirs + " since=10\n").ok());
  const auto early = *prove(3, 10);
  EXPECT_TRUE(check(early, early.line, kept).ok());
  const auto late = *prove(3, 11);
  EXPECT_NE(check(late, late.line, kept).error().text.find("retired"), std::string::npos);
}

TEST_F(ProofTest, AreReadAsTheyAreWritten) {
  const LineProof line = *prove(5, size());
  const std::string text = to_text(line);
  EXPECT_TRUE(text.starts_with("c2sp.org/tlog-proof@v1\nextra " + to_base64(as_bytes(line.line)) +
                               "\nindex 4\n" + to_base64(line.path[0]) + "\n"));
  EXPECT_TRUE(text.ends_with("\n\n" + newest()));
  const auto read = parse_line_proof(text);
  ASSERT_TRUE(read.ok()) << describe(read.error());
  EXPECT_EQ(to_text(*read), text);
  LineProof bare = line;
  bare.line.clear();
  EXPECT_EQ(to_text(*parse_line_proof(to_text(bare))), to_text(bare));
  const GrowthProof growth = *prove_growth(directory_.path(), 5, newest());
  EXPECT_TRUE(to_text(growth).starts_with("old 5\n"));
  EXPECT_EQ(to_text(*parse_growth_proof(to_text(growth))), to_text(growth));
}

TEST_F(ProofTest, WithoutAnEndAreNotRead) {
  const std::string line = to_text(*prove(5, size()));
  for (std::size_t cut = 0; cut < line.size(); ++cut) {
    EXPECT_FALSE(parse_line_proof(line.substr(0, cut)).ok()) << cut;
  }
  const std::string growth = to_text(*prove_growth(directory_.path(), 5, newest()));
  for (std::size_t cut = 0; cut < growth.size(); ++cut) {
    EXPECT_FALSE(parse_growth_proof(growth.substr(0, cut)).ok()) << cut;
  }
}

TEST_F(ProofTest, WithAnyByteChangedProveNothing) {
  const std::string text = to_text(*prove(5, size()));
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string bytes = text;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    const auto read = parse_line_proof(bytes);
    EXPECT_FALSE(read.ok() && check(*read, read->line, keys_).ok()) << at;
  }
  const std::string growth = to_text(*prove_growth(directory_.path(), 5, newest()));
  for (std::size_t at = 0; at < growth.size(); ++at) {
    std::string bytes = growth;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    const auto read = parse_growth_proof(bytes);
    EXPECT_FALSE(read.ok() && check(*read, *parse_checkpoint(notes_[5]), keys_).ok()) << at;
  }
}

TEST_F(ProofTest, WithTooManyHashesAreNotRead) {
  LineProof proof = *prove(5, size());
  proof.path.resize(kMaxProofPath);
  EXPECT_TRUE(parse_line_proof(to_text(proof)).ok());
  proof.path.emplace_back();
  EXPECT_FALSE(parse_line_proof(to_text(proof)).ok());
}

TEST_F(ProofTest, AreNotMadeOfALogThatIsNotTheOneThatWasSigned) {
  Checkpoint other = parse_checkpoint(newest())->checkpoint;
  other.root[0] ^= 1U;
  const std::string note = *sign_checkpoint(other, signer_);
  EXPECT_EQ(prove_line(directory_.path(), 5, note).error().code, ErrorCode::corrupt);
  EXPECT_EQ(prove_growth(directory_.path(), 5, note).error().code, ErrorCode::corrupt);
}

TEST_F(ProofTest, OfWhatWasArchivedAreNotMadeAndAllElseIs) {
  const auto segments = *list_segments(directory_.path());
  ASSERT_GT(segments.size(), 2U);
  std::filesystem::remove(segments[0].path);
  const std::uint64_t first = segments[1].first;
  std::uint64_t proven = 0;
  for (std::uint64_t line = 1; line <= size(); ++line) {
    const auto proof = prove(line, size());
    if (!proof.ok()) {
      EXPECT_EQ(proof.error().code, ErrorCode::not_found) << line;
      continue;
    }
    EXPECT_GE(line, first);
    EXPECT_TRUE(check(*proof, lines_[line - 1], keys_).ok());
    ++proven;
  }
  EXPECT_GT(proven, 0U);
  EXPECT_EQ(prove(2, first - 1).error().code, ErrorCode::not_found);
}

TEST_F(ProofTest, TheNewestCheckpointBesideTheLogIsFound) {
  EXPECT_EQ(newest_checkpoint(directory_.path()).error().code, ErrorCode::not_found);
  const std::string path = checkpoints_in(directory_.path(), 1).path;
  write_all(path, notes_[3] + "\n" + notes_[4] + "\n" + notes_[5].substr(0, 60));
  EXPECT_EQ(*newest_checkpoint(directory_.path()), notes_[4]);
}

TEST_F(ProofTest, TheLogBeginsWithEveryTreeThatItEverWas) {
  for (std::uint64_t was = 0; was <= size(); ++was) {
    EXPECT_EQ(*begins(was), Beginning::known) << was;
    if (was == 0) continue;
    EXPECT_EQ(*begins(was, true), Beginning::other) << was;
  }
}

TEST_F(ProofTest, ALogThatIsShorterThanItWasIsToldApart) {
  Checkpoint longer = known(size());
  ++longer.size;
  const auto told = beginning_of(directory_.path(), longer, keys_);
  ASSERT_FALSE(told.ok());
  EXPECT_EQ(told.error().code, ErrorCode::not_found);
  std::filesystem::remove_all(directory_.path());
  EXPECT_FALSE(begins(size()).ok());
}

TEST_F(ProofTest, WhatWasArchivedHasToBeCoveredByWhatWasSigned) {
  const auto segments = *list_segments(directory_.path());
  ASSERT_GE(segments.size(), 3U);
  std::filesystem::remove(segments[0].path);
  const std::uint64_t first = segments[1].first;
  // The line itself tells so much of them.
  EXPECT_EQ(*begins(first - 1), Beginning::known);
  EXPECT_EQ(*begins(first - 1, true), Beginning::other);
  EXPECT_EQ(*begins(size()), Beginning::known);
  EXPECT_EQ(*begins(size(), true), Beginning::other);
  // And of a part of them nothing.
  EXPECT_EQ(*begins(first - 2), Beginning::unfounded);
  const std::string beside = checkpoints_in(directory_.path(), first).path;
  write_all(beside, notes_[first + 1] + "\n");
  EXPECT_EQ(*begins(first - 2), Beginning::archived);
  const TrustedKeys strangers{.bare = {to_bytes(fakes::SoftSigner(8).public_key())}};
  EXPECT_EQ(*beginning_of(directory_.path(), known(2), strangers), Beginning::unfounded);
  std::filesystem::remove(beside);
  // A segment that nothing was signed in is covered by what was signed later.
  write_all(checkpoints_in(directory_.path(), segments[2].first).path, notes_[size()] + "\n");
  EXPECT_EQ(*begins(first - 2), Beginning::archived);
}

TEST_F(ProofTest, AnInventedPastIsCoveredByNothing) {
  const auto segments = *list_segments(directory_.path());
  const std::uint64_t first = segments[1].first;
  Frontier invented;
  for (std::uint64_t i = 1; i < first; ++i) {
    EXPECT_TRUE(invented.append(*hash_leaf("never written")).ok());
  }
  std::vector<std::string> lines = split(read_all(segments[1].path));
  const std::string tree = segment_line(clock_.wall(), invented).body;
  lines[0] = tree + lines[0].substr(lines[0].find(",\"node\":"));
  std::string text;
  for (const std::string& line : lines) text.append(line).append("\n");
  std::filesystem::remove(segments[0].path);
  write_all(segments[1].path, text);
  write_all(checkpoints_in(directory_.path(), first).path, notes_[first + 1] + "\n");
  EXPECT_EQ(*begins(first - 1), Beginning::other);
  EXPECT_EQ(*begins(first - 2), Beginning::unfounded);
}

}  // namespace
}  // namespace coffer::audit::test
