#include "coffer/pkcs11/worker_protocol.h"

#include <gtest/gtest.h>

#include <set>

#include "worker_messages.h"

namespace coffer::pkcs11 {
namespace {

/// All three decoders; true if one takes it as what `name` says.
bool reads(const std::string& name, ByteView packet) {
  if (name.starts_with("order_")) return decode_supervisor_request(packet).ok();
  if (name.starts_with("reply_")) return decode_reply(packet).ok();
  return decode_request(packet).ok();
}

std::map<std::string, Bytes> encoded() {
  std::map<std::string, Bytes> all = worker_replies();
  for (const auto& [name, request] : worker_requests()) {
    const auto parts = encode(request);
    EXPECT_TRUE(parts.ok()) << name;
    if (parts.ok()) all[name] = joined(*parts);
  }
  for (const auto& [name, request] : supervisor_requests()) {
    const auto parts = encode(request);
    EXPECT_TRUE(parts.ok()) << name;
    if (parts.ok()) all[name] = joined(*parts);
  }
  return all;
}

TEST(WorkerProtocol, EveryMessageHasTheBytesOfItsFormat) {
  const auto golden = golden_frames();
  const auto now = encoded();
  EXPECT_EQ(golden.size(), now.size());
  for (const auto& [name, bytes] : now) {
    const auto wanted = golden.find(name);
    if (wanted == golden.end()) {
      ADD_FAILURE() << name << " = " << to_hex(bytes);
      continue;
    }
    EXPECT_EQ(to_hex(bytes), to_hex(wanted->second)) << name;
  }
}

/// What a decoder made of a message gives the same message again.
TEST(WorkerProtocol, EveryMessageIsReadAsItWasWritten) {
  for (const auto& [name, bytes] : golden_frames()) {
    if (name.starts_with("reply_")) continue;
    Bytes again;
    if (name.starts_with("order_")) {
      const auto request = decode_supervisor_request(bytes);
      ASSERT_TRUE(request.ok()) << name;
      again = joined(*encode(*request));
    } else {
      const auto request = decode_request(bytes);
      ASSERT_TRUE(request.ok()) << name;
      again = joined(*encode(*request));
    }
    EXPECT_EQ(to_hex(again), to_hex(bytes)) << name;
  }
}

TEST(WorkerProtocol, EveryTruncationAndAnExtraByteAreCorrupt) {
  const std::set<std::string> open_ended = {"reply_ok",   "reply_info",    "reply_kek",
                                            "reply_data", "reply_no_data", "reply_bytes"};
  for (const auto& [name, bytes] : golden_frames()) {
    // A good reply's body is as long as its packet: only its head can be too short.
    const std::size_t least = open_ended.contains(name) ? 9 : bytes.size();
    for (std::size_t size = 0; size < least; ++size) {
      EXPECT_FALSE(reads(name, ByteView(bytes).first(size))) << name << " cut to " << size;
    }
    Bytes longer = bytes;
    longer.push_back(0);
    EXPECT_EQ(reads(name, longer), open_ended.contains(name)) << name;
  }
}

TEST(WorkerProtocol, BodiesAreReadToTheirEnd) {
  const Bytes info = encode_info({"coffer", "SoftHSM project", "SoftHSM v2", "0f",
                                  PinTries::one_left, "softhsm", "2.6", "1.0", PinTries::locked});
  const Bytes kek = encode_kek({"rsa-oaep-sha256", {0x30, 0x03}});
  const auto read = decode_info(info);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->serial, "0f");
  EXPECT_EQ(decode_kek(kek)->public_key, (Bytes{0x30, 0x03}));
  for (std::size_t size = 0; size < info.size(); ++size) {
    EXPECT_FALSE(decode_info(ByteView(info).first(size)).ok()) << size;
  }
  EXPECT_EQ(read->firmware, "2.6");
  EXPECT_EQ(read->hardware, "1.0");
  EXPECT_EQ(read->pin_tries, PinTries::one_left);
  EXPECT_EQ(read->so_pin_tries, PinTries::locked);
  const std::vector<KeyAttribute> attributes = {{"CKA_LOCAL", "true"}, {"CKA_VALUE_LEN", "32"}};
  const Bytes listed = encode_attributes(attributes);
  EXPECT_EQ(*decode_attributes(listed), attributes);
  EXPECT_FALSE(decode_attributes(Bytes{65}).ok());
  for (std::size_t size = 0; size < listed.size(); ++size) {
    EXPECT_FALSE(decode_attributes(ByteView(listed).first(size)).ok()) << size;
  }
  const ListedKeys keys{.keys = {{Bytes{1, 2}, "coffer kek v1", true}, {{}, "", false}},
                        .more = true};
  const Bytes named = encode_listed(keys);
  EXPECT_EQ(decode_listed(named)->keys, keys.keys);
  EXPECT_TRUE(decode_listed(named)->more);
  for (std::size_t size = 0; size < named.size(); ++size) {
    EXPECT_FALSE(decode_listed(ByteView(named).first(size)).ok()) << size;
  }
  EXPECT_FALSE(decode_listed(Bytes{0, 1, 1}).ok());
  for (std::size_t size = 0; size < kek.size(); ++size) {
    EXPECT_FALSE(decode_kek(ByteView(kek).first(size)).ok()) << size;
  }
}

TEST(WorkerProtocol, NoDataAndEmptyDataAreTwoThings) {
  EXPECT_EQ(*decode_data(encode_data(std::nullopt)), std::nullopt);
  EXPECT_EQ(*decode_data(encode_data(Bytes{})), Bytes{});
  const Bytes longest(kMaxDataSize, 7);
  EXPECT_EQ(*decode_data(encode_data(longest)), longest);
  const Bytes longer(kMaxDataSize + 1, 7);
  for (const Bytes& wrong : {Bytes{}, Bytes{0, 1}, Bytes{2}, Bytes{255, 1}, encode_data(longer)}) {
    const auto read = decode_data(wrong);
    ASSERT_FALSE(read.ok()) << to_hex(wrong);
    EXPECT_EQ(read.error().code, ErrorCode::corrupt);
  }
}

TEST(WorkerProtocol, WhatIsOverItsLimitIsNotSent) {
  const Bytes long_key(kMaxKeyId + 1, 1);
  const Bytes long_data(kMaxCallData + 1, 1);
  const Bytes long_context(kMaxContext + 1, 1);
  const Bytes long_pin(kMaxPin + 1, 1);
  TokenConfig config = config_of_tests();
  config.uri.assign(kMaxConfigText + 1, 'x');
  const std::string long_label(kMaxKeyLabel + 1, 'l');
  const Message over[] = {Call{.verb = Verb::read_data, .label = long_label},
                          Call{.verb = Verb::write_data, .label = "a", .data = long_data},
                          Call{.verb = Verb::verify, .key = long_key},
                          Call{.verb = Verb::sign, .data = long_data},
                          Call{.verb = Verb::wrap, .context = long_context},
                          Opening{config_of_tests(), long_pin},
                          Opening{config, {}}};
  for (const Message& message : over) {
    const auto parts = encode(Request{1, message});
    ASSERT_FALSE(parts.ok()) << message.index();
    EXPECT_EQ(parts.error().code, ErrorCode::too_large);
  }
}

TEST(WorkerProtocol, AnUnknownVerbRoleOrStatusIsCorrupt) {
  for (int verb = 0; verb < 256; ++verb) {
    if (verb == 16 || verb == 24 || verb == 29) continue;
    // Id, verb, and no fields: none of the others is complete (29 has none).
    const Bytes packet = {0, 0, 0, 0, 0, 0, 0, 1, static_cast<std::uint8_t>(verb)};
    EXPECT_FALSE(decode_request(packet).ok()) << verb;
  }
  Bytes verify = golden_frames()["verify"];
  ASSERT_GT(verify.size(), 9U);
  for (const std::uint8_t role : Bytes{0, 3, 255}) {
    verify[9] = role;
    EXPECT_FALSE(decode_request(verify).ok()) << int{role};
  }
  Bytes error = golden_frames()["reply_error"];
  ASSERT_GT(error.size(), 8U);
  for (const std::uint8_t status : Bytes{15, 255}) {
    error[8] = status;
    EXPECT_FALSE(decode_reply(error).ok()) << int{status};
  }
}

TEST(WorkerProtocol, ErrorsKeepTheirCodeAndCantForgeLinesOfTheLog) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
    const auto reply =
        decode_reply(encode_error(9, make_error(static_cast<ErrorCode>(code),
                                                "a text\nforged: line", std::string(5000, 'c'))));
    ASSERT_TRUE(reply.ok() && reply->error);
    EXPECT_EQ(reply->error->code, static_cast<ErrorCode>(code));
    EXPECT_EQ(reply->error->text, "a text?forged: line");
    EXPECT_EQ(reply->error->cause.size(), kMaxErrorText);
  }
}

TEST(SupervisorProtocol, AVariableIsANameAndAValue) {
  for (const std::string& variable :
       {std::string("NOVALUE"), std::string("=value"), std::string("A=b\0c", 5)}) {
    const auto parts = encode(SupervisorRequest{1, Settings{.environment = {variable}}});
    ASSERT_TRUE(parts.ok());
    EXPECT_FALSE(decode_supervisor_request(joined(*parts)).ok());
  }
}

}  // namespace
}  // namespace coffer::pkcs11
