// The log is signed while there is a key: when, where that stands, and what is said when it fails.
#include "coffer/audit/checkpointer.h"

#include "fakes/rsa_signer.h"
#include "fakes/soft_signer.h"
#include "faulty_file.h"
#include "log_kit.h"
#include "src/audit/segments.h"

namespace coffer::audit::test {
namespace {

using namespace std::chrono_literals;

/// Fails from the nth call on, so many times.
class FailingSigner final : public crypto::Signer {
 public:
  explicit FailingSigner(std::uint8_t number) : signer_(number) {}
  Result<Bytes> sign(ByteView message) override {
    ++calls;
    if (fail_from != 0 && calls >= fail_from && calls < fail_from + times) {
      return make_error(ErrorCode::unavailable, "the token is gone");
    }
    auto signature = signer_.sign(message);
    if (spoil) (*signature)[40] ^= 1U;
    return signature;
  }
  ByteView public_key() const override { return signer_.public_key(); }

  int calls = 0;
  int fail_from = 0;
  int times = 1 << 30;
  bool spoil = false;

 private:
  fakes::SoftSigner signer_;
};

class CheckpointerTest : public LogTest {
 protected:
  CheckpointerTest() { rules_ = {directory_.path(), kNode, Durability::crash, 60s, 0s}; }

  [[nodiscard]] std::unique_ptr<Checkpointer> make(Log& log) {
    return std::make_unique<Checkpointer>(
        log, clock_, rules_, [this] { return signer_; }, Checkpointer::Threads::none);
  }
  [[nodiscard]] std::vector<Checkpoint> signed_in(std::uint64_t first = 1) const {
    std::vector<Checkpoint> all;
    const std::string path = checkpoints_in(directory_.path(), first).path;
    if (!std::filesystem::exists(path)) return all;
    const std::string text = read_all(path);
    for (const auto note : split_notes(text)) all.push_back(parse_checkpoint(note)->checkpoint);
    return all;
  }
  [[nodiscard]] std::string signers() const { return read_all(directory_.path() + "/signers"); }
  [[nodiscard]] static std::string vkey(const crypto::Signer& signer) {
    return to_text(*note_key(log_origin(kNode), signer.public_key()));
  }
  [[nodiscard]] static TrustedKeys keys_of(std::initializer_list<const crypto::Signer*> signers) {
    TrustedKeys keys;
    for (const auto* signer : signers) keys.bare.push_back(to_bytes(signer->public_key()));
    return keys;
  }
  void expect_signed_whole(const TrustedKeys& keys) const {
    const auto seen = inspect_directory(directory_.path(), {}, keys);
    ASSERT_TRUE(seen.ok()) << describe(seen.error());
    ASSERT_FALSE(seen->flaw.has_value()) << seen->flaw->file << ": " << seen->flaw->what;
    EXPECT_EQ(seen->good.signed_lines, seen->good.last_sequence);
  }

