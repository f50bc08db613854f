// A request and its answer, as every room between the face and the engines sees them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coffer/base/clock.h"
#include "coffer/base/uuid.h"
#include "coffer/model/fields.h"

namespace coffer::model {

/// `update` is what a write is called until the pipeline has asked the engine whether the thing
/// exists; then it may become `create`.
/// `scan` is a list of everything below, not of one folder (OpenBao's word).
enum class Operation : std::uint8_t { read, list, scan, create, update, patch, remove, help };
[[nodiscard]] std::string_view to_string(Operation operation) noexcept;  ///< Vault's words

struct Request {
  Uuid id;
  WallTime time;
  Operation operation = Operation::read;
  /// Canonical (see paths.h), without a leading slash; a list ends with one.
  std::string path;
  Fields fields;
  std::optional<std::chrono::seconds> wrap_ttl{};  ///< the answer is to be wrapped
};

enum class Outcome : std::uint8_t {
  ok,     ///< `status` (200) with an envelope
  empty,  ///< 204
  gone,   ///< 404 with an envelope: a deleted version's metadata
  bare,   ///< `data` is the whole body; `status` is its HTTP status (sys/health and its kin)
};

/// A credential that an answer hands out: the member `auth` of Vault's envelope.
struct Auth {
  std::string client_token;  ///< secret
  std::string accessor;
  std::string display_name;
  std::vector<std::string> policies;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::chrono::seconds lease_duration{0};
  bool renewable = false;
  bool orphan = false;
  std::int64_t num_uses = 0;  ///< 0: without end
  std::string token_type;
};

struct Response {
  Outcome outcome = Outcome::ok;
  std::string data{};  ///< a JSON object as text; empty: null. `bare`: any text
  std::vector<std::string> warnings{};
  int status = 200;                        ///< for `bare` and `ok`
  std::string_view content_type{};         ///< for `bare` alone; empty: JSON. Static text
  bool repeat_data = false;                ///< data's members stand beside it too (sys/mounts, …)
  std::chrono::seconds lease_duration{0};  ///< KV version 1 tells its `ttl` here
  std::optional<Auth> auth{};
  /// Not empty: this is no answer yet. The request may be run again once this row of the store (its
  /// key there) has changed, and at the latest after `wait`.
  std::string until_changed{};
  std::chrono::seconds wait{0};
  std::string lease_id{};  ///< of what `data` hands out for `lease_duration`; no secret
  bool renewable = false;  ///< the lease
};

}  // namespace coffer::model
