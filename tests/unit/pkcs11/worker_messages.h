// One of each message of the worker's and the supervisor's protocols, by the names under which
// tests/golden/worker/v2.txt holds their bytes.
#pragma once

#include <fstream>
#include <map>
#include <string>

#include "coffer/pkcs11/supervisor_protocol.h"

namespace coffer::pkcs11 {

inline Bytes joined(const Parts& parts) {
  Bytes packet;
  for (const ByteView part : parts.all()) packet.insert(packet.end(), part.begin(), part.end());
  return packet;
}

inline TokenConfig config_of_tests() {
  TokenConfig config;
  config.module_path = "/usr/lib/softhsm/libsofthsm2.so";
  config.uri = "pkcs11:token=coffer";
  config.max_sessions = 8;
  config.session_wait = std::chrono::milliseconds(1000);
  config.call_deadline = std::chrono::milliseconds(5000);
  config.sync_directory = "/var/lib/softhsm";
  config.accept_low_pin_count = true;
  config.profile = "auto";
  config.init_string = "x=y";
  config.accept_insecure_token = true;
  return config;
}

inline std::map<std::string, Request> worker_requests() {
  static const Bytes key = {0x01, 0x02};
  static const Bytes context = to_bytes(as_bytes("context"));
  static const Bytes data = to_bytes(as_bytes("data"));
  static const Bytes digest(32, 0x44);
  const Opening opening{config_of_tests(), as_bytes("123456")};
  const Initialising token{"/m.so", "label", "/d", as_bytes("so"), as_bytes("user")};
  return {
      {"hello", {1, Hello{}}},
      {"open", {2, opening}},
      {"initialise", {3, token}},
      {"info", {4, Call{.verb = Verb::info}}},
      {"generate",
       {5, Call{.verb = Verb::generate, .role = KeyRole::sign, .key = key, .label = "sign 1"}}},
      {"verify", {6, Call{.verb = Verb::verify, .role = KeyRole::kek, .key = key}}},
      {"destroy", {7, Call{.verb = Verb::destroy, .role = KeyRole::kek, .key = key}}},
      {"describe_kek", {8, Call{.verb = Verb::describe_kek, .key = key}}},
      {"wrap", {9, Call{.verb = Verb::wrap, .key = key, .context = context, .data = data}}},
      {"unwrap", {10, Call{.verb = Verb::unwrap, .key = key, .context = context, .data = data}}},
      {"sign", {11, Call{.verb = Verb::sign, .key = key, .data = digest}}},
      {"public_key", {12, Call{.verb = Verb::public_key, .key = key}}},
      {"read_data", {13, Call{.verb = Verb::read_data, .label = "a/0"}}},
      {"write_data", {14, Call{.verb = Verb::write_data, .label = "a/0", .data = data}}},
      {"attributes", {15, Call{.verb = Verb::attributes, .role = KeyRole::sign, .key = key}}},
      {"random", {0x0102030405060708, Call{.verb = Verb::random, .size = 32}}},
  };
}

inline std::map<std::string, SupervisorRequest> supervisor_requests() {
  const Settings settings{.confinement = Confinement::network,
                          .user = "coffer-token",
                          .uid = 990,
                          .gid = 991,
                          .environment = {"SOFTHSM2_CONF=/etc/softhsm2.conf"}};
  const Opening opening{config_of_tests(), as_bytes("123456")};
  const Initialising token{"/m.so", "label", "/d", as_bytes("so"), as_bytes("user")};
  return {
      {"order_settings", {1, settings}},     {"order_open", {2, OpenToken{7, opening}}},
      {"order_reopen", {3, ReopenToken{7}}}, {"order_forget", {4, ForgetToken{7}}},
      {"order_initialise", {5, token}},
  };
}

inline std::map<std::string, Bytes> worker_replies() {
  const auto with_body = [](std::uint64_t id, ByteView body) {
    Bytes packet = encode_ok(id);
    packet.insert(packet.end(), body.begin(), body.end());
    return packet;
  };
  const Error refused =
      make_error(ErrorCode::permission_denied, "wrong PIN", "C_Login: CKR_PIN_INCORRECT");
  return {
      {"reply_ok", encode_ok(6)},
      {"reply_error", encode_error(2, refused, LoginOutcome::refused)},
      {"reply_info", with_body(4, encode_info({"coffer", "SoftHSM project", "SoftHSM v2", "0f",
                                               PinTries::few, "softhsm"}))},
      {"reply_kek", with_body(8, encode_kek({"rsa-oaep-sha256", {0x30, 0x03}}))},
      {"reply_data", with_body(13, encode_data(to_bytes(as_bytes("data"))))},
      {"reply_no_data", with_body(13, encode_data(std::nullopt))},
      {"reply_bytes", with_body(9, as_bytes("wrapped"))},
  };
}

/// name = hex, a line each; `#` begins a comment.
inline std::map<std::string, Bytes> golden_frames() {
  std::map<std::string, Bytes> frames;
  std::ifstream file(std::string(COFFER_TEST_DATA) + "/golden/worker/v2.txt");
  for (std::string line; std::getline(file, line);) {
    const auto equals = line.find(" = ");
    if (line.starts_with('#') || equals == std::string::npos) continue;
    const auto bytes = from_hex(line.substr(equals + 3));
    if (bytes.ok()) frames[line.substr(0, equals)] = *bytes;
  }
  return frames;
}

}  // namespace coffer::pkcs11