  CheckpointConfig rules_;
  std::shared_ptr<FailingSigner> key_ = std::make_shared<FailingSigner>(std::uint8_t{7});
  std::shared_ptr<crypto::Signer> signer_ = key_;
};

TEST_F(CheckpointerTest, SignsWhatIsThereBesideTheSegment) {
  const auto log = open();
  const auto signing = make(*log);
  append(*log, {request(1), response(1)}, true);
  signing->round();
  const SyncedTree tree = *log->synced_tree();
  ASSERT_EQ(signed_in().size(), 1U);
  EXPECT_EQ(signed_in()[0], (Checkpoint{log_origin(kNode), tree.size, tree.root}));
  EXPECT_EQ(signers(), vkey(*key_) + " since=3\n");
  EXPECT_EQ(signing->status().signed_lines, 3U);
  EXPECT_EQ(signing->status().key, vkey(*key_));
  EXPECT_EQ(signing->status().signed_at, clock_.now);
  expect_signed_whole(keys_of({key_.get()}));
}

TEST_F(CheckpointerTest, SignsNothingTwiceWhileNothingChanges) {
  const auto log = open();
  const auto signing = make(*log);
  for (int i = 0; i < 5; ++i) signing->round();
  EXPECT_EQ(signed_in().size(), 1U);
  append(*log, {event("note")}, true);
  signing->round();
  EXPECT_EQ(signed_in().size(), 2U);
  EXPECT_EQ(signers(), vkey(*key_) + " since=1\n") << "one line a key";
}

TEST_F(CheckpointerTest, OfATokenWithRsaIsTheSame) {
  signer_ = fakes::make_rsa_signer();
  const auto log = open();
  const auto signing = make(*log);
  append(*log, {request(1), response(1)}, true);
  signing->round();
  ASSERT_EQ(signed_in().size(), 1U);
  expect_signed_whole(keys_of({signer_.get()}));
}

TEST_F(CheckpointerTest, SignsNoLineThatIsNotSynced) {
  LogConfig power = config();
  power.durability = Durability::power;
  const auto log = *open_log(power, clock_);
  const auto signing = make(*log);
  append(*log, {request(1), response(1)}, false);
  signing->round();
  EXPECT_EQ(signed_in().back().size, 1U);
  append(*log, {event("note")}, true);
  signing->round();
  EXPECT_EQ(signed_in().back().size, 4U);
}

TEST_F(CheckpointerTest, SignsNothingWhileTheVaultIsSealed) {
  signer_ = nullptr;
  const auto log = open();
  const auto signing = make(*log);
  append(*log, {event("note")}, true);
  clock_.now += 10min;
  signing->round();
  EXPECT_TRUE(signed_in().empty());
  EXPECT_EQ(log->next_sequence(), 3U) << "no heartbeat either";
  EXPECT_FALSE(signing->status().unsigned_since.has_value());
  signer_ = key_;
  signing->round();
  EXPECT_EQ(signed_in().back().size, 2U);
}

TEST_F(CheckpointerTest, ASilentLogGetsAHeartbeatThatIsSigned) {
  const auto log = open();
  const auto signing = make(*log);
  signing->round();
  clock_.now += 59s;
  signing->round();
  EXPECT_EQ(log->next_sequence(), 2U);
  clock_.now += 1s;
  signing->round();
  EXPECT_EQ(log->next_sequence(), 3U);
  EXPECT_NE(lines().back().find("\"type\":\"heartbeat\""), std::string::npos);
  EXPECT_EQ(signed_in().back().size, 2U);
  signing->round();
  EXPECT_EQ(log->next_sequence(), 3U) << "one a minute";
  expect_signed_whole(keys_of({key_.get()}));
}

TEST_F(CheckpointerTest, WithoutAHeartbeatSilenceStaysSilent) {
  rules_.heartbeat = 0s;
  const auto log = open();
  const auto signing = make(*log);
  signing->round();
  clock_.now += 24h;
  signing->round();
  EXPECT_EQ(log->next_sequence(), 2U);
}

TEST_F(CheckpointerTest, EverySegmentEndsWithACheckpointOfItsLastLine) {
  LogConfig small = config();
  small.segment_bytes = 1500;
  const auto log = *open_log(small, clock_);
  const auto signing = make(*log);
  for (std::uint64_t i = 0; i < 30; ++i) append(*log, {request(i), response(i)}, true);
  signing->round();
  const auto segments = *list_segments(directory_.path());
  ASSERT_GT(segments.size(), 3U);
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    const auto checkpoints = signed_in(segments[i].first);
    ASSERT_EQ(checkpoints.size(), 1U) << segments[i].name;
    EXPECT_EQ(checkpoints[0].size, segments[i + 1].first - 1);
  }
  EXPECT_EQ(signed_in(segments.back().first).back().size, log->next_sequence() - 1);
  expect_signed_whole(keys_of({key_.get()}));
}

/// Something happens between the two looks that a round takes at the log.
class LogBetweenLooks final : public Log {
 public:
  LogBetweenLooks(Log& log, std::function<void()> between)
      : log_(log), between_(std::move(between)) {}
  Result<void> append(std::span<const Line> lines, bool sync) override {
    return log_.append(lines, sync);
  }
  [[nodiscard]] std::uint64_t next_sequence() const override { return log_.next_sequence(); }
  [[nodiscard]] LogHead head() override { return log_.head(); }
  Result<SyncedTree> synced_tree() override {
    look();
    return log_.synced_tree();
  }
  std::vector<SyncedTree> take_segment_ends() override {
    look();
    return log_.take_segment_ends();
  }
  Result<void> check() override { return log_.check(); }

