// The packets between cofferd and coffer-exec (docs/formats/exec-protocol.md).
#include "coffer/programs/control.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace coffer::programs {
namespace {

TEST(ControlFrames, AreTheWorkedExampleByteForByte) {
  EXPECT_EQ(
      to_hex(encode(Declare{
          {.name = "db", .path = "/p", .user = "app", .deadline = std::chrono::seconds(30)}})),
      "01000000026462000000022f70000000036170700000001e");
  EXPECT_EQ(to_hex(encode(Ready{})), "02");
  EXPECT_EQ(to_hex(encode(programs::Run{7})), "0300000007");
  EXPECT_EQ(to_hex(encode_verdict("no")), "000000026e6f");
}

TEST(ControlFrames, ComeBackAsTheyWere) {
  const Program program{
      .name = "db", .path = "/p", .user = "app", .deadline = std::chrono::seconds(30)};
  const auto declare = decode_order(encode(Declare{program}));
  ASSERT_TRUE(declare.ok());
  EXPECT_EQ(std::get<Declare>(*declare).program, program);
  EXPECT_EQ(std::get<programs::Run>(*decode_order(encode(programs::Run{7}))).program, 7U);
  EXPECT_TRUE(std::holds_alternative<Ready>(*decode_order(encode(Ready{}))));
  EXPECT_EQ(*decode_verdict(encode_verdict("no")), "no");
}

TEST(ControlFrames, EveryTruncationAndExtensionIsCorrupt) {
  for (Bytes frame :
       {encode(Declare{{.name = "db", .path = "/p", .user = "u"}}), encode(programs::Run{7})}) {
    for (std::size_t size = 0; size < frame.size(); ++size) {
      EXPECT_FALSE(decode_order(ByteView(frame).first(size)).ok()) << size;
    }
    frame.push_back(0);
    EXPECT_FALSE(decode_order(frame).ok());
  }
  EXPECT_FALSE(decode_order(Bytes{4}).ok());
}

TEST(ControlFrames, DescriptorsComeAlongAndAreClosedOnExec) {
  int ends[2] = {};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  const File ours(ends[0]);
  File theirs(ends[1]);
  int pipe_ends[2] = {};
  ASSERT_EQ(::pipe(pipe_ends), 0);
  File reads(pipe_ends[0]);
  File writes(pipe_ends[1]);
  const int files[] = {writes.get()};
  ASSERT_TRUE(send_frame(ours.get(), encode(programs::Run{1}), files).ok());
  writes.close();
  Bytes room(kMaxFrame);
  std::vector<File> received;
  const auto size = receive_frame(theirs.get(), room, received);
  ASSERT_TRUE(size.ok());
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(::write(received[0].get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(reads.get(), &byte, 1), 1);
  received.clear();
  EXPECT_EQ(::read(reads.get(), &byte, 1), 0) << "nobody else holds it";
  theirs.close();
  EXPECT_FALSE(send_frame(ours.get(), encode(Ready{})).ok());
}

}  // namespace
}  // namespace coffer::programs
