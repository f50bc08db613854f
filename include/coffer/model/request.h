// A request and its answer, as every room between the face and the engines sees them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/clock.h"
#include "coffer/base/uuid.h"
#include "coffer/model/fields.h"

namespace coffer::model {

/// `update` is what a write is called until the pipeline has asked the engine whether the thing
/// exists; then it may become `create`.
enum class Operation : std::uint8_t { read, list, create, update, patch, remove, help };
[[nodiscard]] std::string_view to_string(Operation operation) noexcept;  ///< Vault's words

struct Request {
  Uuid id;
  WallTime time;
  Operation operation = Operation::read;
  /// Canonical (see paths.h), without a leading slash; a list ends with one.
  std::string path;
  Fields fields;
};

enum class Outcome : std::uint8_t {
  ok,     ///< 200 with an envelope
  empty,  ///< 204
  gone,   ///< 404 with an envelope: a deleted version's metadata
  bare,   ///< `data` is the whole body; `status` is its HTTP status (sys/health and its kin)
};

struct Response {
  Outcome outcome = Outcome::ok;
  std::string data{};  ///< a JSON object as text; empty: null
  std::vector<std::string> warnings{};
  int status = 200;  ///< for `bare` alone
};

}  // namespace coffer::model