 private:
  void look() {
    if (++looks_ == 2) between_();
  }
  Log& log_;
  std::function<void()> between_;
  int looks_ = 0;
};

TEST_F(CheckpointerTest, ASegmentThatEndsWhileOthersAreSignedHasItsCheckpoint) {
  LogConfig small = config();
  small.segment_bytes = 1500;
  const auto log = *open_log(small, clock_);
  LogBetweenLooks busy(*log, [&] {
    for (std::uint8_t i = 1; i < 20; ++i) append(*log, {request(i), response(i)}, true);
  });
  const auto signing = make(busy);
  signing->round();
  signing->round();
  const auto segments = *list_segments(directory_.path());
  ASSERT_GT(segments.size(), 3U);
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    const auto checkpoints = signed_in(segments[i].first);
    ASSERT_FALSE(checkpoints.empty()) << segments[i].name;
    EXPECT_EQ(checkpoints.back().size, segments[i + 1].first - 1);
  }
  EXPECT_EQ(signed_in(segments.back().first).back().size, log->next_sequence() - 1);
  expect_signed_whole(keys_of({key_.get()}));
}

TEST_F(CheckpointerTest, ANewKeySignsAtOnceAndIsTold) {
  const auto log = open();
  const auto signing = make(*log);
  signing->round();
  const fakes::SoftSigner next(9);
  signer_ = std::make_shared<fakes::SoftSigner>(std::uint8_t{9});
  signing->round();
  EXPECT_EQ(signers(), vkey(*key_) + " since=1\n" + vkey(next) + " since=1\n");
  EXPECT_EQ(signed_in().size(), 2U);
  append(*log, {event("note")}, true);
  signing->round();
  signer_ = key_;
  signing->round();
  EXPECT_EQ(split(signers()).size(), 3U) << "a key that comes back is told again";
  expect_signed_whole(keys_of({key_.get(), &next}));
}

TEST_F(CheckpointerTest, AfterARestartGoesOnInTheSameFiles) {
  for (int i = 0; i < 3; ++i) {
    const auto log = open();
    const auto signing = make(*log);
    signing->round();
  }
  EXPECT_EQ(signed_in().size(), 3U);
  EXPECT_EQ(split(signers()).size(), 1U);
  expect_signed_whole(keys_of({key_.get()}));
}

TEST_F(CheckpointerTest, CutsATornNoteBeforeTheNext) {
  {
    const auto log = open();
    const auto signing = make(*log);
    signing->round();
  }
  const std::string path = checkpoints_in(directory_.path(), 1).path;
  const std::string whole = read_all(path);
  for (std::size_t torn = 1; torn < whole.size() - 2; torn += 7) {
    write_all(path, whole + whole.substr(0, torn));
    write_all(directory_.path() + "/signers", signers() + vkey(*key_).substr(0, 20));
    const auto log = open();
    const auto signing = make(*log);
    signing->round();
    EXPECT_EQ(signed_in().size(), 2U) << torn;
    EXPECT_EQ(split(signers()).size(), 1U);
    expect_signed_whole(keys_of({key_.get()}));
  }
}

TEST_F(CheckpointerTest, ATokenThatFailsIsToldAndTheLogGoesOn) {
  const auto log = open();
  const auto signing = make(*log);
  key_->fail_from = 1;
  key_->times = 3;
  signing->round();
  const WallTime since = clock_.now;
  EXPECT_EQ(signing->status().unsigned_since, since);
  EXPECT_EQ(signing->status().reason, "the token is gone");
  clock_.now += 30s;
  append(*log, {request(1), response(1)}, true);
  signing->round();
  EXPECT_EQ(signing->status().unsigned_since, since) << "since the first failure";
  EXPECT_FALSE(signing->status().refusing);
  EXPECT_TRUE(signed_in().empty());
  signing->round();
  signing->round();
  EXPECT_FALSE(signing->status().unsigned_since.has_value());
  EXPECT_EQ(signing->status().reason, "");
  EXPECT_EQ(signed_in().back().size, 3U) << "signed on return";
  expect_signed_whole(keys_of({key_.get()}));
}

