// Checkpoints given to witnesses: what they get, what they say, and a fork.
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <thread>

#include "coffer/audit/checkpointer.h"
#include "cosigner_kit.h"
#include "hanging_witness.h"
#include "witness_kit.h"

namespace coffer::audit::test {
namespace {

using namespace std::chrono_literals;

TEST_F(WitnessTest, GetsTheNewestCheckpointWithAProofFromTheOneBefore) {
  const auto witnesses = make();
  witnesses->round();
  EXPECT_TRUE(memory_.asked.empty()) << "nothing is signed yet";
  for (int i = 0; i < 6; ++i) {
    static_cast<void>(grow(3));
    witnesses->offer(grow(i));
    witnesses->round();
    ASSERT_EQ(witnesses->status()[0].trouble, "") << i;
    EXPECT_EQ(witnesses->status()[0].lines, memory_.known->size);
    EXPECT_EQ(witnesses->status()[0].at, clock_.now);
  }
  EXPECT_EQ(memory_.asked.size(), 6U) << "the size that it knows is remembered";
  EXPECT_TRUE(forks_.empty());
}

TEST_F(WitnessTest, GetsNothingTwice) {
  const auto witnesses = make();
  witnesses->offer(grow(3));
  for (int i = 0; i < 3; ++i) witnesses->round();
  EXPECT_EQ(memory_.asked.size(), 1U);
}

TEST_F(WitnessTest, AfterARestartItIsAskedWhatItKnows) {
  {
    const auto witnesses = make();
    witnesses->offer(grow(12));
    witnesses->round();
  }
  const auto witnesses = make();
  witnesses->offer(grow(30));
  witnesses->round();
  ASSERT_EQ(memory_.asked.size(), 3U);
  EXPECT_EQ(memory_.asked[1].old_size, 0U);
  EXPECT_GT(memory_.asked[2].old_size, 10U);
  EXPECT_FALSE(memory_.asked[2].path.empty());
  EXPECT_EQ(witnesses->status()[0].lines, memory_.known->size);
}

TEST_F(WitnessTest, OneThatCannotBeReachedIsTriedAgain) {
  const auto witnesses = make();
  memory_.fail_from = 1;
  witnesses->offer(grow(3));
  witnesses->round();
  EXPECT_EQ(witnesses->status()[0].trouble, "cannot reach the witness");
  EXPECT_EQ(witnesses->status()[0].lines, 0U);
  witnesses->round();
  EXPECT_EQ(witnesses->status()[0].trouble, "");
  EXPECT_EQ(witnesses->status()[0].lines, memory_.known->size);
}

TEST_F(WitnessTest, ALogThatWasWrittenAnewIsAForkAndIsToldOnce) {
  const std::string before = grow(12);
  {
    const auto witnesses = make();
    witnesses->offer(before);
    witnesses->round();
  }
  std::filesystem::remove_all(directory_.path());
  const auto witnesses = make();
  witnesses->offer(grow(40, "forged"));
  for (int i = 0; i < 3; ++i) witnesses->round();
  EXPECT_EQ(forks_, (std::vector<std::string>{"memory"}));
  EXPECT_TRUE(witnesses->status()[0].fork);
  EXPECT_EQ(memory_.known, parse_checkpoint(before)->checkpoint);
}

TEST_F(WitnessTest, AnotherLogOfTheSameSizeIsAFork) {
  {
    const auto witnesses = make();
    witnesses->offer(grow(12));
    witnesses->round();
  }
  memory_.known->root[0] ^= 1U;
  const auto witnesses = make();
  witnesses->offer(grow(0));
  witnesses->round();
  memory_.known->size = parse_checkpoint(memory_.asked.back().checkpoint)->checkpoint.size;
  const auto again = make();
  again->offer(memory_.asked.back().checkpoint);
  again->round();
  EXPECT_TRUE(again->status()[0].fork);
}

TEST_F(WitnessTest, AnOlderLogPutInPlaceOfANewerIsAFork) {
  const TemporaryDirectory kept;
  static_cast<void>(grow(12));
  std::filesystem::copy(directory_.path(), kept.path());
  {
    const auto witnesses = make();
    witnesses->offer(grow(40));
    witnesses->round();
  }
  std::filesystem::remove_all(directory_.path());
  std::filesystem::copy(kept.path(), directory_.path());
  const auto witnesses = make();
  witnesses->offer(grow(1));
  witnesses->round();
  EXPECT_EQ(forks_.size(), 1U);
  EXPECT_TRUE(witnesses->status()[0].fork);
}

TEST_F(WitnessTest, WhatItSignsIsKeptBesideTheLog) {
  const fakes::SoftSigner other(9);
  const std::string note = grow(3);
  const auto witnesses = make();
  memory_.signature = "\xE2\x80\x94 witness.example " + to_base64(Bytes(72, 1)) + "\n";
  witnesses->offer(note);
  witnesses->round();
  EXPECT_EQ(read_all(directory_.path() + "/cosigned"), note + memory_.signature);
  memory_.signature = "nonsense";
  witnesses->offer(grow(3));
  witnesses->round();
  EXPECT_EQ(read_all(directory_.path() + "/cosigned").find("nonsense"), std::string::npos);
  EXPECT_EQ(witnesses->status()[0].trouble, "the witness sent signatures that are none");
}

TEST_F(WitnessTest, OfAWitnessWhoseKeyIsKnownOnlyWhatVerifiesIsKept) {
  const Hand hand("witness.example/w1");
  const Hand other("witness.example/w2");
  memory_.key = hand.cosigner();
  const auto witnesses = make();
  const std::string note = grow(3);
  const std::string line = hand.sign(note, 1'767'225'600);
  memory_.signature = other.sign(note, 1) + line;
  witnesses->offer(note);
  witnesses->round();
  EXPECT_EQ(witnesses->status()[0].trouble, "");
  EXPECT_EQ(witnesses->status()[0].signed_by, "witness.example/w1");
  EXPECT_EQ(read_all(directory_.path() + "/cosigned"), note + line) << "not what others signed";
}

TEST_F(WitnessTest, ASignatureThatDoesNotVerifyIsTroubleAndNotKept) {
  const Hand hand("witness.example/w1");
  memory_.key = hand.cosigner();
  const auto witnesses = make();
  const std::string note = grow(3);
  const std::string later = grow(2);
  // Nothing, somebody else's, of another checkpoint, and one that says another time.
  std::string moved = hand.sign(note, 5);
  moved[moved.find(' ', 5) + 12] ^= 1;
  for (const std::string& bad :
       {std::string(), Hand("witness.example/w1").sign(note, 5), hand.sign(later, 5), moved}) {
    memory_.signature = bad;
    witnesses->offer(note);
    witnesses->round();
    EXPECT_NE(witnesses->status()[0].trouble, "") << bad;
    EXPECT_EQ(witnesses->status()[0].lines, 0U);
    EXPECT_FALSE(std::filesystem::exists(directory_.path() + "/cosigned"));
  }
  EXPECT_TRUE(forks_.empty());
  memory_.signature = hand.sign(note, 5);
  witnesses->round();
  EXPECT_EQ(witnesses->status()[0].trouble, "") << "the same checkpoint is asked for again";
  EXPECT_EQ(witnesses->status()[0].lines, memory_.known->size);
}

TEST_F(WitnessTest, WhatCannotBeKeptIsTrouble) {
  const auto witnesses = make();
  const std::string note = grow(3);
  memory_.signature = "\xE2\x80\x94 witness.example " + to_base64(Bytes(72, 1)) + "\n";
  std::filesystem::create_directory(directory_.path() + "/cosigned.new");
  witnesses->offer(note);
  witnesses->round();
  EXPECT_EQ(witnesses->status()[0].trouble, "cannot write the file cosigned beside the audit log");
}

TEST_F(WitnessTest, WhatIsInTheWayOfItsFileIsNeitherWaitedForNorWrittenThrough) {
  const auto witnesses = make();
  memory_.signature = "\xE2\x80\x94 witness.example " + to_base64(Bytes(72, 1)) + "\n";
  const std::string making = directory_.path() + "/cosigned.new";
  for (int i = 0; i < 2; ++i) {
    if (i == 0) {
      ASSERT_EQ(::mkfifo(making.c_str(), 0600), 0);
    } else {
      std::filesystem::create_symlink(directory_.path() + "/elsewhere", making);
    }
    witnesses->offer(grow(3));
    witnesses->round();
    EXPECT_EQ(witnesses->status()[0].trouble, "");
    EXPECT_TRUE(std::filesystem::is_regular_file(directory_.path() + "/cosigned"));
    EXPECT_FALSE(std::filesystem::exists(directory_.path() + "/elsewhere"));
  }
}

/// What a collector binds.
class Collector {
 public:
  Collector(const std::string& path, int type) : socket_(::socket(AF_UNIX, type, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
    const void* const at = &address;
    EXPECT_EQ(::bind(socket_, static_cast<const sockaddr*>(at), sizeof address), 0);
    if (type == SOCK_STREAM) {
      EXPECT_EQ(::listen(socket_, 4), 0);
    }
  }
  ~Collector() { ::close(socket_); }
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;
  [[nodiscard]] static std::string read(int from) {
    std::string text(65536, '\0');
    const ssize_t size = ::recv(from, text.data(), text.size(), MSG_DONTWAIT);
    text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return text;
  }
  [[nodiscard]] std::string datagram() const { return read(socket_); }
  [[nodiscard]] std::string stream() const {
    const int taken = ::accept(socket_, nullptr, nullptr);
    const std::string text = read(taken);
    ::close(taken);
    return text;
  }

 private:
  int socket_;
};

class SyslogTest : public WitnessTest {
 protected:
  [[nodiscard]] WitnessStatus given(const std::string& note) const {
    std::vector<std::unique_ptr<Witness>> all;
    all.push_back(make_syslog_witness(path_));
    Witnesses witnesses(
        directory_.path(), std::move(all), 60s, clock_, [](const std::string&) {},
        Witnesses::Threads::none);
    witnesses.offer(note);
    witnesses.round();
    return witnesses.status()[0];
  }
  void expect_line(std::string_view line, const std::string& note) const {
    const auto read = *parse_checkpoint(note);
    EXPECT_TRUE(line.starts_with("<85>")) << "authpriv, notice";
    const std::string wanted = "cofferd[" + std::to_string(::getpid()) + "]: checkpoint " +
                               read.checkpoint.origin + " " + std::to_string(read.checkpoint.size) +
                               " " + to_base64(read.checkpoint.root) + " " +
                               to_base64(read.signatures[0].bytes);
    EXPECT_TRUE(line.ends_with(wanted)) << line;
  }
  TemporaryDirectory elsewhere_;
  std::string path_ = elsewhere_.path() + "/log";
};

TEST_F(SyslogTest, ALineACheckpoint) {
  const Collector collector(path_, SOCK_DGRAM);
  const std::string note = grow(3);
  EXPECT_EQ(given(note).trouble, "");
  expect_line(collector.datagram(), note);
}

TEST_F(SyslogTest, ACollectorOfStreamsGetsItToo) {
  const Collector collector(path_, SOCK_STREAM);
  const std::string note = grow(3);
  EXPECT_EQ(given(note).trouble, "");
  const std::string got = collector.stream();
  ASSERT_TRUE(got.ends_with('\0'));
  expect_line(std::string_view(got).substr(0, got.size() - 1), note);
}

TEST_F(SyslogTest, NobodyWhoListensIsTrouble) {
  const WitnessStatus status = given(grow(3));
  EXPECT_EQ(status.trouble, "syslog doesn't take the checkpoint");
  EXPECT_EQ(status.lines, 0U);
  path_ = std::string(200, 'x');
  EXPECT_NE(given(grow(3)).trouble, "");
}

TEST_F(WitnessTest, OneThatFailsHoldsUpNoOther) {
  const TemporaryDirectory elsewhere;
  write_all(elsewhere.path() + "/kept", "");
  std::vector<std::unique_ptr<Witness>> all;
  all.push_back(std::make_unique<MemoryWitness>(memory_, "memory"));
  all.push_back(make_file_witness(elsewhere.path() + "/kept"));
  memory_.fail_from = 1;
  const auto witnesses = make(std::move(all));
  const std::string note = grow(3);
  witnesses->offer(note);
  witnesses->round();
  EXPECT_NE(witnesses->status()[0].trouble, "");
  EXPECT_EQ(witnesses->status()[1].trouble, "");
  EXPECT_EQ(read_all(elsewhere.path() + "/kept"), note + "\n");
}

TEST_F(WitnessTest, AFileIsAppendedToAndServesAsKnownCheckpoints) {
  const TemporaryDirectory elsewhere;
  const std::string path = elsewhere.path() + "/kept";
  write_all(path, "");
  const auto witnesses = make_file(path);
  for (int i = 0; i < 4; ++i) {
    witnesses->offer(grow(5));
    witnesses->round();
  }
  TrustedKeys keys;
  keys.bare.push_back(to_bytes(signer_.public_key()));
  std::vector<Checkpoint> known;
  ASSERT_TRUE(add_checkpoints(known, read_all(path), keys).ok());
  EXPECT_EQ(known.size(), 4U);
  std::filesystem::remove_all(directory_.path());
  static_cast<void>(grow(50, "forged"));
  EXPECT_TRUE(inspect_directory(directory_.path(), known)->flaw.has_value());
}

// The file can only grow, so what a full disk left of a note stays in it.
TEST_F(WitnessTest, ANoteThatCameToHalfSpoilsNoOther) {
  const TemporaryDirectory elsewhere;
  const std::string path = elsewhere.path() + "/kept";
  TrustedKeys keys;
  keys.bare.push_back(to_bytes(signer_.public_key()));
  const std::string first = grow(3);
  const std::string torn = grow(3);
  const std::string last = grow(3);
  for (std::size_t size = 0; size + 1 < torn.size(); size += 7) {
    write_all(path, first + "\n" + torn.substr(0, size));
    std::vector<Checkpoint> known;
    const auto unfinished = add_checkpoints(known, read_all(path), keys);
    EXPECT_TRUE(unfinished.ok()) << size << unfinished.error().text;
    const auto witnesses = make_file(path);
    witnesses->offer(last);
    witnesses->round();
    known.clear();
    const auto added = add_checkpoints(known, read_all(path), keys);
    ASSERT_TRUE(added.ok()) << size << added.error().text;
    ASSERT_EQ(known.size(), 2U) << size;
    EXPECT_GT(known[1].size, known[0].size);
    std::filesystem::remove_all(directory_.path() + "/witnesses");
  }
}

TEST_F(WitnessTest, AFileThatNobodyMadeOrThatIsALinkIsTrouble) {
  const TemporaryDirectory elsewhere;
  const auto absent = make_file(elsewhere.path() + "/absent");
  absent->offer(grow(3));
  absent->round();
  EXPECT_EQ(absent->status()[0].trouble, "cannot append to the witness file");
  EXPECT_FALSE(std::filesystem::exists(elsewhere.path() + "/absent"));
  write_all(elsewhere.path() + "/real", "");
  std::filesystem::create_symlink(elsewhere.path() + "/real", elsewhere.path() + "/link");
  const auto link = make_file(elsewhere.path() + "/link");
  link->offer(grow(3));
  link->round();
  EXPECT_NE(link->status()[0].trouble, "");
  const auto directory = make_file(elsewhere.path());
  directory->offer(grow(3));
  directory->round();
  EXPECT_NE(directory->status()[0].trouble, "");
}

TEST_F(WitnessTest, OneThatHangsIsNotWaitedForAtTheEnd) {
  std::atomic<int> asked = 0;
  std::vector<std::unique_ptr<Witness>> all;
  all.push_back(std::make_unique<HangingWitness>(asked));
  {
    Witnesses witnesses(directory_.path(), std::move(all), 0s, clock_, [](const std::string&) {});
    witnesses.offer(grow(3));
    while (asked == 0) std::this_thread::yield();
  }
  EXPECT_GE(asked, 1);
}

TEST_F(WitnessTest, TheLastOneIsGivenAtTheEnd) {
  {
    std::vector<std::unique_ptr<Witness>> all;
    all.push_back(std::make_unique<MemoryWitness>(memory_, "memory"));
    Witnesses witnesses(directory_.path(), std::move(all), 3600s, clock_,
                        [](const std::string&) {});
    witnesses.offer(grow(3));
  }
  EXPECT_TRUE(memory_.known.has_value());
}

TEST_F(WitnessTest, GetWhatTheCheckpointerSigns) {
  const auto witnesses = make();
  const auto log = open();
  const auto key = std::make_shared<fakes::SoftSigner>(std::uint8_t{7});
  Checkpointer signing(
      *log, clock_,
      {.directory = directory_.path(),
       .node = kNode,
       .durability = Durability::crash,
       .on_signed = [&](const std::string& note) { witnesses->offer(note); }},
      [&] { return key; }, Checkpointer::Threads::none);
  append(*log, {event("note")}, true);
  signing.round();
  witnesses->round();
  ASSERT_TRUE(memory_.known.has_value());
  EXPECT_EQ(memory_.known->size, 2U);
}

}  // namespace
}  // namespace coffer::audit::test
