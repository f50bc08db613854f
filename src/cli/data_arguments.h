// What a write sends, from arguments: k=v, k=@file, k=- (standard input), k=? (asked for without
// echo), @file.json and - (JSON objects).
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/result.h"
#include "coffer/model/json_tree.h"

namespace coffer::cli {

/// Where values come from that don't stand on the command line.
struct DataSources {
  std::function<Result<std::string>()> standard_input;
  std::function<Result<std::string>(const std::string& path)> file;
  std::function<Result<std::string>(std::string_view key)> prompt;
};

struct Data {
  model::Json object;
  /// Keys whose names say that their values shouldn't have stood on the command line.
  std::vector<std::string> exposed_keys;
};

/// A key that comes twice becomes a list. `\@x` is the value "@x", `\-` and `\?` are "-" and "?".
/// Errors (invalid_argument, or what a source gives) name the key, never the value.
[[nodiscard]] Result<Data> read_data(std::span<const std::string> arguments,
                                     const DataSources& sources);

/// Whether a key's name is that of a secret: password, api_key, token and their kin.
[[nodiscard]] bool sounds_secret(std::string_view key);

}  // namespace coffer::cli