TEST_F(CheckpointerTest, EveryFailureOfTheNthSignatureLeavesALogThatIsSignedInTheEnd) {
  LogConfig small = config();
  small.segment_bytes = 1500;
  for (int nth = 1; nth < 12; ++nth) {
    std::filesystem::remove_all(directory_.path());
    key_ = std::make_shared<FailingSigner>(std::uint8_t{7});
    key_->fail_from = nth;
    key_->times = 2;
    signer_ = key_;
    const auto log = *open_log(small, clock_);
    const auto signing = make(*log);
    for (std::uint64_t i = 0; i < 20; ++i) {
      append(*log, {request(i), response(i)}, true);
      if (i % 3 == 0) signing->round();
    }
    for (int i = 0; i < 3; ++i) signing->round();
    EXPECT_FALSE(signing->status().unsigned_since.has_value()) << nth;
    expect_signed_whole(keys_of({key_.get()}));
    const auto segments = *list_segments(directory_.path());
    for (const Segment& segment : segments) {
      EXPECT_FALSE(signed_in(segment.first).empty()) << segment.name;
    }
  }
}

TEST_F(CheckpointerTest, ASignatureThatDoesNotVerifyIsNotKept) {
  const auto log = open();
  const auto signing = make(*log);
  key_->spoil = true;
  signing->round();
  EXPECT_TRUE(signed_in().empty());
  EXPECT_TRUE(signing->status().unsigned_since.has_value());
  EXPECT_EQ(key_->calls, 2) << "it may have been a key that changed in between: once more";
}

TEST_F(CheckpointerTest, AfterTheConfiguredTimeRequestsAreRefused) {
  rules_.max_unsigned = 300s;
  const auto log = open();
  const auto signing = make(*log);
  key_->fail_from = 1;
  signing->round();
  clock_.now += 299s;
  signing->round();
  append(*log, {request(1)}, true);
  clock_.now += 1s;
  signing->round();
  EXPECT_TRUE(signing->status().refusing);
  const Line open_one[] = {request(2)};
  const auto refused = log->append(open_one, true);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_NE(refused.error().text.find("could not be signed for too long"), std::string::npos);
  append(*log, {response(1), event("note")}, true);  // what closes, and the daemon's own, is taken
  key_->times = 0;
  signing->round();
  EXPECT_FALSE(signing->status().refusing);
  append(*log, {request(3), response(3)}, true);
  signing->round();
  expect_signed_whole(keys_of({key_.get()}));
}

TEST_F(CheckpointerTest, WhileSealedNothingIsRefusedSoThatItCanBeUnsealed) {
  rules_.max_unsigned = 1s;
  const auto log = open();
  const auto signing = make(*log);
  key_->fail_from = 1;
  signing->round();
  clock_.now += 2s;
  signing->round();
  EXPECT_TRUE(signing->status().refusing);
  signer_ = nullptr;
  signing->round();
  EXPECT_FALSE(signing->status().refusing);
  append(*log, {request(1), response(1)}, true);
}

TEST_F(CheckpointerTest, AFileThatCannotBeWrittenIsTriedAgain) {
  const auto log = open();
  for (int nth = 1; nth < 4; ++nth) {
    Faults faults;
    faults.write = {nth, 1, "pwrite: ENOSPC"};
    faults.most_at_once = 50;
    faults.before_failure = 10;
    Checkpointer signing(
        *log, clock_, rules_, [this] { return signer_; }, Checkpointer::Threads::none,
        faulty(faults));
    append(*log, {event("note")}, true);
    signing.round();
    EXPECT_TRUE(signing.status().unsigned_since.has_value()) << nth;
    EXPECT_EQ(signing.status().reason, "the disk is full");
    signing.round();
    EXPECT_FALSE(signing.status().unsigned_since.has_value());
    expect_signed_whole(keys_of({key_.get()}));
  }
}

TEST_F(CheckpointerTest, ASyncThatFailsIsTriedAgain) {
  rules_.durability = Durability::power;
  const auto log = open();
  Faults faults;
  faults.sync = {1, 1, "fdatasync: EIO"};
  Checkpointer signing(
      *log, clock_, rules_, [this] { return signer_; }, Checkpointer::Threads::none,
      faulty(faults));
  signing.round();
  EXPECT_TRUE(signing.status().unsigned_since.has_value());
  signing.round();
  EXPECT_FALSE(signing.status().unsigned_since.has_value());
  expect_signed_whole(keys_of({key_.get()}));
}

/// The rest with its thread.
class CheckpointerThreadTest : public CheckpointerTest {
 protected:
  [[nodiscard]] std::unique_ptr<Checkpointer> start(Log& log) {
    return std::make_unique<Checkpointer>(log, clock_, rules_, [this]() {
      const MutexLock lock(mutex_);
      return signer_;
    });
  }
  void set(std::shared_ptr<crypto::Signer> signer) {
    const MutexLock lock(mutex_);
    signer_ = std::move(signer);
  }
  Mutex mutex_;
};

TEST_F(CheckpointerThreadTest, SignsALastTimeWhenItStops) {
  const auto log = open();
  {
    const auto signing = start(*log);
    append(*log, {event("stop")}, true);
  }
  EXPECT_EQ(signed_in().back().size, 2U);
  expect_signed_whole(keys_of({key_.get()}));
}

TEST_F(CheckpointerThreadTest, SignsALastTimeWhenTheVaultIsSealedAndLetsTheKeyGo) {
  const auto log = open();
  const auto signing = start(*log);
  append(*log, {event("note")}, true);
  set(nullptr);
  const std::weak_ptr<crypto::Signer> gone = key_;
  EXPECT_TRUE(signing->part(std::move(key_), 30s));
  EXPECT_TRUE(gone.expired());
  EXPECT_EQ(signed_in().back().size, 2U);
  append(*log, {event("note")}, true);
  EXPECT_EQ(signed_in().back().size, 2U);
}

/// True: it signed; false: a key that can't is waited for no longer.
TEST_F(CheckpointerThreadTest, TheKeyThatGoesSignsAllThatIsThereWhenAsked) {
  rules_.pause = 1h;
  const auto log = open();
  const auto signing = start(*log);
  for (const bool able : {true, true, false}) {
    if (!able) key_->fail_from = 1;
    if (!able) key_->times = 1000;
    append(*log, {event("note")}, true);
    EXPECT_EQ(signing->sign_now(30s), able);
    if (able) expect_signed_whole(keys_of({key_.get()}));
  }
}

/// It would look by itself only after an hour, which is longer than anyone waits here.
TEST_F(CheckpointerThreadTest, ANewKeyIsSeenAtOnce) {
  rules_.pause = 1h;
  CondVar told;
  std::string newest;
  rules_.on_signed = [&](const std::string& note) {
    const MutexLock lock(mutex_);
    newest = note;
    told.notify_all();
  };
  const auto log = open();
  const auto signing = start(*log);
  const auto key = std::make_shared<fakes::SoftSigner>(std::uint8_t{9});
  set(key);
  signing->look();
  const MutexLock lock(mutex_);
  const auto until = std::chrono::steady_clock::now() + 60s;
  const std::vector<NoteKey> keys = {*note_key(log_origin(kNode), key->public_key())};
  const auto by_it = [&] {
    const auto note = parse_checkpoint(newest);
    return note.ok() && verify_checkpoint(*note, keys).ok();
  };
  while (!by_it() && std::chrono::steady_clock::now() < until) told.wait_for(mutex_, 1s);
  EXPECT_TRUE(by_it());
}

}  // namespace
}  // namespace coffer::audit::test
